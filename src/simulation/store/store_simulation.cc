#include "simulation/store/store_simulation.h"

#include "simulation/store/store_run.h"

namespace herald::simulation {

std::vector<std::string_view> StoreSimulation::faults() const {
  auto names = disk_fault_names();
  names.insert(names.end(), {"kill", "power cut", "clock jump"});
  return names;
}

std::optional<std::string> StoreSimulation::run(Choices& choices, Trace& trace) {
  try {
    StoreRun(choices, trace).run();
    return std::nullopt;
  } catch (const Violation& violation) {
    return violation.text;
  }
}

}  // namespace herald::simulation
