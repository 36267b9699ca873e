// Any bytes as the body of a notification: an accepted one can be delivered as valid JSON, with the server's messageId
// and url and no other, and expires within the retention.

#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "protocol/app_server/notify/notify.h"
#include "protocol/json.h"
#include "protocol/user_agent/flow2012/frame.h"

namespace {

using herald::protocol::JsonDocument;

constexpr herald::WallTime kNow{1'700'000'000'000};

void check_delivery(const herald::protocol::notify::Notification& notification, const herald::Limits& limits) {
  herald::Message message;
  message.body = notification.body;
  const std::string frame = herald::protocol::flow2012::delivery_frame(message, "http://h/notify/x");
  const auto document = JsonDocument::parse(frame, limits.json_depth_max + 1);
  HERALD_CHECK(document.has_value(), "a delivery is JSON without a key twice");
  const auto delivered = document->root().elements();
  HERALD_CHECK(delivered.size() == 1, "a delivery frame holds one object");
  HERALD_CHECK(delivered[0].get("messageId")->string() == message.id.hex(), "the message id is the server's");
  const auto text = *delivered[0].get("message");
  HERALD_CHECK(text.string().value_or(text.raw()) == notification.signed_bytes, "the device gets what was signed");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const herald::Limits limits;
  const auto notification = herald::protocol::notify::parse_notification(body, kNow, limits);
  if (!notification) {
    HERALD_CHECK(notification.error().status == 400 || notification.error().status == 413, "a rejection has a status");
    return 0;
  }
  HERALD_CHECK(notification->expires_at <= kNow + std::chrono::seconds(limits.retention_s), "the retention bounds");
  HERALD_CHECK(notification->signed_bytes.size() <= limits.message_max_bytes, "a message keeps its limit");
  HERALD_CHECK(notification->id.size() <= limits.sender_id_max_bytes, "an id keeps its limit");
  check_delivery(*notification, limits);
  (void)herald::protocol::notify::check_signature(*notification, herald::App{}, 2048);
  return 0;
}
