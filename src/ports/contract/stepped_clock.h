#pragma once
// A clock for tests of what runs on threads and real time: real time, and steps of the test's own.

#include <atomic>
#include <chrono>
#include <cstdint>

#include "base/time.h"

namespace herald::ports::contract {

class SteppedClock final : public Clock {
 public:
  [[nodiscard]] WallTime wall() const override { return real_.wall(); }
  [[nodiscard]] MonoTime mono() const override { return real_.mono() + std::chrono::nanoseconds(ahead_ns_.load()); }
  // Any thread.
  void step(std::chrono::nanoseconds by) { ahead_ns_ += by.count(); }

 private:
  const SystemClock real_;
  std::atomic<std::int64_t> ahead_ns_{0};
};

}  // namespace herald::ports::contract
