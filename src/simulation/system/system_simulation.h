#pragma once
// Herald as a whole: every role, on the doubles of the store and the queue (docs/simulation.md).

#include "simulation/simulation.h"

namespace herald::simulation {

class SystemSimulation final : public Simulation {
 public:
  [[nodiscard]] std::string_view name() const override { return "system"; }
  [[nodiscard]] std::vector<std::string_view> faults() const override;
  [[nodiscard]] std::optional<std::string> run(Choices& choices, Trace& trace) override;
};

}  // namespace herald::simulation
