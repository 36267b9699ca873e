#pragma once
// Planted faults: known bugs that the simulator must find (docs/simulation.md). They exist only in a build with
// HERALD_SIMULATION. In every other build is() is the constant false, so the compiler removes the faulty branch.

#include <cstdint>

namespace herald::planted {

enum class Fault : std::uint8_t {
  kNone,
#define HERALD_PLANTED(name, simulation, seeds, breaks) name,
#include "base/planted.def"
#undef HERALD_PLANTED
};

#ifdef HERALD_SIMULATION
// The one fault that is on in this process. Set before a run, by its thread.
inline Fault planted_fault = Fault::kNone;
[[nodiscard]] inline bool is(Fault fault) {
  return planted_fault == fault;
}
#else
[[nodiscard]] constexpr bool is(Fault /*fault*/) {
  return false;
}
#endif

}  // namespace herald::planted
