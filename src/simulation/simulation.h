#pragma once
// A simulation: a world, a workload and the rules that must hold, run in one thread from one source of choices.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "simulation/choices.h"
#include "simulation/trace.h"

namespace herald::simulation {

class Simulation {
 public:
  virtual ~Simulation() = default;
  // Lower-case; names it on the command line and in schedule files.
  [[nodiscard]] virtual std::string_view name() const = 0;
  // Every fault that it can inject, as passed to Trace::fault(). A long run in which one never happens has failed.
  [[nodiscard]] virtual std::vector<std::string_view> faults() const = 0;
  // Runs one schedule. Answers the violation of a rule, as "rule: what happened", or nothing. Depends on nothing but
  // `choices`: neither on the runs before it in this process nor on time. A broken HERALD_CHECK counts as a violation.
  [[nodiscard]] virtual std::optional<std::string> run(Choices& choices, Trace& trace) = 0;
};

// Every simulation of this program, from simulations.cc.
[[nodiscard]] std::vector<std::unique_ptr<Simulation>> all_simulations();

}  // namespace herald::simulation
