#pragma once
// The deliveries that devices acked a moment ago, so that they are not given out again while the delivery manager still
// writes. Bounded: of those that share a place the oldest is forgotten, and then a message may be repeated, as delivery
// at least once allows.

#include <array>
#include <cstddef>
#include <mutex>
#include <vector>

#include "domain/ids.h"

namespace herald {

// One for a whole server, since a device that comes back may come to another loop. Any thread; a call holds a lock that
// it shares with few other deliveries, for some ten nanoseconds.
class RecentAcks {
 public:
  // Remembers at most `entries_max`; up to 16 exactly, more in places of 16 each. 0: none.
  explicit RecentAcks(std::size_t entries_max);

  void add(const UserAgentId& user_agent, const MessageId& message);
  [[nodiscard]] bool contains(const UserAgentId& user_agent, const MessageId& message) const;
  // Acks may have been lost on their way to the delivery manager: devices are to be asked again.
  void forget_all();

 private:
  static constexpr std::size_t kEntriesPerPlace = 16;
  struct Entry {
    UserAgentId user_agent;
    MessageId message;
    bool operator==(const Entry&) const = default;
  };
  struct Place {
    mutable std::mutex mutex;
    std::size_t size = 0;
    std::size_t oldest = 0;  // where the next one goes, once the place is full
    std::array<Entry, kEntriesPerPlace> entries;

    [[nodiscard]] bool holds(const Entry& entry) const;
  };

  [[nodiscard]] std::size_t place_of(const Entry& entry) const;

  std::size_t entries_per_place_;
  std::vector<Place> places_;
};

}  // namespace herald
