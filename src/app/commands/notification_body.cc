#include "app/commands/notification_body.h"

#include <limits>

#include "base/encoding.h"
#include "base/json_string.h"
#include "base/limits.h"
#include "base/time.h"
#include "protocol/app_server/notify/notify.h"
#include "protocol/json.h"
#include "transport/client.h"

namespace herald::app {

namespace {

constexpr std::size_t kDepthMax = 512;
constexpr std::uint64_t kAnyAgeS = 1'000'000'000;  // the server judges it

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
  if (!command.sign_key.empty()) add_string("signs", "request");
  add_string("signature", signature_hex);
  if (command.ttl) add_raw("ttl", std::to_string(*command.ttl));
  if (!time.empty()) add_raw("timestamp", time);
  if (command.priority) add_raw("priority", std::to_string(*command.priority));
  return body + "}";
}

Result<std::string> bytes_to_sign(const std::string& notify_url, std::string_view body) {
  const auto url = transport::Url::parse(notify_url);
  if (!url) return fail(ErrorKind::kInvalid, notify_url + " is not a URL: " + url.error().message);
  const std::string target = url->target.substr(0, url->target.find('?'));
  const auto app = protocol::notify::parse_app(std::string_view(target).substr(target.rfind('/')), std::nullopt);
  if (!app) return fail(ErrorKind::kInvalid, notify_url + " ends in no notify token, which a signature covers");
  Limits limits;
  limits.message_max_bytes = limits.sender_id_max_bytes = std::numeric_limits<std::uint64_t>::max();
  limits.json_depth_max = kDepthMax;
  limits.signed_request_age_s = kAnyAgeS;
  const auto parsed = protocol::notify::parse_notification(body, SystemClock().wall(), limits);
  if (!parsed) return fail(ErrorKind::kInvalid, parsed.error().reason);
  return protocol::notify::bytes_under_signature(*parsed, *app);
}

std::string receipt_url(const std::string& notify_url, std::string_view id) {
  return notify_url + "/messages/" + percent_encoded(id);
}

}  // namespace herald::app
