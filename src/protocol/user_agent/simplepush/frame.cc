#include "protocol/user_agent/simplepush/frame.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "base/ip_literal.h"
#include "protocol/json.h"
#include "protocol/subscription/subscription.h"

namespace herald::protocol::simplepush {

namespace {

using Parsed = std::expected<Request, Rejection>;

constexpr std::int64_t kPortMost = 65534;  // the servers of that time refused 65535

std::optional<std::string_view> string_of(const JsonValue& object, std::string_view key) {
  const auto member = object.get(key);
  return member ? member->string() : std::nullopt;
}

// A whole number, or a string of decimal digits.
std::optional<std::int64_t> number_of(const std::optional<JsonValue>& value) {
  if (!value) return std::nullopt;
  const auto text = value->string();
  if (!text) return value->integer();
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
  return number;
}

std::optional<std::uint64_t> version_of(const JsonValue& update) {
  const auto version = number_of(update.get("version"));
  if (!version || *version < 0 || *version >= static_cast<std::int64_t>(kVersionEnd)) return std::nullopt;
  return static_cast<std::uint64_t>(*version);
}

std::string error_reply(std::string_view type, std::string_view status_and_reason) {
  return R"({"messageType":")" + std::string(type) + R"(",)" + std::string(status_and_reason) + "}";
}

constexpr std::string_view kBadChannel = R"("status":457,"reason":"Not valid channelID sent")";

Parsed bad_channel(std::string_view type) {
  return std::unexpected(Rejection{error_reply(type, kBadChannel), "bad_channel"});
}

std::optional<std::vector<std::string>> read_channels(const JsonValue& frame) {
  const auto value = frame.get("channelIDs");
  if (!value || value->type() != JsonType::kArray) return std::nullopt;
  std::set<std::string_view> seen;
  std::vector<std::string> channels;
  for (const JsonValue& element : value->elements()) {
    const auto channel = element.string();
    if (!channel || !subscription::is_simplepush_channel(*channel) || !seen.insert(*channel).second) continue;
    channels.emplace_back(*channel);
  }
  return channels;
}

std::optional<WakeInterface> read_wake(const JsonValue& frame) {
  const auto host = frame.get("wakeup_hostport");
  const auto network = frame.get("mobilenetwork");
  if (!host || !network || !number_of(network->get("mcc")) || !number_of(network->get("mnc"))) return std::nullopt;
  const auto ip = canonical_ip(string_of(*host, "ip").value_or(""));
  const auto port = number_of(host->get("port"));
  if (!ip || !port || *port < 1 || *port > kPortMost) return std::nullopt;
  return WakeInterface{*ip, static_cast<std::uint16_t>(*port)};
}

Parsed read_ack(const JsonValue& frame) {
  const auto updates = frame.get("updates");
  if (!updates || updates->type() != JsonType::kArray) return bad_channel("ack");
  Ack request;
  for (const JsonValue& element : updates->elements()) {
    const auto channel = string_of(element, "channelID");
    const auto version = version_of(element);
    if (channel && version) {
      request.updates.push_back({std::string(*channel), *version});
      continue;
    }
    std::string echo(kBadChannel);
    for (const auto* key : {"channelID", "version"}) {
      if (const auto member = element.get(key)) echo += ",\"" + std::string(key) + "\":" + std::string(member->raw());
    }
    request.refusals.push_back(error_reply("ack", echo));
  }
  return request;
}

// The channel of a request; empty if it names none that can be one.
std::string channel_of(const JsonValue& frame) {
  const auto channel = string_of(frame, "channelID");
  return channel && subscription::is_simplepush_channel(*channel) ? std::string(*channel) : std::string();
}

}  // namespace

Parsed parse_frame(std::string_view text, const Limits& limits) {
  const auto document = JsonDocument::parse(text, limits.json_depth_max);
  if (!document || !document->root().is_object()) {
    return std::unexpected(
        Rejection{R"({"status":450,"reason":"Data received is not a valid JSON package"})", "not_json"});
  }
  const JsonValue frame = document->root();
  const auto message_type = frame.get("messageType");
  if (!message_type) return Ping{};
  const auto type = message_type->string().value_or("");
  if (type == "ping") return Ping{};
  if (type == "ack") return read_ack(frame);
  if (type == "hello") {
    return Hello{std::string(string_of(frame, "uaid").value_or("")), read_channels(frame), read_wake(frame)};
  }
  const std::string channel = channel_of(frame);
  if (type == "register") return channel.empty() ? bad_channel(type) : Register{channel};
  if (type == "unregister") return channel.empty() ? bad_channel(type) : Unregister{channel};
  return std::unexpected(Rejection{R"({"status":405,"reason":"messageType not recognized"})", "unknown_message_type"});
}

}  // namespace herald::protocol::simplepush
