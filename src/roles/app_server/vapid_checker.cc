#include "roles/app_server/vapid_checker.h"

#include <utility>

namespace herald::roles::app_server {

namespace webpush = protocol::webpush;

namespace {

// A digest, so that no token stays in memory.
std::string name_of(const webpush::VapidClaim& claim) {
  std::string input(as_text(claim.key));
  input += claim.token;
  return std::string(as_text(sha256(as_bytes(input))));
}

}  // namespace

VapidChecker::VapidChecker(std::string origin, const Limits& limits, const Clock& clock, Metrics& metrics)
    : origin_(std::move(origin)),
      limits_(limits),
      clock_(clock),
      verified_(metrics.counter("herald_vapid_checks_total", "VAPID tokens checked.", {{"by", "signature"}})),
      recalled_(metrics.counter("herald_vapid_checks_total", "VAPID tokens checked.", {{"by", "memory"}})) {}

std::expected<void, webpush::Refusal> VapidChecker::check(const webpush::VapidClaim& claim) {
  std::string name = name_of(claim);
  const auto known = index_.find(name);
  if (known != index_.end() && clock_.wall().ms / 1000 <= known->second->expires_s + webpush::kVapidSkewS) {
    order_.splice(order_.begin(), order_, known->second);
    recalled_.add();
    return {};
  }
  verified_.add();
  const auto token = webpush::check_vapid(claim, origin_, clock_.wall(), limits_);
  if (!token) return std::unexpected(token.error());
  remember(std::move(name), token->expires_s);
  return {};
}

void VapidChecker::remember(std::string name, std::int64_t expires_s) {
  if (index_.size() >= limits_.vapid_cached_tokens) {
    index_.erase(order_.back().name);
    order_.pop_back();
  }
  order_.push_front({std::move(name), expires_s});
  index_.emplace(order_.front().name, order_.begin());
}

}  // namespace herald::roles::app_server
