#include "app/commands/webpush_device.h"

#include <array>
#include <optional>

#include "base/json_string.h"
#include "protocol/app_server/webpush/header_list.h"
#include "protocol/json.h"
#include "protocol/subscription/subscription.h"

namespace herald::app {

namespace {

namespace ece = protocol::ece;
namespace webpush = protocol::webpush;
using protocol::JsonDocument;
using protocol::JsonValue;

constexpr std::size_t kDepthMax = 32;
constexpr int kDelivered = 100;
constexpr int kNotDecrypted = 101;

std::string text_of(const std::optional<JsonValue>& value) {
  return std::string(value ? value->string().value_or("") : "");
}

std::string text_of(const JsonValue& object, std::string_view name) {
  return text_of(object.get(name));
}

class ObjectWriter {
 public:
  ObjectWriter& text(std::string_view name, std::string_view value) {
    append_json_string(next(name), value);
    return *this;
  }
  ObjectWriter& raw(std::string_view name, std::string_view value) {
    next(name).append(value);
    return *this;
  }
  [[nodiscard]] std::string take() { return std::move(out_) + "}"; }

 private:
  std::string& next(std::string_view name) {
    if (out_.size() > 1) out_.push_back(',');
    append_json_string(out_, name);
    out_.push_back(':');
    return out_;
  }
  std::string out_ = "{";
};

// draft-ietf-webpush-encryption-04: salt and key stand in headers.
Result<ece::Bytes> open_aesgcm(ByteView body, const JsonValue& headers, const WebPushIdentity& identity) {
  const auto encryption = webpush::CryptoHeader::parse(text_of(headers, "encryption"));
  const auto crypto_key = webpush::CryptoHeader::parse(text_of(headers, "crypto_key"));
  if (!encryption || !crypto_key) return fail(ErrorKind::kInvalid, "the encryption headers can't be read");
  const auto salt = webpush::decode_any_base64(encryption->find("salt").value_or(""));
  const auto sender = webpush::decode_any_base64(crypto_key->find("dh").value_or(""));
  if (!salt || !sender) return fail(ErrorKind::kInvalid, "the encryption headers can't be read");
  return ece::decrypt_aesgcm(body, *salt, *sender, *identity.key, identity.auth);
}

Result<ece::Bytes> open_payload(const JsonValue& frame, const WebPushIdentity& identity) {
  const std::string data = text_of(frame, "data");
  if (data.empty()) return ece::Bytes();
  const auto body = webpush::decode_any_base64(data);
  if (!body) return std::unexpected(body.error());
  const auto headers = frame.get("headers");
  const std::string encoding = headers ? text_of(*headers, "encoding") : "";
  if (encoding == "aes128gcm") return ece::decrypt_aes128gcm(*body, *identity.key, identity.auth);
  if (encoding == "aesgcm") return open_aesgcm(*body, *headers, identity);
  return fail(ErrorKind::kInvalid, "the encoding is not known");
}

std::string shown(const Result<ece::Bytes>& payload) {
  if (!payload) return "(can't be decrypted: " + payload.error().message + ")";
  if (is_valid_utf8(as_text(*payload))) return std::string(as_text(*payload));
  return "(" + std::to_string(payload->size()) + " bytes) " + to_hex(*payload);
}

std::string ack_frame(const JsonValue& frame, int code) {
  const std::string update = ObjectWriter()
                                 .text("channelID", text_of(frame, "channelID"))
                                 .text("version", text_of(frame, "version"))
                                 .raw("code", std::to_string(code))
                                 .take();
  return ObjectWriter().text("messageType", "ack").raw("updates", "[" + update + "]").take();
}

}  // namespace

WebPushIdentity WebPushIdentity::make(RandomSource& random) {
  WebPushIdentity identity;
  protocol::subscription::ChannelId channel;
  random.fill(channel.bytes);
  // RFC 4122 §4.4: version 4.
  channel.bytes[6] = static_cast<std::uint8_t>((channel.bytes[6] & 0x0F) | 0x40);
  channel.bytes[8] = static_cast<std::uint8_t>((channel.bytes[8] & 0x3F) | 0x80);
  identity.channel = protocol::subscription::channel_text(channel);
  identity.key = P256PrivateKey::generate();
  identity.auth.resize(16);
  random.fill(identity.auth);
  return identity;
}

Result<WebPushIdentity> WebPushIdentity::parse(std::string_view json) {
  const auto document = JsonDocument::parse(json, kDepthMax);
  if (!document) return fail(ErrorKind::kInvalid, "it is not JSON: " + document.error().message);
  WebPushIdentity identity;
  identity.uaid = text_of(document->root(), "uaid");
  identity.channel = text_of(document->root(), "channelID");
  const auto scalar = from_base64url(text_of(document->root(), "privateKey"));
  auto key = P256PrivateKey::from_scalar(scalar ? ByteView(*scalar) : ByteView());
  auto auth = from_base64url(text_of(document->root(), "auth"));
  if (!key || !auth || auth->size() != 16 || !protocol::subscription::parse_channel_id(identity.channel)) {
    return fail(ErrorKind::kInvalid, "it is not what herald listen --webpush keeps");
  }
  identity.key = std::move(*key);
  identity.auth = std::move(*auth);
  return identity;
}

std::string WebPushIdentity::json() const {
  return ObjectWriter()
             .text("uaid", uaid)
             .text("channelID", channel)
             .text("privateKey", to_base64url(key->scalar()))
             .text("auth", to_base64url(auth))
             .take() +
         "\n";
}

DeviceStep WebPushDevice::on_open() {
  DeviceStep step;
  ObjectWriter hello;
  hello.text("messageType", "hello").raw("use_webpush", "true");
  if (!identity_.uaid.empty()) hello.text("uaid", identity_.uaid);
  step.send.push_back(hello.take());
  return step;
}

DeviceStep WebPushDevice::on_text(std::string_view text) {
  const auto document = JsonDocument::parse(text, kDepthMax);
  DeviceStep step;
  if (!document) return step;
  const JsonValue frame = document->root();
  const std::string type = text_of(frame, "messageType");
  const auto status = frame.get("status");
  if (status && status->integer() != 200) {
    step.error = type + " " + std::string(status->raw());
    return step;
  }
  if (type == "hello") return welcomed(text_of(frame, "uaid"));
  if (type == "register") return registered(text_of(frame, "pushEndpoint"));
  if (type != "notification") return step;

  const auto payload = open_payload(frame, identity_);
  if (acks_) step.send.push_back(ack_frame(frame, payload ? kDelivered : kNotDecrypted));
  const std::string version = text_of(frame, "version");
  if (!recent_.is_new(version)) return step;
  const std::string message = shown(payload);
  step.arrived.push_back({.message_id = version,
                          .message = message,
                          .sender_id = {},
                          .priority = {},
                          .json = ObjectWriter().text("messageId", version).text("message", message).take()});
  return step;
}

DeviceStep WebPushDevice::welcomed(std::string uaid) {
  identity_.uaid = std::move(uaid);
  DeviceStep step;
  ObjectWriter frame;
  frame.text("messageType", "register").text("channelID", identity_.channel);
  if (!vapid_key_.empty()) frame.text("key", vapid_key_);
  step.send.push_back(frame.take());
  return step;
}

DeviceStep WebPushDevice::registered(std::string endpoint) const {
  DeviceStep step;
  const auto point = identity_.key->point();
  step.subscription = subscription_json({std::move(endpoint), {{point.begin(), point.end()}, identity_.auth}});
  step.registered = true;
  return step;
}

}  // namespace herald::app
