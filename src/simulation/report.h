#pragma once
// What is told about a violation: how to replay it, what happened last, and its shrunk schedule in a file.

#include <cstdint>
#include <string>

#include "base/planted.h"
#include "simulation/outcome.h"

namespace herald::simulation {

struct ReportPlan {
  std::string out;              // folder for the schedule
  std::uint64_t shrink_s = 30;  // time to shrink it
  planted::Fault fault = planted::Fault::kNone;
};

// Prints everything about `failing`, which has a violation, and writes its shrunk schedule.
void report_violation(Simulation& simulation, Outcome failing, const ReportPlan& plan);

}  // namespace herald::simulation
