#include "app/commands/webpush_keys.h"

#include <optional>

#include "base/json_string.h"
#include "protocol/app_server/webpush/header_list.h"
#include "protocol/json.h"

namespace herald::app {

namespace {

constexpr std::size_t kDepthMax = 16;
constexpr std::size_t kAuthSize = 16;

using protocol::JsonDocument;
using protocol::JsonValue;
using protocol::ece::Bytes;

std::string text_of(const std::optional<JsonValue>& object, std::string_view name) {
  const auto member = object ? object->get(name) : std::nullopt;
  return std::string(member ? member->string().value_or("") : "");
}

Result<Bytes> bytes_of(const JsonValue& object, std::string_view name, std::size_t size) {
  auto bytes = protocol::webpush::decode_any_base64(text_of(object, name));
  if (bytes && bytes->size() == size) return bytes;
  return fail(ErrorKind::kInvalid,
              "\"" + std::string(name) + "\" is not base64url of " + std::to_string(size) + " bytes");
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
  if (out.back() != '{') out.push_back(',');
  append_json_string(out, name);
  out.push_back(':');
  append_json_string(out, value);
}

}  // namespace

Result<WebPushTarget> parse_subscription(std::string_view json) {
  const auto document = JsonDocument::parse(json, kDepthMax);
  if (!document) return fail(ErrorKind::kInvalid, "it is not JSON: " + document.error().message);
  WebPushTarget target;
  target.endpoint = text_of(document->root(), "endpoint");
  if (target.endpoint.empty()) return fail(ErrorKind::kInvalid, "\"endpoint\" is missing");
  const auto keys = document->root().get("keys");
  if (!keys) return target;
  auto public_key = bytes_of(*keys, "p256dh", sizeof(P256Point));
  if (!public_key) return std::unexpected(public_key.error());
  auto auth = bytes_of(*keys, "auth", kAuthSize);
  if (!auth) return std::unexpected(auth.error());
  target.keys = {std::move(*public_key), std::move(*auth)};
  return target;
}

std::string subscription_json(const WebPushTarget& target) {
  std::string keys = "{";
  append_member(keys, "p256dh", to_base64url(target.keys.public_key));
  append_member(keys, "auth", to_base64url(target.keys.auth));
  std::string out = "{";
  append_member(out, "endpoint", target.endpoint);
  return out + ",\"keys\":" + keys + "}}";
}

Result<VapidKeys> parse_vapid_keys(std::string_view json) {
  const auto document = JsonDocument::parse(json, kDepthMax);
  if (!document) return fail(ErrorKind::kInvalid, "it is not JSON: " + document.error().message);
  const auto scalar = bytes_of(document->root(), "privateKey", sizeof(P256Scalar));
  if (!scalar) return std::unexpected(scalar.error());
  auto key = P256PrivateKey::from_scalar(*scalar);
  if (!key) return std::unexpected(key.error());
  return VapidKeys{std::move(*key), text_of(document->root(), "subject")};
}

std::string vapid_keys_json(const VapidKeys& keys) {
  std::string out = "{";
  append_member(out, "publicKey", to_base64url(keys.key->point()));
  append_member(out, "privateKey", to_base64url(keys.key->scalar()));
  if (!keys.subject.empty()) append_member(out, "subject", keys.subject);
  return out + "}\n";
}

}  // namespace herald::app
