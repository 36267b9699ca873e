#pragma once
// Message::meta of the newer generations: what the device must be told besides the body. The sender's urgency and
// topic are not in it: they are never forwarded (RFC 8030 §5.3, §5.4).

#include <string>
#include <string_view>

#include "base/result.h"

namespace herald::protocol::subscription {

// A Web Push message (PayloadKind::kWebPush).
struct WebPushMeta {
  std::string channel;     // lower-case UUID with dashes
  std::string encoding;    // "aes128gcm" or "aesgcm"; empty: no payload
  std::string encryption;  // aesgcm: the Encryption header as sent
  std::string crypto_key;  // aesgcm: the Crypto-Key header without p256ecdsa

  // Version byte 1, then each field with its length in two bytes, big-endian. Fields of 65,535 bytes at most.
  [[nodiscard]] std::string encode() const;
  // kCorrupt: not what encode() makes.
  [[nodiscard]] static Result<WebPushMeta> decode(std::string_view bytes);
  bool operator==(const WebPushMeta&) const = default;
};

// A SimplePush version (PayloadKind::kSimplePush); the body is the version in decimal.
struct SimplePushMeta {
  std::string channel;

  [[nodiscard]] std::string encode() const;
  [[nodiscard]] static Result<SimplePushMeta> decode(std::string_view bytes);
  bool operator==(const SimplePushMeta&) const = default;
};

}  // namespace herald::protocol::subscription
