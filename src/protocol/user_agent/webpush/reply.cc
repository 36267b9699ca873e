#include "base/check.h"
#include "base/encoding.h"
#include "base/json_string.h"
#include "protocol/json.h"
#include "protocol/subscription/webpush_meta.h"
#include "protocol/user_agent/webpush/frame.h"
#include "protocol/user_agent/webpush/urgency_word.h"

namespace herald::protocol::webpush {

namespace {

void append_member(std::string& out, std::string_view key, std::string_view value) {
  if (out.back() != '{') out += ',';
  append_json_string(out, key);
  out += ':';
  append_json_string(out, value);
}

std::string begin(std::string_view message_type) {
  std::string out = "{";
  append_member(out, "messageType", message_type);
  return out;
}

void append_status(std::string& out, int status) {
  out += R"(,"status":)" + std::to_string(status);
}

void append_broadcasts(std::string& out, const BroadcastAnswer& broadcasts) {
  std::string object = "{";
  for (const auto& [id, version] : broadcasts.changed) append_member(object, id, version);
  if (!broadcasts.unknown.empty()) {
    std::string errors = "{";
    for (const auto& id : broadcasts.unknown) append_member(errors, id, "Broadcast not found");
    object += (object.size() > 1 ? "," : "") + std::string(R"("errors":)") + errors + "}";
  }
  out += R"(,"broadcasts":)" + object + "}";
}

// Parameter values without quotes and base64 padding: user agents decode the legacy encryption headers strictly.
std::string bare_parameters(std::string_view header) {
  std::string out;
  for (std::size_t i = 0; i < header.size(); ++i) {
    if (header[i] == '"') continue;
    const std::size_t after = header.find_first_not_of("=\"", i);
    const bool pads = after == std::string_view::npos || std::string_view(";, \t").contains(header[after]);
    if (header[i] != '=' || !pads) out += header[i];
  }
  return out;
}

void append_payload(std::string& out, const subscription::WebPushMeta& meta, std::string_view body) {
  append_member(out, "data", to_base64url(as_bytes(body)));
  std::string headers = "{";
  append_member(headers, "encoding", meta.encoding);
  if (!meta.encryption.empty()) append_member(headers, "encryption", bare_parameters(meta.encryption));
  if (!meta.crypto_key.empty()) append_member(headers, "crypto_key", bare_parameters(meta.crypto_key));
  out += R"(,"headers":)" + headers + "}";
}

}  // namespace

std::string hello_reply(std::string_view uaid, const BroadcastAnswer& broadcasts) {
  std::string out = begin("hello");
  append_member(out, "uaid", uaid);
  append_status(out, 200);
  out += R"(,"use_webpush":true)";
  append_broadcasts(out, broadcasts);
  return out + "}";
}

std::string registered_reply(const subscription::ChannelId& channel, std::string_view endpoint) {
  std::string out = begin("register");
  append_member(out, "channelID", subscription::channel_text(channel));
  append_status(out, 200);
  append_member(out, "pushEndpoint", endpoint);
  return out + "}";
}

std::string register_refusal(const subscription::ChannelId& channel, int status) {
  std::string out = begin("register");
  append_member(out, "channelID", subscription::channel_text(channel));
  append_status(out, status);
  append_member(out, "pushEndpoint", status == 400 ? "Failed to generate endpoint" : "");
  return out + "}";
}

std::string unregister_reply(const subscription::ChannelId& channel, int status) {
  std::string out = begin("unregister");
  append_member(out, "channelID", subscription::channel_text(channel));
  append_status(out, status);
  return out + "}";
}

std::string broadcast_frame(const BroadcastAnswer& broadcasts) {
  std::string out = begin("broadcast");
  append_broadcasts(out, broadcasts);
  return out + "}";
}

std::string urgency_reply(Urgency least) {
  std::string out = begin("urgency");
  append_member(out, "min", urgency_word(least));
  append_status(out, 200);
  return out + "}";
}

std::string_view pong() {
  return "{}";
}

Result<std::string> notification_frame(const Message& message) {
  HERALD_CHECK(message.kind == PayloadKind::kWebPush, "a message of another generation");
  const auto meta = subscription::WebPushMeta::decode(message.meta);
  if (!meta) return std::unexpected(meta.error());
  std::string out = begin("notification");
  append_member(out, "channelID", meta->channel);
  append_member(out, "version", message.id.hex());
  if (!message.body.empty()) append_payload(out, *meta, message.body);
  return out + "}";
}

}  // namespace herald::protocol::webpush
