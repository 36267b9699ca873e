#pragma once
// When to ping which sleeping device. Pure: time is an argument, and nothing is sent.
//
// Priority 1 pings at once; 2 waits up to ping_gather_ms for company; 3 never wakes by itself. One ping stands for all
// messages of a device. It is repeated after ping_retry_first_ms, doubling to ping_retry_most_ms, up to ping_attempts
// pings, until the device pulls or acks, or all messages that woke it have expired. Never more than one ping of a
// device in ping_interval_ms, pings_per_target_per_s to one client network, pings_per_s in all; what is above waits its
// turn. A device that has not proved that its first ping at an address reached it gets one in
// ping_unproven_interval_ms.

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/limits.h"
#include "base/time.h"
#include "domain/ids.h"
#include "domain/location.h"
#include "domain/message.h"
#include "roles/user_agent_udp/rate_window.h"

namespace herald::roles::user_agent_udp {

struct Ping {
  UserAgentId user_agent;
  WakeInterface wake;
  MonoTime located_at;  // when `wake` was last known to be right
};

// Times given must never go back.
class WakeScheduler {
 public:
  // Whether the device was heard from where `wake` leads, since then. Empty: no device need prove anything.
  using Proof = std::function<bool(const UserAgentId&, const WakeInterface& wake, MonoTime since)>;

  // Knows at most `devices_max` devices.
  WakeScheduler(const Limits& limits, std::size_t devices_max, Proof proof = {});

  // A message waits for the device. False: too many devices are known already; ask again later.
  [[nodiscard]] bool deliver(const UserAgentId& user_agent, const WakeInterface& wake, Priority priority,
                             MonoTime expires_at, MonoTime now);
  // The device pulled, with an answer that was true at `as_of`. With messages left it is given ping_retry_first_ms to
  // ack them before the next ping, of the same budget; with nothing left the pings end. What was delivered at or after
  // `as_of` may not have been in the answer and keeps its ping.
  void pulled(const UserAgentId& user_agent, bool anything_left, MonoTime as_of, MonoTime now);
  // The device knows what was in a ping to `ip`.
  void proved(const UserAgentId& user_agent, const std::string& ip);
  // Where the device was pinged last; nullopt: it is not known any more.
  [[nodiscard]] std::optional<WakeInterface> pinged_at(const UserAgentId& user_agent) const;
  // The device sleeps no more, or nothing waits for it.
  void gone(const UserAgentId& user_agent, MonoTime now);
  // The device listens elsewhere now: the ping just given out went nowhere, and is given out again.
  void moved(const UserAgentId& user_agent, const WakeInterface& wake, MonoTime now);

  // The pings to send now, those that waited longest first.
  [[nodiscard]] std::vector<Ping> due(MonoTime now);
  // When to ask again; nullopt: nothing waits.
  [[nodiscard]] std::optional<MonoTime> next_due(MonoTime now);

  [[nodiscard]] std::size_t devices() const { return devices_.size(); }

 private:
  // Orders by time, then by who asked first.
  struct Turn {
    MonoTime at;
    std::uint64_t ticket;
    UserAgentId user_agent;
    auto operator<=>(const Turn&) const = default;
  };
  struct Device {
    WakeInterface wake;
    MonoTime next;
    MonoTime expires_at;  // of the last of the messages that wake it
    MonoTime delivered_at;
    MonoTime located_at;
    MonoTime pinged_at;    // 0: never
    WakeInterface pinged;  // where that was
    // Of the last ping that no proof stood behind, and of the one before; 0: none.
    MonoTime unproven_at;
    MonoTime unproven_before;
    std::uint64_t ticket = 0;
    std::chrono::milliseconds retry_in{0};
    std::uint32_t attempts = 0;
    bool resting = false;  // known only so that ping_interval_ms holds
    bool parked = false;   // waits for room at its address instead of in turns_
  };
  // One IPv4 address or IPv6 network, while it was pinged within a second or has devices waiting for it.
  struct Target {
    explicit Target(std::uint64_t most) : window(most) {}
    RateWindow window;
    std::deque<UserAgentId> parked;
    MonoTime check_at;  // its place in target_turns_
  };
  using Devices = std::unordered_map<UserAgentId, Device, IdHash>;

  void plan(const UserAgentId& user_agent, Device& device, MonoTime at);
  void unplan(const UserAgentId& user_agent, Device& device);
  void rest(const UserAgentId& user_agent, Device& device, MonoTime now);
  [[nodiscard]] MonoTime earliest(const UserAgentId& user_agent, const Device& device, MonoTime wanted);
  [[nodiscard]] bool is_proven(const UserAgentId& user_agent, const Device& device);
  void release_targets(MonoTime now, std::vector<Ping>& pings);
  void release(Target& target, const std::string& name, MonoTime now, std::vector<Ping>& pings);
  void take_turn(const UserAgentId& user_agent, Device& device, MonoTime now, std::vector<Ping>& pings);
  void ping(const UserAgentId& user_agent, Device& device, Target& target, MonoTime now, std::vector<Ping>& pings);
  // The client network (limits.def, address_prefix_bits) that `wake` is in.
  [[nodiscard]] std::string target_name(const WakeInterface& wake) const;
  Target& target_of(const std::string& name, MonoTime now);
  void check_target(const std::string& name, Target& target, MonoTime at);

  std::chrono::milliseconds retry_first_;
  std::chrono::milliseconds retry_most_;
  std::uint64_t attempts_most_;
  std::chrono::milliseconds gather_;
  std::chrono::milliseconds interval_;
  std::chrono::milliseconds unproven_interval_;
  std::uint64_t per_target_;
  std::uint64_t address_prefix_bits_;
  std::size_t devices_max_;
  RateWindow all_;
  std::uint64_t tickets_ = 0;
  Proof proof_;
  Devices devices_;
  std::unordered_map<UserAgentId, std::string, IdHash> proven_;  // at which address; at most devices_max
  std::set<Turn> turns_;
  std::unordered_map<std::string, Target> targets_;
  std::set<std::pair<MonoTime, std::string>> target_turns_;
};

}  // namespace herald::roles::user_agent_udp
