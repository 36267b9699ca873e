#include "base/random.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/check.h"

namespace herald {

namespace {

// A thread's randomness in store: a system call for each message id would cost half a microsecond.
struct Reserve {
  static constexpr std::size_t kBytes = 512;
  std::array<std::uint8_t, kBytes> bytes{};
  std::size_t left = 0;
};
thread_local Reserve reserve;

void fill_from_kernel(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    const ssize_t n = ::getrandom(out.data(), out.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    HERALD_CHECK(n > 0, "the kernel has no randomness");
    out = out.subspan(static_cast<std::size_t>(n));
  }
}

}  // namespace

// What was given out is wiped from the reserve.
void SystemRandom::fill(std::span<std::uint8_t> out) {
  if (out.size() > Reserve::kBytes / 8) return fill_from_kernel(out);
  if (reserve.left < out.size()) {
    fill_from_kernel(reserve.bytes);
    reserve.left = Reserve::kBytes;
  }
  const auto taken = std::span(reserve.bytes).subspan(Reserve::kBytes - reserve.left, out.size());
  std::ranges::copy(taken, out.begin());
  std::ranges::fill(taken, std::uint8_t{0});
  reserve.left -= out.size();
}

void SeededRandom::fill(std::span<std::uint8_t> out) {
  for (auto& byte : out) {
    state_ += 0x9E3779B97F4A7C15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    byte = static_cast<std::uint8_t>(z >> 56);
  }
}

}  // namespace herald
