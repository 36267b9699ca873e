#pragma once
// How long to wait before trying again: doubles from the first wait to the longest, until something works.

#include <algorithm>
#include <chrono>

namespace herald::roles::monitor {

class BackOff {
 public:
  BackOff(std::chrono::milliseconds first, std::chrono::milliseconds most) : first_(first), most_(most), next_(first) {}

  [[nodiscard]] std::chrono::milliseconds next() {
    const auto wait = next_;
    next_ = std::min(next_ * 2, most_);
    return wait;
  }
  void reset() { next_ = first_; }

 private:
  std::chrono::milliseconds first_;
  std::chrono::milliseconds most_;
  std::chrono::milliseconds next_;
};

}  // namespace herald::roles::monitor
