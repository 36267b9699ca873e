#include "roles/app_server/receipt_row.h"

#include <utility>

namespace herald::roles::app_server {

namespace {

// A subscription that ended before its message was routed leaves nobody to ack it.
DeliveryState state_of(const ports::MessageStatus& status) {
  const bool nobody = status.state == DeliveryState::kAcked && status.recipients == 0;
  return nobody ? DeliveryState::kDropped : status.state;
}

}  // namespace

protocol::webpush::ReceiptRow receipt_row(const PushContext& context, const ports::MessageStatus& status) {
  const auto path = context.tokens.path_of(protocol::subscription::MessageName{status.app, status.id});
  return {context.url_of(path), state_of(status), status.accepted_at, status.expires_at, status.ended_at};
}

protocol::webpush::Refusal bad_receipt_request(std::string message) {
  return {400, std::nullopt, std::move(message), "receipt", std::nullopt};
}

protocol::webpush::Refusal unknown_receipt() {
  return {404, protocol::webpush::Errno::kBadEndpoint, "No such receipt subscription", "receipt", std::nullopt};
}

}  // namespace herald::roles::app_server
