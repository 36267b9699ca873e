#pragma once
// Makes the record of a failing run smaller while it still breaks the same rule.

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "simulation/outcome.h"

namespace herald::simulation {

class Shrinker {
 public:
  // Runs a record; answers the outcome.
  using Attempt = std::function<Outcome(const std::vector<std::uint32_t>&)>;
  // True: stop now, whatever was reached.
  using Enough = std::function<bool()>;

  // `failing` has a violation and its record.
  Shrinker(Attempt attempt, Enough enough, Outcome failing);

  // The smallest failing outcome found: fewest steps, then fewest choices, then smallest numbers.
  [[nodiscard]] Outcome shrink();
  [[nodiscard]] std::uint64_t attempts() const { return attempts_; }

 private:
  // Takes `record` if it still breaks the rule and is smaller.
  bool accept(std::vector<std::uint32_t> record);
  bool leave_out_steps();
  bool leave_out_choices();
  bool lower_choices();
  bool zero_ranges();

  Attempt attempt_;
  Enough enough_;
  Outcome best_;
  std::uint64_t attempts_ = 0;
};

}  // namespace herald::simulation
