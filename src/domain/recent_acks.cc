#include "domain/recent_acks.h"

#include <algorithm>

#include "base/planted.h"

namespace herald {

namespace {

// Fibonacci hashing: the upper bits depend on all bits of both ids.
std::uint64_t hash_of(const UserAgentId& user_agent, const MessageId& message) {
  constexpr std::uint64_t kGoldenRatio = 0x9e37'79b9'7f4a'7c15;
  return (IdHash{}(user_agent) * 31 + IdHash{}(message)) * kGoldenRatio;
}

std::uint8_t tag_of(std::uint64_t hash) {
  return static_cast<std::uint8_t>(hash >> 24);
}

}  // namespace

RecentAcks::RecentAcks(std::size_t entries_max)
    : entries_per_place_(std::min(entries_max, kEntriesPerPlace)),
      places_(entries_max == 0 ? 0 : entries_max / entries_per_place_) {}

bool RecentAcks::Place::holds(const Entry& entry, std::uint8_t tag) const {
  for (std::size_t i = 0; i < size; ++i) {
    if (tags[i] == tag && entries[i] == entry) return true;
  }
  return false;
}

void RecentAcks::Place::put(std::size_t at, const Entry& entry, std::uint8_t tag) {
  entries[at] = entry;
  tags[at] = tag;
}

void RecentAcks::add(const UserAgentId& user_agent, const MessageId& message) {
  if (places_.empty()) return;
  const Entry entry{user_agent, message};
  const std::uint64_t hash = hash_of(user_agent, message);
  Place& place = places_[place_of(hash)];
  std::lock_guard lock(place.mutex);
  if (place.holds(entry, tag_of(hash))) return;
  if (place.size < entries_per_place_) return place.put(place.size++, entry, tag_of(hash));
  place.put(place.oldest, entry, tag_of(hash));
  place.oldest = static_cast<std::uint8_t>((place.oldest + 1U) % entries_per_place_);
}

bool RecentAcks::contains(const UserAgentId& user_agent, const MessageId& message) const {
  if (places_.empty()) return false;
  const std::uint64_t hash = hash_of(user_agent, message);
  const Place& place = places_[place_of(hash)];
  std::lock_guard lock(place.mutex);
  return place.holds({user_agent, message}, tag_of(hash));
}

void RecentAcks::forget_all() {
  if (planted::is(planted::Fault::kAcksAreNeverForgotten)) return;
  for (Place& place : places_) {
    std::lock_guard lock(place.mutex);
    place.size = 0;
    place.oldest = 0;
  }
}

}  // namespace herald
