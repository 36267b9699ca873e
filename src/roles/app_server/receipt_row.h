#pragma once
// A message's status as a receipt subscription shows it.

#include "ports/message_store.h"
#include "protocol/app_server/webpush/receipt.h"
#include "roles/app_server/push_context.h"

namespace herald::roles::app_server {

[[nodiscard]] protocol::webpush::ReceiptRow receipt_row(const PushContext& context, const ports::MessageStatus& status);
[[nodiscard]] protocol::webpush::Refusal bad_receipt_request(std::string message);
[[nodiscard]] protocol::webpush::Refusal unknown_receipt();

}  // namespace herald::roles::app_server
