#pragma once
// What a receipt subscription answers (docs/webpush.md, "Receipts"): RFC 8030 §6.3 without HTTP/2 push.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "domain/delivery.h"
#include "domain/ids.h"
#include "domain/message.h"

namespace herald::protocol::webpush {

struct ReceiptRow {
  std::string location;  // the message's URL
  DeliveryState state = DeliveryState::kPending;
  WallTime accepted_at;
  WallTime expires_at;
  WallTime ended_at;  // 0: not ended
};

// The status that RFC 8030 §6.3 gives a receipt: 204 acked by the device, 410 given up; 0: nothing to tell yet.
[[nodiscard]] int receipt_status(DeliveryState state);

// {"messages":[{"location","state","status":204|410|null,"acceptedAt","expiresAt","endedAt"?}],"next"?}; times are RFC
// 3339, UTC. `next`: the URL of the next page; empty: this is the last.
[[nodiscard]] std::string receipt_list_body(const std::vector<ReceiptRow>& rows, std::string_view next);

// Appends a server-sent event (HTML, "Server-sent events", §9.2.6): "id" unless it is empty, "event" "delivered" if the
// device has acked the message, else the state's name, and as "data" a row of receipt_list_body().
void append_receipt_event(std::string& out, const ReceiptRow& row, std::string_view id);

}  // namespace herald::protocol::webpush
