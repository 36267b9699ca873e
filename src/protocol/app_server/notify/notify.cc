#include "protocol/app_server/notify/notify.h"

#include <algorithm>
#include <chrono>

#include "base/crypto.h"
#include "base/encoding.h"
#include "base/json_string.h"
#include "protocol/app_server/notify/expiry.h"
#include "protocol/json.h"

namespace herald::protocol::notify {
namespace {

std::unexpected<Rejection> reject(int status, std::string_view reason, std::string_view metric) {
  return std::unexpected(Rejection{status, std::string(reason), metric});
}

std::unexpected<Rejection> not_json() {
  return reject(400, "JSON not valid", "not_json");
}

constexpr std::string_view kMissingMessage =
    "Missing message: the JSON object needs a message, which is text or any value but null";

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}

bool is_notification(const JsonValue& posted) {
  const auto type = posted.get("messageType");
  return !type || type->string() == "notification";
}

// The sender's id as text; nullopt if it can't be one.
std::optional<std::string> read_id(const std::optional<JsonValue>& value, std::uint64_t bytes_max) {
  if (!value) return std::string();
  const auto text = value->type() == JsonType::kNumber ? value->raw() : value->string();
  if (!text || text->size() > bytes_max) return std::nullopt;
  return std::string(*text);
}

std::optional<Priority> read_priority(const std::optional<JsonValue>& value) {
  if (!value) return Priority::kRealTime;
  const auto text = value->string();
  if (text)
    return text->size() == 1 && (*text)[0] >= '1' && (*text)[0] <= '3'
               ? std::optional(static_cast<Priority>((*text)[0] - '0'))
               : std::nullopt;
  const auto number = value->integer();
  if (!number || *number < 1 || *number > 3) return std::nullopt;
  return static_cast<Priority>(*number);
}

void read_signature(const std::optional<JsonValue>& value, Notification& out) {
  if (!value) return;
  const auto text = value->string();
  out.signature_hex = text.value_or("");
  out.bad_signature_form = !text || !from_hex(*text).has_value();
}

// A number or a string as its text; empty if it is absent.
std::string text_of(const std::optional<JsonValue>& value) {
  if (!value) return {};
  return std::string(value->string().value_or(value->raw()));
}

// The lines under the signature of a whole request, after its notify token. `id` is last, since it may hold line ends.
std::string request_lines(const JsonValue& posted, std::string_view message, std::string_view id) {
  std::string lines;
  for (const std::string_view name : {"timestamp", "ttl", "priority"}) lines += text_of(posted.get(name)) + "\n";
  append_hex(lines, sha256(as_bytes(message)));
  return lines.append("\n").append(id);
}

constexpr std::string_view kNotFresh =
    "Not valid timestamp: a signature of the whole request needs one near the server's clock (signed_request_age_s)";

// Whether `timestamp` is as near to `now` as a signature of a whole request asks for.
bool is_fresh(const std::optional<JsonValue>& timestamp, WallTime now, const Limits& limits) {
  const std::chrono::milliseconds most = std::chrono::seconds(limits.signed_request_age_s);
  const auto left_at = timestamp ? read_time(*timestamp) : std::nullopt;
  return left_at && *left_at + most >= now && *left_at <= now + most;
}

void append_without_space(std::string& out, std::string_view json) {
  bool in_string = false;
  std::size_t copied = 0;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == ' ' || c == '\n' || c == '\r' || c == '\t') {
      out.append(json, copied, i - copied);
      copied = i + 1;
    }
  }
  out.append(json, copied);
}

// What a device gets of the posted object. `message` keeps its exact text, so that the device can check the signature.
std::string deliverable_body(const JsonValue& posted) {
  std::string out;
  out.reserve(posted.raw().size());
  out.push_back('{');
  for (const auto& [key, value] : posted.members()) {
    if (key == "messageId" || key == "url") continue;
    if (out.size() > 1) out.push_back(',');
    append_json_string(out, key);
    out.push_back(':');
    if (key == "message") {
      out += value.raw();
    } else {
      append_without_space(out, value.raw());
    }
  }
  out.push_back('}');
  return out;
}

}  // namespace

std::expected<Notification, Rejection> parse_notification(std::string_view body, WallTime now, const Limits& limits) {
  const auto document = JsonDocument::parse(body, limits.json_depth_max);
  if (!document || !document->root().is_object()) return not_json();
  const JsonValue posted = document->root();
  if (!is_notification(posted)) return reject(400, "Not messageType=notification", "message_type");

  const auto message = posted.get("message");
  if (!message || message->type() == JsonType::kNull) return reject(400, kMissingMessage, "no_message");
  const std::string_view signed_bytes = message->string().value_or(message->raw());
  if (signed_bytes.size() > limits.message_max_bytes) return reject(413, "Body too big", "message_too_big");

  auto id = read_id(posted.get("id"), limits.sender_id_max_bytes);
  if (!id) return reject(400, "Not valid id", "id");
  const auto priority = read_priority(posted.get("priority"));
  if (!priority) return reject(400, "Not valid priority", "priority");
  const auto ttl_s = read_ttl(posted.get("ttl"), limits.retention_s);
  if (!ttl_s) return reject(400, "Not valid ttl", "ttl");
  const auto left_at = read_timestamp(posted.get("timestamp"), now);
  if (!left_at) return reject(400, "Not valid timestamp", "timestamp");

  const auto signs = posted.get("signs");
  if (signs && signs->string() != "request" && signs->string() != "message") {
    return reject(400, "Not valid signs", "signs");
  }
  Notification out;
  out.signs_request = signs && signs->string() == "request";
  if (out.signs_request && !is_fresh(posted.get("timestamp"), now, limits)) return reject(400, kNotFresh, "timestamp");
  out.signed_bytes = out.signs_request ? request_lines(posted, signed_bytes, *id) : std::string(signed_bytes);
  out.id = std::move(*id);
  out.priority = *priority;
  out.expires_at = expiry(*left_at, *ttl_s, now, limits.retention_s);
  out.body = deliverable_body(posted);
  read_signature(posted.get("signature"), out);
  return out;
}

std::expected<AppId, Rejection> parse_app(std::string_view rest, std::optional<std::string_view> query_token) {
  if (rest.starts_with('/')) rest.remove_prefix(1);
  const std::string_view token = rest.empty() ? query_token.value_or("") : rest;
  auto app = AppId::from_hex(token);
  // One text for each app: upper-case hex names none.
  if (!app || std::ranges::any_of(token, is_upper)) return reject(404, "No valid WAtoken", "watoken");
  return *app;
}

std::string accepted_body() {
  return R"({"status": "ACCEPTED"})";
}

std::string error_body(std::string_view reason) {
  std::string out = R"({"status": "ERROR", "reason": )";
  append_json_string(out, reason);
  out.push_back('}');
  return out;
}

}  // namespace herald::protocol::notify
