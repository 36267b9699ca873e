#pragma once
// How fast a stopping server sends its devices away: a few at a time, so that they do not all come back at once
// somewhere else, and never longer than a deadline.

#include <chrono>
#include <cstdint>

#include "base/time.h"

namespace herald::operations {

// Not thread-safe. One for each event loop, with the loop's share of the rate, or one for all.
class Drain {
 public:
  // Limits drain_closes_per_s and drain_timeout_ms; `started` is when the drain began.
  Drain(std::uint64_t closes_per_s, std::chrono::milliseconds timeout, MonoTime started)
      : closes_per_s_(closes_per_s), timeout_(timeout), started_(started) {}

  // How many of the `open` connections to close now; counts them as closed. All of them once the deadline has passed.
  // A connection that leaves by itself is not counted, and slows nobody down.
  [[nodiscard]] std::uint64_t closes_due(MonoTime now, std::uint64_t open);

  // True when nothing is open any more, or the deadline has passed.
  [[nodiscard]] bool is_over(MonoTime now, std::uint64_t open) const { return open == 0 || is_late(now); }

 private:
  [[nodiscard]] bool is_late(MonoTime now) const { return now - started_ >= timeout_; }

  std::uint64_t closes_per_s_;
  std::chrono::milliseconds timeout_;
  MonoTime started_;
  std::uint64_t closed_ = 0;
};

}  // namespace herald::operations
