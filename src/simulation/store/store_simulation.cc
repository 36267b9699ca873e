#include "simulation/store/store_simulation.h"

namespace herald::simulation {

std::vector<std::string_view> StoreSimulation::faults() const {
  return {};
}

std::optional<std::string> StoreSimulation::run(Choices& choices, Trace& trace) {
  for (int i = 0; i < 10; ++i) {
    choices.begin_step();
    trace.event("drew {}", choices.below(6));
  }
  return std::nullopt;
}

}  // namespace herald::simulation
