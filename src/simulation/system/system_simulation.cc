#include "simulation/system/system_simulation.h"

#include "simulation/system/world.h"

namespace herald::simulation {

std::vector<std::string_view> SystemSimulation::faults() const {
  return {"crash",
          "broker away",
          "broker crash",
          "queue full",
          "queue drops",
          "queue duplicates",
          "queue reorders",
          "queue takes and fails",
          "store refuses",
          "store applies and fails",
          "store applies in part",
          "device vanishes",
          "device stalls",
          "ping lost"};
}

std::optional<std::string> SystemSimulation::run(Choices& choices, Trace& trace) {
  system::World world(choices, trace);
  return world.run();
}

}  // namespace herald::simulation
