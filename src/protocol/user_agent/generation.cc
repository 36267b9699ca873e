#include "protocol/user_agent/generation.h"

#include <algorithm>
#include <array>

#include "protocol/json.h"

namespace herald::protocol {

namespace {

constexpr std::array<std::string_view, 4> kFlow2012Types = {"registerUA", "registerWA", "unregisterWA",
                                                            "getAllMessages"};

bool is_flow2012(const JsonValue& frame, std::string_view message_type) {
  if (frame.get("command") || frame.get("data")) return true;
  if (std::ranges::find(kFlow2012Types, message_type) != kFlow2012Types.end()) return true;
  return message_type == "ack" && frame.get("messageId");
}

bool is_simplepush_hello(const JsonValue& frame, bool subprotocol) {
  const auto use_webpush = frame.get("use_webpush");
  if (use_webpush && use_webpush->boolean() == true) return false;
  if (subprotocol) return true;
  const auto channels = frame.get("channelIDs");
  return (channels && channels->type() == JsonType::kArray) || frame.get("wakeup_hostport");
}

}  // namespace

FirstFrame sort_first_frame(std::string_view text, bool subprotocol, const Limits& limits) {
  const auto document = JsonDocument::parse(text, limits.json_depth_max);
  if (!document || !document->root().is_object()) return FirstFrame::kUnreadable;
  const JsonValue frame = document->root();
  const auto type_value = frame.get("messageType");
  const std::string_view message_type = type_value ? type_value->string().value_or("") : "";
  if (message_type == "hello") {
    return is_simplepush_hello(frame, subprotocol) ? FirstFrame::kSimplePush : FirstFrame::kWebPush;
  }
  return is_flow2012(frame, message_type) ? FirstFrame::kFlow2012 : FirstFrame::kWebPush;
}

}  // namespace herald::protocol
