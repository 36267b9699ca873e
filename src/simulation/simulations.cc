#include "simulation/simulation.h"
#include "simulation/store/store_simulation.h"
#include "simulation/system/system_simulation.h"

namespace herald::simulation {

std::vector<std::unique_ptr<Simulation>> all_simulations() {
  std::vector<std::unique_ptr<Simulation>> all;
  all.push_back(std::make_unique<StoreSimulation>());
  all.push_back(std::make_unique<SystemSimulation>());
  return all;
}

}  // namespace herald::simulation
