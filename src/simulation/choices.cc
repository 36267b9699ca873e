#include "simulation/choices.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace herald::simulation {

Choices Choices::from_seed(std::uint64_t seed) {
  Choices choices;
  choices.state_ = seed;
  return choices;
}

Choices Choices::from_record(std::vector<std::uint32_t> record) {
  Choices choices;
  choices.replays_ = true;
  choices.source_ = std::move(record);
  return choices;
}

// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
std::uint64_t Choices::random() {
  state_ += 0x9E3779B97F4A7C15U;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31U);
}

std::uint32_t Choices::replayed() {
  return next_ < source_.size() ? source_[next_++] : 0;
}

std::uint32_t Choices::note(std::uint32_t value) {
  record_.push_back(value);
  return value;
}

std::uint32_t Choices::below(std::uint32_t n) {
  if (n <= 1) return 0;
  if (replays_) return note(std::min(replayed(), n - 1));
  return note(static_cast<std::uint32_t>(((random() >> 32U) * n) >> 32U));
}

// Recorded as 0 or 1, so that a shrunk record stays readable.
bool Choices::chance(std::uint32_t per_thousand) {
  if (per_thousand == 0) return false;
  if (replays_) return note(replayed() != 0 ? 1 : 0) != 0;
  return note(((random() >> 32U) * 1000) >> 32U < per_thousand ? 1 : 0) != 0;
}

std::uint32_t Choices::weighted(std::span<const std::uint32_t> weights) {
  const auto last = static_cast<std::uint32_t>(weights.size() - 1);
  if (replays_) return note(std::min(replayed(), last));
  const auto total = std::accumulate(weights.begin(), weights.end(), std::uint64_t{0});
  std::uint64_t drawn = ((random() >> 32U) * total) >> 32U;
  for (std::uint32_t i = 0; i < last; ++i) {
    if (drawn < weights[i]) return note(i);
    drawn -= weights[i];
  }
  return note(total == 0 ? 0 : last);
}

}  // namespace herald::simulation
