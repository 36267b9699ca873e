#include "protocol/subscription/webpush_meta.h"

#include <cstdint>
#include <initializer_list>
#include <optional>

#include "base/check.h"

namespace herald::protocol::subscription {

namespace {

constexpr char kVersion = 1;

std::string encode_fields(std::initializer_list<std::string_view> fields) {
  std::string out(1, kVersion);
  for (const std::string_view field : fields) {
    HERALD_CHECK(field.size() <= 0xFFFF, "a field of a message's meta is too long");
    out.push_back(static_cast<char>(field.size() >> 8));
    out.push_back(static_cast<char>(field.size() & 0xFF));
    out.append(field);
  }
  return out;
}

// Fills `fields` with exactly what `bytes` holds.
bool decode_fields(std::string_view bytes, std::initializer_list<std::string*> fields) {
  if (bytes.empty() || bytes.front() != kVersion) return false;
  bytes.remove_prefix(1);
  for (std::string* field : fields) {
    if (bytes.size() < 2) return false;
    const auto size =
        static_cast<std::size_t>(static_cast<std::uint8_t>(bytes[0]) << 8 | static_cast<std::uint8_t>(bytes[1]));
    bytes.remove_prefix(2);
    if (bytes.size() < size) return false;
    field->assign(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  return bytes.empty();
}

}  // namespace

std::string WebPushMeta::encode() const {
  return encode_fields({channel, encoding, encryption, crypto_key});
}

Result<WebPushMeta> WebPushMeta::decode(std::string_view bytes) {
  WebPushMeta meta;
  if (decode_fields(bytes, {&meta.channel, &meta.encoding, &meta.encryption, &meta.crypto_key})) return meta;
  return fail(ErrorKind::kCorrupt, "the meta of a Web Push message is damaged");
}

std::string SimplePushMeta::encode() const {
  return encode_fields({channel});
}

Result<SimplePushMeta> SimplePushMeta::decode(std::string_view bytes) {
  SimplePushMeta meta;
  if (decode_fields(bytes, {&meta.channel})) return meta;
  return fail(ErrorKind::kCorrupt, "the meta of a SimplePush version is damaged");
}

}  // namespace herald::protocol::subscription
