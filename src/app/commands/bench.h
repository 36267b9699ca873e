#pragma once
// `herald bench`: what it was told, and how it is run.

#include <string>

#include "load/plan.h"

namespace herald::app {

struct BenchCommand {
  std::string scenario;
  std::string protocol = "2012";
  std::string rate = "max";
  std::string server_pid = "auto";
  load::Plan plan;
};

// Ends with 0 if everything accepted arrived in time, 1 if not, 2 for wrong options, 3 if the target can't be reached.
int run(const BenchCommand& command);

// The examples and exit codes under --help.
[[nodiscard]] std::string bench_footer();

}  // namespace herald::app
