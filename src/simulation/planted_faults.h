#pragma once
// The table of base/planted.def.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/planted.h"

namespace herald::simulation {

struct PlantedFault {
  planted::Fault fault;
  std::string_view name;
  std::string_view simulation;  // the one that must find it
  std::uint64_t seeds;          // within so many
  std::string_view breaks;
};

[[nodiscard]] std::span<const PlantedFault> planted_faults();
// "none" for kNone.
[[nodiscard]] std::string_view name_of(planted::Fault fault);
[[nodiscard]] std::optional<planted::Fault> planted_named(std::string_view name);

}  // namespace herald::simulation
