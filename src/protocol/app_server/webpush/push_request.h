#pragma once
// The headers of a POST to a push resource (RFC 8030 §5, RFC 8291 §4, docs/webpush.md): what the message is to be.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "base/limits.h"
#include "domain/message.h"
#include "protocol/app_server/webpush/header_list.h"
#include "protocol/app_server/webpush/refusal.h"

namespace herald::protocol::webpush {

struct PushRequest {
  std::uint64_t ttl_s = 0;  // as requested, at most limits.retention_s
  bool ttl_given = true;    // false: lenient, and there was none
  Urgency urgency = Urgency::kNormal;
  std::string topic;                     // empty: none
  std::string encoding;                  // "aes128gcm", "aesgcm"; empty: no payload, or lenient and none given
  std::string encryption;                // aesgcm: Encryption as the device gets it
  std::string crypto_key;                // aesgcm: Crypto-Key as the device gets it, without p256ecdsa (RFC 8292 §3.1)
  std::vector<std::uint8_t> sender_key;  // the message's ECDH key, if the headers or the body show one
  bool wants_receipt = false;            // Prefer: respond-async
  std::string receipt_link;              // the receipt subscription to use again, as in Link; empty: a new one
};

// `lenient`: what UnifiedPush senders of before 2024 send is taken too: no TTL means kLenientTtlS, no Content-Encoding
// is fine, and aesgcm may have its headers inside the body.
inline constexpr std::uint64_t kLenientTtlS = 86'400;

// Checks in the order of docs/webpush.md: body size, TTL, encryption headers, TTL's sign, Topic, Urgency.
[[nodiscard]] std::expected<PushRequest, Refusal> parse_push(const HeaderList& headers, ByteView body,
                                                             const Limits& limits, bool lenient);

}  // namespace herald::protocol::webpush
