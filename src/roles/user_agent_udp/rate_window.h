#pragma once
// At most `most` events in any second, counted in slots of 100 ms.

#include <array>
#include <chrono>
#include <cstdint>

#include "base/time.h"

namespace herald::roles::user_agent_udp {

class RateWindow {
 public:
  explicit RateWindow(std::uint64_t most) : most_(most) {}

  [[nodiscard]] bool has_room(MonoTime now) {
    forget_before(now);
    return sum_ < most_;
  }
  void count(MonoTime now) {
    forget_before(now);
    ++slots_[slot_of(now) % kSlots];
    ++sum_;
  }
  // The first instant with room again, if nothing more is counted.
  [[nodiscard]] MonoTime room_at(MonoTime now) {
    if (has_room(now)) return now;
    std::uint64_t sum = sum_;
    auto slot = newest_ - (kSlots - 1);
    for (; sum >= most_; ++slot) sum -= slots_[slot % kSlots];
    // Slot x leaves the window kSlots slots later, and slot_of() counts from kSlots.
    return {static_cast<std::int64_t>(slot - 1) * kSlotNs};
  }
  [[nodiscard]] bool empty(MonoTime now) {
    forget_before(now);
    return sum_ == 0;
  }

 private:
  // One more than a second has, so that the window covers a whole second wherever in its slot `now` lies.
  static constexpr std::uint64_t kSlots = 11;
  static constexpr std::int64_t kSlotNs = 100'000'000;

  static std::uint64_t slot_of(MonoTime t) { return static_cast<std::uint64_t>(t.ns / kSlotNs) + kSlots; }

  void forget_before(MonoTime now) {
    const auto slot = slot_of(now);
    if (slot <= newest_) return;
    if (slot - newest_ >= kSlots) {
      slots_.fill(0);
      sum_ = 0;
      newest_ = slot;
    }
    while (newest_ < slot) {
      auto& oldest = slots_[++newest_ % kSlots];
      sum_ -= oldest;
      oldest = 0;
    }
  }

  std::uint64_t most_;
  std::uint64_t sum_ = 0;
  std::uint64_t newest_ = kSlots;
  std::array<std::uint32_t, kSlots> slots_{};
};

}  // namespace herald::roles::user_agent_udp
