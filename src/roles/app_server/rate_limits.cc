#include "roles/app_server/rate_limits.h"

#include <algorithm>
#include <cmath>

#include "base/encoding.h"

namespace herald::roles::app_server {

using protocol::webpush::Refusal;

namespace {
constexpr std::uint64_t kBurstS = 10;
}

TokenBuckets::TokenBuckets(std::uint64_t per_s, std::uint64_t burst, std::size_t buckets_max)
    : per_s_(static_cast<double>(per_s)), burst_(static_cast<double>(burst)), buckets_max_(buckets_max) {}

TokenBuckets::Bucket& TokenBuckets::bucket(std::string_view name, MonoTime now) {
  const auto found = index_.find(name);
  if (found != index_.end()) {
    order_.splice(order_.begin(), order_, found->second);
    return order_.front();
  }
  if (index_.size() >= buckets_max_) {
    index_.erase(order_.back().name);
    order_.pop_back();
  }
  order_.push_front({std::string(name), burst_, now});
  index_.emplace(order_.front().name, order_.begin());
  return order_.front();
}

std::uint64_t TokenBuckets::take(std::string_view name, MonoTime now) {
  Bucket& it = bucket(name, now);
  const double waited_s = std::max(0.0, std::chrono::duration<double>(now - it.filled_at).count());
  it.tokens = std::min(burst_, it.tokens + waited_s * per_s_);
  it.filled_at = now;
  if (it.tokens < 1) return static_cast<std::uint64_t>(std::max(1.0, std::ceil((1 - it.tokens) / per_s_)));
  it.tokens -= 1;
  return 0;
}

RateLimits::Rate::Rate(const char* of_what, std::string_view reason, std::uint64_t per_second, std::size_t buckets_max)
    : message("Too many push messages " + std::string(of_what) + ": at most " + std::to_string(per_second) +
              " a second, and " + std::to_string(per_second * kBurstS) + " at once"),
      metric(reason),
      buckets(per_second, per_second * kBurstS, buckets_max) {}

std::optional<Refusal> RateLimits::Rate::take(std::string_view name, MonoTime now) {
  const std::lock_guard lock(mutex);
  const std::uint64_t retry_after_s = buckets.take(name, now);
  if (retry_after_s == 0) return std::nullopt;
  return Refusal{429, std::nullopt, message + "; retry after " + std::to_string(retry_after_s) + " s", metric,
                 retry_after_s};
}

RateLimits::RateLimits(const Limits& limits)
    : by_address_("from this address", "rate_address", limits.webpush_per_address_per_s, limits.rate_buckets_max),
      by_key_("under this VAPID key", "rate_key", limits.webpush_per_key_per_s, limits.rate_buckets_max),
      by_subscription_("to this subscription", "rate_subscription", limits.webpush_per_subscription_per_s,
                       limits.rate_buckets_max) {}

std::optional<Refusal> RateLimits::take_address(std::string_view address, MonoTime now) {
  return by_address_.take(address, now);
}

std::optional<Refusal> RateLimits::take_key(const protocol::subscription::VapidKeyHash& key, MonoTime now) {
  return by_key_.take(as_text(key), now);
}

std::optional<Refusal> RateLimits::take_subscription(const AppId& subscription, MonoTime now) {
  return by_subscription_.take(subscription.view(), now);
}

}  // namespace herald::roles::app_server
