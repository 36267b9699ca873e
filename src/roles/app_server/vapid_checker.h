#pragma once
// Checks VAPID tokens, and remembers the good ones until they expire: a known sender costs a hash instead of an ES256
// verification. A token may be used again by design (RFC 8292 §4), so remembering one gives nothing away.

#include <expected>
#include <list>
#include <string>
#include <unordered_map>

#include "base/crypto.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "base/time.h"
#include "protocol/app_server/webpush/vapid.h"

namespace herald::roles::app_server {

// One loop's; not thread-safe.
class VapidChecker {
 public:
  // `origin`: what `aud` must name. `clock` must outlive it.
  VapidChecker(std::string origin, const Limits& limits, const Clock& clock, Metrics& metrics);

  [[nodiscard]] std::expected<void, protocol::webpush::Refusal> check(const protocol::webpush::VapidClaim& claim);
  [[nodiscard]] std::size_t remembered() const { return index_.size(); }

 private:
  struct Known {
    std::string name;  // of token and key
    std::int64_t expires_s;
  };
  using Order = std::list<Known>;

  void remember(std::string name, std::int64_t expires_s);

  std::string origin_;
  Limits limits_;
  const Clock& clock_;
  Order order_;  // most recent first
  std::unordered_map<std::string_view, Order::iterator> index_;
  Counter& verified_;
  Counter& recalled_;
};

}  // namespace herald::roles::app_server
