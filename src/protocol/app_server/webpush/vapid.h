#pragma once
// VAPID (RFC 8292): who sends. Parsing and checking of Authorization, and making it for `herald send`.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto_p256.h"
#include "base/limits.h"
#include "base/time.h"
#include "protocol/app_server/webpush/header_list.h"
#include "protocol/app_server/webpush/refusal.h"

namespace herald::protocol::webpush {

// A token may end so much before now, and be valid so much longer than a day, since clocks differ.
inline constexpr std::int64_t kVapidSkewS = 60;
inline constexpr std::int64_t kVapidLongestS = 86'400;

// What a request claims, not yet checked.
struct VapidClaim {
  std::string token;              // a JWT (RFC 7519)
  std::vector<std::uint8_t> key;  // 65 bytes that begin with 4; perhaps not on the curve
};

// From "Authorization: vapid t=…,k=…" (§3), or the drafts' "WebPush <JWT>" and "Bearer <JWT>" with p256ecdsa in
// Crypto-Key. nullopt: the request has no Authorization.
[[nodiscard]] std::expected<std::optional<VapidClaim>, Refusal> parse_vapid(const HeaderList& headers);

struct VapidToken {
  std::vector<std::string> audiences;
  std::int64_t expires_s = 0;  // since the epoch
  std::string subject;         // empty: none
};

// Checks signature, `aud` against `origin` ("https://push.example.com", which Origin::parse() must take) and `exp`
// (§2). Origins are compared parsed: case, an explicit default port and the form of an international name make no
// difference; a path does. The answer holds until expires_s + kVapidSkewS.
[[nodiscard]] std::expected<VapidToken, Refusal> check_vapid(const VapidClaim& claim, std::string_view origin,
                                                             WallTime now, const Limits& limits);

// The value of Authorization for a push resource at `origin`. `subject`: a mailto: or https: URI, or empty.
[[nodiscard]] std::string make_vapid(const P256PrivateKey& key, std::string_view origin, std::string_view subject,
                                     std::int64_t expires_s);

}  // namespace herald::protocol::webpush
