#pragma once
// For this folder's tests: frames and messages of the newer generations.

#include <string>
#include <string_view>

#include "protocol/json.h"
#include "protocol/subscription/subscription.h"
#include "protocol/subscription/webpush_meta.h"
#include "roles/user_agent_ws/test_world.h"

namespace herald::roles::user_agent_ws::test {

inline constexpr std::string_view kChannel = "d9b74644-4f97-46aa-b8fa-9393985cd6cd";

inline protocol::subscription::ChannelId channel_id() {
  return *protocol::subscription::parse_channel_id(kChannel);
}

// A stored Web Push message for that device.
inline MessagePtr webpush_message(World& world, std::uint8_t device, std::string body = "sealed",
                                  Urgency urgency = Urgency::kNormal, bool transient = false) {
  Message message;
  message.kind = PayloadKind::kWebPush;
  message.app = protocol::subscription::app_of(world.user_agent(device), channel_id());
  message.meta =
      protocol::subscription::WebPushMeta{std::string(kChannel), body.empty() ? "" : "aes128gcm", "", ""}.encode();
  message.body = std::move(body);
  message.urgency = urgency;
  message.transient = transient;
  return world.store_message({device}, std::move(message));
}

inline MessagePtr version_message(World& world, std::uint8_t device, const std::string& channel,
                                  std::uint64_t version) {
  Message message;
  message.kind = PayloadKind::kSimplePush;
  message.app = protocol::subscription::app_of_simplepush(world.user_agent(device), channel);
  message.meta = protocol::subscription::SimplePushMeta{channel}.encode();
  message.body = std::to_string(version);
  return world.store_message({device}, std::move(message));
}

// A string member of a JSON object.
inline std::string member(const std::string& frame, std::string_view name) {
  const auto document = protocol::JsonDocument::parse(frame, 8);
  const auto value = document ? document->root().get(name) : std::nullopt;
  return value ? std::string(value->string().value_or(value->raw())) : std::string("<none>");
}

// How often `part` occurs.
inline std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

}  // namespace herald::roles::user_agent_ws::test
