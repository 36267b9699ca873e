#pragma once
// Time as values. Wall time is for what leaves the process (expiry, receipts); monotonic time is for time-outs.

#include <chrono>
#include <compare>
#include <cstdint>

namespace herald {

// Milliseconds since the Unix epoch, UTC.
struct WallTime {
  std::int64_t ms = 0;
  auto operator<=>(const WallTime&) const = default;
};

inline WallTime operator+(WallTime t, std::chrono::milliseconds d) {
  return {t.ms + d.count()};
}
inline WallTime operator-(WallTime t, std::chrono::milliseconds d) {
  return {t.ms - d.count()};
}
inline std::chrono::milliseconds operator-(WallTime a, WallTime b) {
  return std::chrono::milliseconds(a.ms - b.ms);
}

// Nanoseconds of a clock that never steps; only differences mean anything.
struct MonoTime {
  std::int64_t ns = 0;
  auto operator<=>(const MonoTime&) const = default;
};

inline MonoTime operator+(MonoTime t, std::chrono::nanoseconds d) {
  return {t.ns + d.count()};
}
inline std::chrono::nanoseconds operator-(MonoTime a, MonoTime b) {
  return std::chrono::nanoseconds(a.ns - b.ns);
}

// The one door to the time of day. Implementations are thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual WallTime wall() const = 0;
  [[nodiscard]] virtual MonoTime mono() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] WallTime wall() const override;
  [[nodiscard]] MonoTime mono() const override;
};

// A clock for tests: stands still until advanced; wall and mono advance together. Not thread-safe.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(WallTime start = {1'700'000'000'000}) : wall_(start) {}
  [[nodiscard]] WallTime wall() const override { return wall_; }
  [[nodiscard]] MonoTime mono() const override { return mono_; }
  void advance(std::chrono::milliseconds d) {
    wall_ = wall_ + d;
    mono_ = mono_ + d;
  }

 private:
  WallTime wall_;
  MonoTime mono_{1'000'000'000};
};

}  // namespace herald
