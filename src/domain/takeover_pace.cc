#include "domain/takeover_pace.h"

#include <algorithm>

namespace herald {

namespace {

constexpr std::chrono::minutes kForgottenAfter{1};
constexpr std::chrono::milliseconds kDelayFirst{1'000};
constexpr std::uint64_t kDoublingsMax = 16;

}  // namespace

void TakeoverPace::taken_over(const UserAgentId& user_agent, MonoTime now) {
  const std::lock_guard lock(mutex_);
  const auto found = by_id_.find(user_agent);
  if (found != by_id_.end()) {
    Device& device = *found->second;
    if (now - device.last >= kForgottenAfter) device.count = 0;
    ++device.count;
    device.last = now;
    devices_.splice(devices_.begin(), devices_, found->second);
    return;
  }
  devices_.push_front({user_agent, 1, now});
  by_id_.emplace(user_agent, devices_.begin());
  if (devices_.size() <= kDevicesMax) return;
  by_id_.erase(devices_.back().user_agent);
  devices_.pop_back();
}

std::chrono::milliseconds TakeoverPace::delay(const UserAgentId& user_agent, MonoTime now) const {
  const std::lock_guard lock(mutex_);
  const auto found = by_id_.find(user_agent);
  if (found == by_id_.end()) return {};
  const Device& device = *found->second;
  if (now - device.last >= kForgottenAfter || device.count < at_once_) return {};
  const auto doublings = std::min(device.count - at_once_, kDoublingsMax);
  return std::min(kDelayFirst * (std::int64_t{1} << doublings), delay_max_);
}

}  // namespace herald
