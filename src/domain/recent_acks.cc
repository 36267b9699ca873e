#include "domain/recent_acks.h"

#include <algorithm>
#include <cstdint>
#include <span>

namespace herald {

RecentAcks::RecentAcks(std::size_t entries_max)
    : entries_per_place_(std::min(entries_max, kEntriesPerPlace)),
      places_(entries_max == 0 ? 0 : entries_max / entries_per_place_) {}

bool RecentAcks::Place::holds(const Entry& entry) const {
  const auto held = std::span(entries).first(size);
  return std::ranges::find(held, entry) != held.end();
}

std::size_t RecentAcks::place_of(const Entry& entry) const {
  // Fibonacci hashing: the upper bits depend on all bits of both ids.
  constexpr std::uint64_t kGoldenRatio = 0x9e37'79b9'7f4a'7c15;
  const std::uint64_t mixed = (IdHash{}(entry.user_agent) * 31 + IdHash{}(entry.message)) * kGoldenRatio;
  return (mixed >> 32) % places_.size();
}

void RecentAcks::add(const UserAgentId& user_agent, const MessageId& message) {
  if (places_.empty()) return;
  const Entry entry{user_agent, message};
  Place& place = places_[place_of(entry)];
  std::lock_guard lock(place.mutex);
  if (place.holds(entry)) return;
  if (place.size < entries_per_place_) {
    place.entries[place.size++] = entry;
    return;
  }
  place.entries[place.oldest] = entry;
  place.oldest = (place.oldest + 1) % entries_per_place_;
}

bool RecentAcks::contains(const UserAgentId& user_agent, const MessageId& message) const {
  if (places_.empty()) return false;
  const Entry entry{user_agent, message};
  const Place& place = places_[place_of(entry)];
  std::lock_guard lock(place.mutex);
  return place.holds(entry);
}

void RecentAcks::forget_all() {
  for (Place& place : places_) {
    std::lock_guard lock(place.mutex);
    place.size = 0;
    place.oldest = 0;
  }
}

}  // namespace herald
