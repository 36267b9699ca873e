#pragma once
// Intended start times of an open loop. They depend on nothing that happens: a server that stalls does not stop the
// clock, and what had to wait counts from when it should have started.

#include <cstdint>

#include "base/time.h"

namespace herald::load {

class Schedule {
 public:
  // `per_second` > 0 starts a second, the first at `start`.
  Schedule(MonoTime start, double per_second) : start_(start), per_second_(per_second) {}

  // When the next one should start.
  [[nodiscard]] MonoTime next() const {
    return start_ +
           std::chrono::nanoseconds(static_cast<std::int64_t>(static_cast<double>(taken_) * 1e9 / per_second_));
  }
  void take() { ++taken_; }
  [[nodiscard]] std::uint64_t taken() const { return taken_; }

 private:
  MonoTime start_;
  double per_second_;
  std::uint64_t taken_ = 0;
};

}  // namespace herald::load
