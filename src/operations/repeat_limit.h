#pragma once
// Lets a repeated event into the log a few times per interval and counts the rest, so that a flood can't fill a disk.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace herald::operations {

// Not thread-safe.
class RepeatLimit {
 public:
  // `most` entries of one event in each `interval`, which starts with the event's first entry.
  RepeatLimit(std::uint64_t most, std::chrono::milliseconds interval) : most_(most), interval_(interval) {}

  // Nothing if this entry must stay out. Else how many entries of this event stayed out since the last one let in.
  [[nodiscard]] std::optional<std::uint64_t> admit(std::string_view event, MonoTime now);

  // How many entries stayed out and were not told by admit() yet, by event; counts them as told.
  [[nodiscard]] std::map<std::string, std::uint64_t> take_untold();

 private:
  struct Seen {
    MonoTime interval_start;
    std::uint64_t admitted = 0;
    std::uint64_t untold = 0;
  };
  Seen& seen(std::string_view event, MonoTime now);

  std::uint64_t most_;
  std::chrono::milliseconds interval_;
  std::map<std::string, Seen, std::less<>> events_;
};

}  // namespace herald::operations
