#pragma once
// The embedded store alone on a simulated disk, against a model of plain maps.

#include "simulation/simulation.h"

namespace herald::simulation {

class StoreSimulation final : public Simulation {
 public:
  [[nodiscard]] std::string_view name() const override { return "store"; }
  [[nodiscard]] std::vector<std::string_view> faults() const override;
  [[nodiscard]] std::optional<std::string> run(Choices& choices, Trace& trace) override;
};

}  // namespace herald::simulation
