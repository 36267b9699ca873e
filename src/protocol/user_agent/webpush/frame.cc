#include "protocol/user_agent/webpush/frame.h"

#include <array>

#include "base/crypto_p256.h"
#include "protocol/json.h"
#include "protocol/user_agent/webpush/urgency_word.h"

namespace herald::protocol::webpush {

namespace {

using Parsed = std::expected<Request, Rejection>;
using subscription::ChannelId;

Parsed not_json() {
  return std::unexpected(Rejection{"Json", "not_json"});
}
Parsed unknown_message_type() {
  return std::unexpected(Rejection{"Json", "unknown_message_type"});
}
Parsed malformed() {
  return std::unexpected(Rejection{"Json", "malformed"});
}

std::optional<std::string_view> string_of(const JsonValue& object, std::string_view key) {
  const auto member = object.get(key);
  return member ? member->string() : std::nullopt;
}

std::int64_t integer_of(const JsonValue& object, std::string_view key, std::int64_t otherwise) {
  const auto member = object.get(key);
  return member ? member->integer().value_or(0) : otherwise;
}

// An object of strings; absent or null is an empty one. nullopt: anything else.
std::optional<BroadcastVersions> read_broadcasts(const JsonValue& frame) {
  BroadcastVersions versions;
  const auto value = frame.get("broadcasts");
  if (!value || value->type() == JsonType::kNull) return versions;
  if (!value->is_object()) return std::nullopt;
  for (const auto& [id, version] : value->members()) {
    const auto text = version.string();
    if (!text) return std::nullopt;
    versions.emplace_back(id, *text);
  }
  return versions;
}

Parsed read_hello(const JsonValue& frame) {
  auto broadcasts = read_broadcasts(frame);
  if (!broadcasts) return malformed();
  return Hello{std::string(string_of(frame, "uaid").value_or("")), *std::move(broadcasts)};
}

std::optional<subscription::VapidKeyHash> hash_vapid_key(std::string_view base64url) {
  const auto point = from_base64url(base64url);
  if (!point || !P256PublicKey::from_point(*point)) return std::nullopt;
  return sha256(*point);
}

Parsed read_register(const JsonValue& frame) {
  const auto text = string_of(frame, "channelID");
  if (!text) return malformed();
  const auto channel = subscription::parse_channel_id(*text);
  // Clients match replies by the very text, so a UUID in another spelling than that of replies is refused.
  if (!channel || subscription::channel_text(*channel) != *text) {
    return std::unexpected(Rejection{"SM", "bad_channel"});
  }
  Register request{*channel, std::nullopt, false};
  const auto key = frame.get("key");
  if (!key || key->type() == JsonType::kNull) return request;
  request.key = hash_vapid_key(key->string().value_or(""));
  request.bad_key = !request.key;
  return request;
}

Parsed read_unregister(const JsonValue& frame) {
  const auto channel = subscription::parse_channel_id(string_of(frame, "channelID").value_or(""));
  if (!channel) return malformed();
  return Unregister{*channel, integer_of(frame, "code", 0)};
}

Parsed read_ack(const JsonValue& frame) {
  const auto updates = frame.get("updates");
  if (!updates || updates->type() != JsonType::kArray) return malformed();
  Ack request;
  for (const JsonValue& update : updates->elements()) {
    const auto version = string_of(update, "version");
    if (!version || !subscription::parse_channel_id(string_of(update, "channelID").value_or(""))) return malformed();
    const auto message = MessageId::from_hex(*version);
    request.updates.push_back({message ? std::optional(*message) : std::nullopt, integer_of(update, "code", 100)});
  }
  return request;
}

Parsed read_nack(const JsonValue& frame) {
  const auto version = string_of(frame, "version");
  if (!version) return malformed();
  const auto message = MessageId::from_hex(*version);
  return Nack{message ? std::optional(*message) : std::nullopt, integer_of(frame, "code", 0)};
}

Parsed read_ping(const JsonValue& /*frame*/) {
  return Ping{};
}

Parsed read_broadcast_subscribe(const JsonValue& frame) {
  auto broadcasts = read_broadcasts(frame);
  if (!broadcasts) return malformed();
  return BroadcastSubscribe{*std::move(broadcasts)};
}

Parsed read_urgency(const JsonValue& frame) {
  const auto word = string_of(frame, "min").value_or("");
  for (const Urgency urgency : {Urgency::kVeryLow, Urgency::kLow, Urgency::kNormal, Urgency::kHigh}) {
    if (word == urgency_word(urgency)) return SetUrgency{urgency};
  }
  return SetUrgency{};
}

struct Type {
  std::string_view name;
  Parsed (*read)(const JsonValue& frame);
};

constexpr std::array kTypes = {Type{"hello", read_hello},
                               Type{"register", read_register},
                               Type{"unregister", read_unregister},
                               Type{"ack", read_ack},
                               Type{"nack", read_nack},
                               Type{"ping", read_ping},
                               Type{"urgency", read_urgency},
                               Type{"broadcast_subscribe", read_broadcast_subscribe}};

}  // namespace

Parsed parse_frame(std::string_view text, const Limits& limits) {
  const auto document = JsonDocument::parse(text, limits.json_depth_max);
  if (!document || !document->root().is_object()) return not_json();
  const JsonValue frame = document->root();
  const auto message_type = frame.get("messageType");
  if (!message_type) return frame.members().empty() ? Parsed(Ping{}) : unknown_message_type();
  const auto name = message_type->string();
  for (const Type& type : kTypes) {
    if (name == type.name) return type.read(frame);
  }
  return unknown_message_type();
}

}  // namespace herald::protocol::webpush
