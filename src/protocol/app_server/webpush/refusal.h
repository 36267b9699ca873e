#pragma once
// How Web Push refuses a request: a status, the error number that senders of the autopush family know, and text.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace herald::protocol::webpush {

// The error numbers of docs/webpush.md.
enum class Errno : std::uint16_t {
  kBadEndpoint = 102,
  kUserGone = 103,
  kTooLarge = 104,
  kNoSuchSubscription = 106,
  kUnauthorized = 109,
  kCryptoHeaders = 110,
  kMissingTtl = 111,
  kBadTtl = 112,
  kBadTopic = 113,
  kNegativeTtl = 114,
  kTryLater = 201,
  kInternal = 999,
};

struct Refusal {
  int status = 400;
  std::optional<Errno> number;
  std::string message;
  std::string_view metric;                     // short name for the refusal metric
  std::optional<std::uint64_t> retry_after_s;  // 429 and 503
};

// {"code":401,"errno":109,"error":"Unauthorized","message":…,"more_info":…}; errno is null where there is none.
[[nodiscard]] std::string error_body(const Refusal& refusal);

}  // namespace herald::protocol::webpush
