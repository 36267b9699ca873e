#pragma once
// The commands of the simulator: run new seeds, replay one, run the corpus, prove that planted faults are found.
// They print to standard output, and answer whether all went well.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "simulation/simulation.h"

namespace herald::simulation {

struct RunPlan {
  std::uint64_t first_seed = 1;
  std::uint64_t seeds = 0;                          // 0: until the time is over
  std::uint64_t seconds = 0;                        // 0: until the seeds are done
  unsigned jobs = 1;                                // processes
  std::uint64_t violations = 1;                     // stop after so many with different rules
  std::uint64_t shrink_s = 30;                      // time to shrink each
  std::string out = "build/simulation/violations";  // where their schedules go
};

// Runs new seeds. False: a violation, a trace that differed, or a fault point that a long run never hit.
[[nodiscard]] bool run_seeds(Simulation& simulation, const RunPlan& plan);

struct ReplayPlan {
  std::optional<std::uint64_t> seed;  // else:
  std::string file;                   // of a schedule
  bool trace = false;                 // print every event
  bool shrink = false;                // and write the shrunk schedule to `out` if it breaks a rule
  std::string planted;                // a planted fault that is on; empty: none
  std::uint64_t shrink_s = 30;
  std::string out = "build/simulation/violations";
};

// Runs one schedule in this process. False: a violation.
[[nodiscard]] bool replay(Simulation& simulation, const ReplayPlan& plan);

// Runs every *.schedule below `folder` that belongs to one of `simulations`. False: a violation, a bad file, or none.
[[nodiscard]] bool run_corpus(const std::vector<std::unique_ptr<Simulation>>& simulations, const std::string& folder);

// Turns on each planted fault (or the one named `only`) and runs seeds from 1 until a rule is broken. False: one was
// not found within its seeds, or without a fault a rule was broken.
[[nodiscard]] bool prove_planted_faults(const std::vector<std::unique_ptr<Simulation>>& simulations,
                                        const std::string& only, unsigned jobs);

}  // namespace herald::simulation
