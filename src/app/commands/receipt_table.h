#pragma once
// A receipt, or a server's status, as a table for a terminal.

#include <string>
#include <string_view>

#include "app/commands/terminal.h"
#include "base/result.h"

namespace herald::app {

struct ReceiptPage {
  std::string head;        // the message's own lines
  std::string deliveries;  // one line a device
  std::string next;        // cursor of the next page; empty: none
};

// kInvalid: it is no receipt.
[[nodiscard]] Result<ReceiptPage> receipt_page(std::string_view json, const Terminal& terminal);

// One page of a receipt subscription (docs/webpush.md, "Receipts"): a line a message in `deliveries`; `next` is the
// query of the next page, with '?'. kInvalid: it is none.
[[nodiscard]] Result<ReceiptPage> receipt_list_page(std::string_view json, const Terminal& terminal);

// Any JSON object as lines "key  value", nested ones indented; text that is no object as it is.
[[nodiscard]] std::string object_lines(std::string_view json, const Terminal& terminal);

}  // namespace herald::app
