#include "app/commands/notification_body.h"

#include "base/encoding.h"
#include "base/json_string.h"
#include "protocol/json.h"

namespace herald::app {

namespace {

constexpr std::size_t kDepthMax = 512;

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

std::string percent_encoded(std::string_view text) {
  constexpr const char* kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (is_unreserved(c)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.append({'%', kDigits[byte >> 4], kDigits[byte & 15]});
    }
  }
  return out;
}

}  // namespace

Result<std::string> notification_body(const SendCommand& command, std::string_view message,
                                      std::string_view signature_hex) {
  if (!is_valid_utf8(message)) return fail(ErrorKind::kInvalid, "the message is not UTF-8");
  if (command.json_message) {
    const auto document = protocol::JsonDocument::parse(message, kDepthMax);
    if (!document) return fail(ErrorKind::kInvalid, "the message is not JSON: " + document.error().message);
  }
  const std::string& time = command.timestamp;
  if (time.find_first_not_of("0123456789") != std::string::npos) {
    return fail(ErrorKind::kInvalid, "--timestamp wants seconds or milliseconds since 1970");
  }
  std::string body = "{\"messageType\":\"notification\"";
  const auto add_string = [&body](const char* key, std::string_view value) {
    if (value.empty()) return;
    body.append(",\"").append(key).append("\":");
    append_json_string(body, value);
  };
  const auto add_raw = [&body](const char* key, std::string_view value) {
    body.append(",\"").append(key).append("\":").append(value);
  };
  add_string("id", command.id);
  add_raw("message", "");
  if (command.json_message) {
    body += message;
  } else {
    append_json_string(body, message);
  }
  add_string("signature", signature_hex);
  if (command.ttl) add_raw("ttl", std::to_string(*command.ttl));
  if (!time.empty()) add_raw("timestamp", time);
  if (command.priority) add_raw("priority", std::to_string(*command.priority));
  return body + "}";
}

std::string receipt_url(const std::string& notify_url, std::string_view id) {
  return notify_url + "/messages/" + percent_encoded(id);
}

}  // namespace herald::app
