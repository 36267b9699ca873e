#pragma once
// How long to wait before the next attempt: doubles up to the longest, each drawn from its upper half, so that many
// processes which lost one broker at once do not come back at once.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>

#include "base/random.h"

namespace herald::adapters {

class BackOff {
 public:
  using milliseconds = std::chrono::milliseconds;

  // `random` must outlive it.
  BackOff(milliseconds first, milliseconds most, RandomSource& random)
      : first_(first), most_(std::max(first, most)), next_(first), random_(random) {}

  // Between half of the present wait and all of it.
  [[nodiscard]] milliseconds next() {
    const milliseconds wait = next_;
    next_ = std::min(next_ * 2, most_);
    std::array<std::uint8_t, 2> bytes{};
    random_.fill(bytes);
    const auto part = static_cast<milliseconds::rep>(bytes[0]) * 256 + bytes[1];
    return wait / 2 + (wait - wait / 2) * part / 65'535;
  }
  void reset() { next_ = first_; }

 private:
  milliseconds first_;
  milliseconds most_;
  milliseconds next_;
  RandomSource& random_;
};

}  // namespace herald::adapters
