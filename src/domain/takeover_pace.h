#pragma once
// Slows down devices that are taken over again and again: two clients with one token would take the connection from
// each other for ever, as fast as they reconnect.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <unordered_map>

#include "base/limits.h"
#include "base/time.h"
#include "domain/ids.h"

namespace herald {

// One for a whole server, since a device's next connection may come to another loop. Any thread; a call holds a lock
// for some hundred nanoseconds. Remembers at most kDevicesMax devices: the one taken over longest ago makes room.
class TakeoverPace {
 public:
  static constexpr std::size_t kDevicesMax = 10'000;

  // `at_once`: take-overs within a minute that cost nothing. `delay_max`: 0: nothing is slowed down.
  TakeoverPace(std::uint64_t at_once, std::chrono::milliseconds delay_max) : at_once_(at_once), delay_max_(delay_max) {}
  explicit TakeoverPace(const Limits& limits)
      : TakeoverPace(limits.takeovers_at_once, std::chrono::milliseconds(limits.takeover_delay_max_ms)) {}

  // A connection took `user_agent` over from another one.
  void taken_over(const UserAgentId& user_agent, MonoTime now);
  // How long a further connection of `user_agent` must wait before it becomes the device's: 0, or a second, doubling
  // with each take-over past `at_once` up to `delay_max`. A minute without a take-over forgets them all.
  [[nodiscard]] std::chrono::milliseconds delay(const UserAgentId& user_agent, MonoTime now) const;

 private:
  struct Device {
    UserAgentId user_agent;
    std::uint64_t count = 0;
    MonoTime last;
  };
  using Devices = std::list<Device>;  // the latest first

  const std::uint64_t at_once_;
  const std::chrono::milliseconds delay_max_;
  mutable std::mutex mutex_;
  Devices devices_;
  std::unordered_map<UserAgentId, Devices::iterator, IdHash> by_id_;
};

}  // namespace herald
