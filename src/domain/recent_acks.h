#pragma once
// The deliveries that devices acked a moment ago, so that they are not given out again while the delivery manager still
// writes. Bounded: of those that share a place the oldest is forgotten, and then a message may be repeated, as delivery
// at least once allows.

#include <array>
#include <cstddef>
#include <cstdint>
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
  // What is looked at for nearly every delivery fills one cache line; the entries follow it.
  struct alignas(64) Place {
    mutable std::mutex mutex;
    std::uint8_t size = 0;
    std::uint8_t oldest = 0;                            // where the next one goes, once the place is full
    std::array<std::uint8_t, kEntriesPerPlace> tags{};  // a byte of each entry's hash
    std::array<Entry, kEntriesPerPlace> entries;

    [[nodiscard]] bool holds(const Entry& entry, std::uint8_t tag) const;
    void put(std::size_t at, const Entry& entry, std::uint8_t tag);
  };

  [[nodiscard]] std::size_t place_of(std::uint64_t hash) const { return (hash >> 32) % places_.size(); }

  std::size_t entries_per_place_;
  std::vector<Place> places_;
};

}  // namespace herald
