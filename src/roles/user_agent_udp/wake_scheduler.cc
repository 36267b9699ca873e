#include "roles/user_agent_udp/wake_scheduler.h"

#include <algorithm>
#include <utility>

#include "transport/address.h"

namespace herald::roles::user_agent_udp {

using std::chrono::milliseconds;

namespace {

// Long enough for a rate window to have become empty.
constexpr milliseconds kTargetForgottenAfter{1'100};

}  // namespace

WakeScheduler::WakeScheduler(const Limits& limits, std::size_t devices_max, Proof proof)
    : retry_first_(limits.ping_retry_first_ms),
      retry_most_(limits.ping_retry_most_ms),
      attempts_most_(limits.ping_attempts),
      gather_(limits.ping_gather_ms),
      interval_(limits.ping_interval_ms),
      unproven_interval_(limits.ping_unproven_interval_ms),
      per_target_(limits.pings_per_target_per_s),
      address_prefix_bits_(limits.address_prefix_bits),
      devices_max_(devices_max),
      all_(limits.pings_per_s),
      proof_(std::move(proof)) {}

bool WakeScheduler::deliver(const UserAgentId& user_agent, const WakeInterface& wake, Priority priority,
                            MonoTime expires_at, MonoTime now) {
  if (priority == Priority::kPassive || expires_at <= now) return true;
  auto found = devices_.find(user_agent);
  if (found == devices_.end()) {
    if (devices_.size() >= devices_max_) return false;
    found = devices_.emplace(user_agent, Device{}).first;
    found->second.resting = true;
  }
  auto& device = found->second;
  const bool waiting = !device.resting;
  device.expires_at = waiting ? std::max(device.expires_at, expires_at) : expires_at;
  device.wake = wake;
  device.located_at = now;
  device.delivered_at = now;
  device.attempts = 0;
  device.retry_in = retry_first_;
  device.resting = false;
  const auto at = earliest(user_agent, device, priority == Priority::kRealTime ? now : now + gather_);
  if (!waiting || (!device.parked && at < device.next)) plan(user_agent, device, at);
  return true;
}

void WakeScheduler::pulled(const UserAgentId& user_agent, bool anything_left, MonoTime as_of, MonoTime now) {
  const auto found = devices_.find(user_agent);
  if (found == devices_.end() || found->second.resting) return;
  auto& device = found->second;
  if (device.delivered_at >= as_of) return;
  if (!anything_left) return rest(user_agent, device, now);
  device.retry_in = retry_first_;
  plan(user_agent, device, earliest(user_agent, device, now + retry_first_));
}

void WakeScheduler::gone(const UserAgentId& user_agent, MonoTime now) {
  const auto found = devices_.find(user_agent);
  if (found != devices_.end() && !found->second.resting) rest(user_agent, found->second, now);
}

void WakeScheduler::moved(const UserAgentId& user_agent, const WakeInterface& wake, MonoTime now) {
  const auto found = devices_.find(user_agent);
  if (found == devices_.end()) return;
  auto& device = found->second;
  device.wake = wake;
  device.located_at = now;
  device.resting = false;
  if (device.attempts > 0) --device.attempts;
  device.retry_in = retry_first_;
  device.unproven_at = device.unproven_before;
  const bool may_go = device.unproven_at == MonoTime{} || is_proven(user_agent, device);
  plan(user_agent, device, may_go ? now : std::max(now, device.unproven_at + unproven_interval_));
}

std::vector<Ping> WakeScheduler::due(MonoTime now) {
  std::vector<Ping> pings;
  release_targets(now, pings);
  while (!turns_.empty() && turns_.begin()->at <= now && all_.has_room(now)) {
    const auto user_agent = turns_.begin()->user_agent;
    auto& device = devices_.at(user_agent);
    if (device.resting) {
      unplan(user_agent, device);
      devices_.erase(user_agent);
    } else if (device.expires_at <= now) {
      rest(user_agent, device, now);
    } else {
      take_turn(user_agent, device, now, pings);
    }
  }
  return pings;
}

std::optional<MonoTime> WakeScheduler::next_due(MonoTime now) {
  if (turns_.empty() && target_turns_.empty()) return std::nullopt;
  auto at = turns_.empty() ? target_turns_.begin()->first : turns_.begin()->at;
  if (!target_turns_.empty()) at = std::min(at, target_turns_.begin()->first);
  return std::max(at, all_.room_at(now));
}

void WakeScheduler::plan(const UserAgentId& user_agent, Device& device, MonoTime at) {
  unplan(user_agent, device);
  device.next = at;
  device.ticket = ++tickets_;
  turns_.insert({at, device.ticket, user_agent});
}

void WakeScheduler::unplan(const UserAgentId& user_agent, Device& device) {
  turns_.erase({device.next, device.ticket, user_agent});
  device.parked = false;
}

// May end the device's life: nothing of it may be used after.
void WakeScheduler::rest(const UserAgentId& user_agent, Device& device, MonoTime now) {
  const auto until = earliest(user_agent, device, now);
  if (until <= now) {
    unplan(user_agent, device);
    devices_.erase(UserAgentId(user_agent));
    return;
  }
  device.resting = true;
  plan(user_agent, device, until);
}

MonoTime WakeScheduler::earliest(const UserAgentId& user_agent, const Device& device, MonoTime wanted) {
  if (device.pinged_at == MonoTime{}) return wanted;
  const MonoTime at = std::max(wanted, device.pinged_at + interval_);
  if (device.unproven_at == MonoTime{} || is_proven(user_agent, device)) return at;
  return std::max(at, device.unproven_at + unproven_interval_);
}

bool WakeScheduler::is_proven(const UserAgentId& user_agent, const Device& device) {
  if (!proof_) return true;
  const auto known = proven_.find(user_agent);
  if (known != proven_.end() && known->second == device.wake.ip) return true;
  if (device.unproven_at == MonoTime{} || !proof_(user_agent, device.wake, device.unproven_at)) return false;
  proved(user_agent, device.wake.ip);
  return true;
}

void WakeScheduler::proved(const UserAgentId& user_agent, const std::string& ip) {
  if (proven_.size() >= devices_max_ && !proven_.contains(user_agent)) proven_.erase(proven_.begin());
  proven_.insert_or_assign(user_agent, ip);
}

std::optional<WakeInterface> WakeScheduler::pinged_at(const UserAgentId& user_agent) const {
  const auto found = devices_.find(user_agent);
  if (found == devices_.end() || found->second.pinged_at == MonoTime{}) return std::nullopt;
  return found->second.pinged;
}

void WakeScheduler::release_targets(MonoTime now, std::vector<Ping>& pings) {
  while (!target_turns_.empty() && target_turns_.begin()->first <= now && all_.has_room(now)) {
    const auto name = target_turns_.begin()->second;
    auto& target = targets_.at(name);
    release(target, name, now, pings);
    if (!target.parked.empty()) {
      check_target(name, target, std::max(target.window.room_at(now), all_.room_at(now)));
    } else if (!target.window.empty(now)) {
      check_target(name, target, now + kTargetForgottenAfter);
    } else {
      target_turns_.erase(target_turns_.begin());
      targets_.erase(name);
    }
  }
}

void WakeScheduler::release(Target& target, const std::string& name, MonoTime now, std::vector<Ping>& pings) {
  while (!target.parked.empty() && target.window.has_room(now) && all_.has_room(now)) {
    const auto user_agent = target.parked.front();
    target.parked.pop_front();
    const auto found = devices_.find(user_agent);
    if (found == devices_.end() || !found->second.parked) continue;
    auto& device = found->second;
    if (device.expires_at <= now) {
      rest(user_agent, device, now);
    } else if (target_name(device.wake) != name) {
      plan(user_agent, device, now);
    } else {
      ping(user_agent, device, target, now, pings);
    }
  }
}

void WakeScheduler::take_turn(const UserAgentId& user_agent, Device& device, MonoTime now, std::vector<Ping>& pings) {
  const std::string name = target_name(device.wake);
  auto& target = target_of(name, now);
  if (target.parked.empty() && target.window.has_room(now)) return ping(user_agent, device, target, now, pings);
  unplan(user_agent, device);
  device.parked = true;
  target.parked.push_back(user_agent);
  check_target(name, target, target.window.room_at(now));
}

void WakeScheduler::ping(const UserAgentId& user_agent, Device& device, Target& target, MonoTime now,
                         std::vector<Ping>& pings) {
  // Its turn may be from when it was elsewhere, where it had proved itself.
  const MonoTime unproven_until = device.unproven_at + unproven_interval_;
  if (device.unproven_at != MonoTime{} && unproven_until > now && !is_proven(user_agent, device)) {
    return plan(user_agent, device, unproven_until);
  }
  target.window.count(now);
  all_.count(now);
  pings.push_back({user_agent, device.wake, device.located_at});
  device.pinged_at = now;
  device.pinged = device.wake;
  device.unproven_before = device.unproven_at;
  if (!is_proven(user_agent, device)) device.unproven_at = now;
  if (++device.attempts >= attempts_most_) return rest(user_agent, device, now);
  plan(user_agent, device, earliest(user_agent, device, now + device.retry_in));
  device.retry_in = std::min(device.retry_in * 2, retry_most_);
}

std::string WakeScheduler::target_name(const WakeInterface& wake) const {
  const auto ip = transport::IpAddress::parse(wake.ip);
  return ip ? ip->client_network(address_prefix_bits_).to_string() : wake.ip;
}

WakeScheduler::Target& WakeScheduler::target_of(const std::string& name, MonoTime now) {
  const auto [at, fresh] = targets_.try_emplace(name, per_target_);
  if (fresh) check_target(name, at->second, now + kTargetForgottenAfter);
  return at->second;
}

void WakeScheduler::check_target(const std::string& name, Target& target, MonoTime at) {
  target_turns_.erase({target.check_at, name});
  target.check_at = at;
  target_turns_.emplace(at, name);
}

}  // namespace herald::roles::user_agent_udp
