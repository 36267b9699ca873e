#pragma once
// Randomness as a constructor argument.

#include <cstddef>
#include <cstdint>
#include <span>

namespace herald {

class RandomSource {
 public:
  virtual ~RandomSource() = default;
  // Fills `out` completely. Never fails (the system source aborts if the kernel has no randomness).
  virtual void fill(std::span<std::uint8_t> out) = 0;
};

// Cryptographic randomness of the kernel. Thread-safe.
class SystemRandom final : public RandomSource {
 public:
  void fill(std::span<std::uint8_t> out) override;
};

// Repeatable bytes for tests (SplitMix64 of a seed); not secret. Not thread-safe.
class SeededRandom final : public RandomSource {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  void fill(std::span<std::uint8_t> out) override;

 private:
  std::uint64_t state_;
};

}  // namespace herald
