#include "protocol/app_server/unifiedpush/matrix.h"

#include "base/json_string.h"
#include "protocol/json.h"

namespace herald::protocol::unifiedpush {

namespace {

using webpush::Refusal;

std::unexpected<Refusal> refuse(std::string message) {
  return std::unexpected(Refusal{400, std::nullopt, std::move(message), "matrix", std::nullopt});
}

std::expected<std::vector<std::string>, Refusal> read_pushkeys(const std::optional<JsonValue>& devices) {
  if (!devices || devices->type() != JsonType::kArray) return refuse("notification.devices is missing");
  const auto elements = devices->elements();
  if (elements.empty()) return refuse("notification.devices is empty");
  if (elements.size() > kDevicesMost) return refuse("notification.devices has too many devices");
  std::vector<std::string> pushkeys;
  for (const auto& device : elements) {
    const auto pushkey = device.get("pushkey");
    const auto text = pushkey ? pushkey->string() : std::nullopt;
    if (!text || text->empty()) return refuse("a device has no pushkey");
    pushkeys.emplace_back(*text);
  }
  return pushkeys;
}

std::string without_devices(const JsonValue& notification) {
  std::string out = R"({"notification":{)";
  bool first = true;
  for (const auto& [name, value] : notification.members()) {
    if (name == "devices") continue;
    if (!first) out.push_back(',');
    first = false;
    append_json_string(out, name);
    out.append(":").append(value.raw());
  }
  return out + "}}";
}

}  // namespace

std::expected<MatrixNotification, Refusal> parse_matrix(std::string_view body, const Limits& limits) {
  const auto document = JsonDocument::parse(body, limits.json_depth_max);
  if (!document) return refuse("the body is not JSON");
  const auto notification = document->root().get("notification");
  if (!notification || !notification->is_object()) return refuse("notification is missing");
  auto pushkeys = read_pushkeys(notification->get("devices"));
  if (!pushkeys) return std::unexpected(std::move(pushkeys.error()));
  MatrixNotification out;
  out.pushkeys = std::move(*pushkeys);
  const auto priority = notification->get("prio");
  if (priority && priority->string() != "high") out.urgency = Urgency::kLow;
  out.body = without_devices(*notification);
  if (out.body.size() > limits.webpush_message_max_bytes) {
    return std::unexpected(Refusal{413, webpush::Errno::kTooLarge, "the notification is too large for a push message",
                                   "message_too_big", std::nullopt});
  }
  return out;
}

std::string rejected_body(const std::vector<std::string>& rejected) {
  std::string out = R"({"rejected":[)";
  for (const auto& pushkey : rejected) {
    if (&pushkey != &rejected.front()) out.push_back(',');
    append_json_string(out, pushkey);
  }
  return out + "]}";
}

std::string_view gateway_discovery() {
  return R"({"unifiedpush":{"gateway":"matrix"}})";
}

std::string_view endpoint_discovery() {
  return R"({"unifiedpush":{"version":1}})";
}

}  // namespace herald::protocol::unifiedpush
