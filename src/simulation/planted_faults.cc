#include "simulation/planted_faults.h"

#include <algorithm>
#include <vector>

namespace herald::simulation {

std::span<const PlantedFault> planted_faults() {
  static const std::vector<PlantedFault> kFaults{
#define HERALD_PLANTED(name, simulation, seeds, breaks) {planted::Fault::name, #name, simulation, seeds, breaks},
#include "base/planted.def"
#undef HERALD_PLANTED
  };
  return kFaults;
}

std::string_view name_of(planted::Fault fault) {
  const auto found = std::ranges::find(planted_faults(), fault, &PlantedFault::fault);
  return found == planted_faults().end() ? "none" : found->name;
}

std::optional<planted::Fault> planted_named(std::string_view name) {
  const auto found = std::ranges::find(planted_faults(), name, &PlantedFault::name);
  if (found == planted_faults().end()) return std::nullopt;
  return found->fault;
}

}  // namespace herald::simulation
