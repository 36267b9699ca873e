#include "operations/repeat_limit.h"

#include <cstddef>
#include <utility>

namespace herald::operations {

namespace {
// Events are constants of the program, far fewer than this; a caller that makes them up shares one allowance.
constexpr std::size_t kMostEvents = 1'000;
constexpr std::string_view kOtherEvents = "other events";
}  // namespace

RepeatLimit::Seen& RepeatLimit::seen(std::string_view event, MonoTime now) {
  const std::string_view name = events_.size() < kMostEvents || events_.contains(event) ? event : kOtherEvents;
  auto found = events_.find(name);
  if (found == events_.end()) found = events_.emplace(std::string(name), Seen{.interval_start = now}).first;
  return found->second;
}

std::optional<std::uint64_t> RepeatLimit::admit(std::string_view event, MonoTime now) {
  Seen& event_seen = seen(event, now);
  if (now - event_seen.interval_start >= interval_) {
    event_seen.interval_start = now;
    event_seen.admitted = 0;
  }
  if (event_seen.admitted >= most_) {
    ++event_seen.untold;
    return std::nullopt;
  }
  ++event_seen.admitted;
  return std::exchange(event_seen.untold, 0);
}

std::map<std::string, std::uint64_t> RepeatLimit::take_untold() {
  std::map<std::string, std::uint64_t> out;
  for (auto& [event, event_seen] : events_) {
    if (const auto untold = std::exchange(event_seen.untold, 0); untold > 0) out.emplace(event, untold);
  }
  return out;
}

}  // namespace herald::operations
