#pragma once
// The one source of chance of a simulated run. Every choice is recorded, so that a run can be repeated from its record
// alone, and the record can be shrunk. 0 is always the tamest choice: no fault, no delay, the first candidate.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace herald::simulation {

class Choices {
 public:
  [[nodiscard]] static Choices from_seed(std::uint64_t seed);
  // Answers what `record` holds, each value cut to its range, and 0 past the end.
  [[nodiscard]] static Choices from_record(std::vector<std::uint32_t> record);

  // A number in [0, n); 0 for n = 0.
  std::uint32_t below(std::uint32_t n);
  // True `per_thousand` times in a thousand.
  bool chance(std::uint32_t per_thousand);
  // An index into `weights`, drawn in proportion to them. Put the tamest first. 0 if all weights are 0.
  std::uint32_t weighted(std::span<const std::uint32_t> weights);
  template <class T>
  [[nodiscard]] const T& one_of(const std::vector<T>& candidates) {
    return candidates[below(static_cast<std::uint32_t>(candidates.size()))];
  }

  // Says that the choices from here on belong to a new step: the shrinker tries to leave out whole steps.
  void begin_step() { steps_.push_back(record_.size()); }

  // What was answered so far.
  [[nodiscard]] const std::vector<std::uint32_t>& record() const { return record_; }
  // Where each step began in record().
  [[nodiscard]] const std::vector<std::size_t>& steps() const { return steps_; }

 private:
  Choices() = default;
  // `value` in the record's form.
  std::uint32_t note(std::uint32_t value);
  [[nodiscard]] std::uint64_t random();
  // The next value of the record that is replayed.
  [[nodiscard]] std::uint32_t replayed();

  bool replays_ = false;
  std::uint64_t state_ = 0;
  std::vector<std::uint32_t> source_;
  std::size_t next_ = 0;
  std::vector<std::uint32_t> record_;
  std::vector<std::size_t> steps_;
};

}  // namespace herald::simulation
