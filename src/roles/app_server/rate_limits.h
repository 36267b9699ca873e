#pragma once
// How fast senders may push: a token bucket for each sender address, VAPID key and subscription. Who passes a limit is
// told which, and when to come back; nothing is dropped silently.

#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/limits.h"
#include "base/time.h"
#include "domain/ids.h"
#include "protocol/app_server/webpush/refusal.h"
#include "protocol/subscription/endpoint_token.h"

namespace herald::roles::app_server {

// Buckets by name, each holding up to `burst` tokens and gaining `per_s` of them a second. Bounded: the one unused for
// longest makes room, which only a full or nearly full one can be. Not thread-safe.
class TokenBuckets {
 public:
  TokenBuckets(std::uint64_t per_s, std::uint64_t burst, std::size_t buckets_max);

  // Takes a token and answers 0, or takes none and answers in how many seconds (at least 1) there is one.
  [[nodiscard]] std::uint64_t take(std::string_view name, MonoTime now);
  [[nodiscard]] std::size_t size() const { return index_.size(); }

 private:
  struct Bucket {
    std::string name;
    double tokens;
    MonoTime filled_at;
  };
  using Order = std::list<Bucket>;

  Bucket& bucket(std::string_view name, MonoTime now);

  double per_s_;
  double burst_;
  std::size_t buckets_max_;
  Order order_;  // most recent first
  std::unordered_map<std::string_view, Order::iterator> index_;
};

// The limits of a server, shared by its loops. Any thread.
class RateLimits {
 public:
  explicit RateLimits(const Limits& limits);

  // nullopt: go on; otherwise 429 with what was exceeded.
  [[nodiscard]] std::optional<protocol::webpush::Refusal> take_address(std::string_view address, MonoTime now);
  [[nodiscard]] std::optional<protocol::webpush::Refusal> take_key(const protocol::subscription::VapidKeyHash& key,
                                                                   MonoTime now);
  [[nodiscard]] std::optional<protocol::webpush::Refusal> take_subscription(const AppId& subscription, MonoTime now);

 private:
  struct Rate {
    Rate(const char* of_what, std::string_view reason, std::uint64_t per_second, std::size_t buckets_max);
    [[nodiscard]] std::optional<protocol::webpush::Refusal> take(std::string_view name, MonoTime now);

    std::string message;
    std::string_view metric;
    std::mutex mutex;
    TokenBuckets buckets;
  };

  Rate by_address_;
  Rate by_key_;
  Rate by_subscription_;
};

}  // namespace herald::roles::app_server
