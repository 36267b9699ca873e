#pragma once
// The time of a simulated world. It stands still until it is moved.

#include <chrono>

#include "base/time.h"

namespace herald::simulation {

class WorldClock final : public Clock {
 public:
  [[nodiscard]] WallTime wall() const override { return wall_; }
  [[nodiscard]] MonoTime mono() const override { return mono_; }

  // Time passes.
  void advance(std::chrono::microseconds time) {
    mono_ = mono_ + time;
    const auto passed = rest_ + time;
    wall_ = wall_ + std::chrono::floor<std::chrono::milliseconds>(passed);
    rest_ = passed - std::chrono::floor<std::chrono::milliseconds>(passed);
  }
  // Someone sets the time of day; time itself does not pass.
  void set_ahead(std::chrono::milliseconds by) { wall_ = wall_ + by; }

 private:
  WallTime wall_{1'700'000'000'000};
  MonoTime mono_{1'000'000'000};
  std::chrono::microseconds rest_{0};
};

}  // namespace herald::simulation
