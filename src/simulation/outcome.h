#pragma once
// One run of one schedule, and what came of it.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "simulation/simulation.h"

namespace herald::simulation {

// Where a run's choices come from: a seed, or the record of an earlier run.
using Source = std::variant<std::uint64_t, std::vector<std::uint32_t>>;

struct Outcome {
  std::uint64_t seed = 0;  // 0 if the source was a record
  std::optional<std::string> violation;
  std::uint64_t hash = 0;
  std::uint64_t events = 0;
  std::map<std::string, std::uint64_t, std::less<>> faults;  // how often each was injected
  // The rest only after a violation.
  std::vector<std::uint32_t> record;
  std::vector<std::size_t> steps;  // where each step begins in `record`
  std::vector<std::string> last_events;
};

// Runs one schedule in this process.
[[nodiscard]] Outcome run_once(Simulation& simulation, const Source& source, Trace::Text text = Trace::Text::kLast);

// The part of a violation's text before the first colon: the rule that was broken.
[[nodiscard]] std::string_view rule_of(std::string_view violation);

}  // namespace herald::simulation
