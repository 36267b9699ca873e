#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "simulation/planted_faults.h"
#include "simulation/report.h"
#include "simulation/runner.h"
#include "simulation/schedule.h"
#include "simulation/worker.h"

namespace herald::simulation {

namespace {

[[nodiscard]] Result<Source> source_of(const Simulation& simulation, const ReplayPlan& plan) {
  if (plan.seed) return Source(*plan.seed);
  auto schedule = read_schedule(plan.file);
  if (!schedule) return std::unexpected(schedule.error());
  if (schedule->simulation != simulation.name()) {
    return fail(ErrorKind::kInvalid, plan.file + " belongs to the simulation '" + schedule->simulation + "'");
  }
  return Source(std::move(schedule->choices));
}

[[nodiscard]] bool complain(const Error& error) {
  fmt::print("error: {}\n", error.message);
  return false;
}

[[nodiscard]] bool run_file(const std::vector<std::unique_ptr<Simulation>>& simulations, const std::string& path) {
  const auto schedule = read_schedule(path);
  if (!schedule) return complain(schedule.error());
  const auto found =
      std::ranges::find(simulations, schedule->simulation, [](const auto& each) { return each->name(); });
  if (found == simulations.end()) {
    return complain({ErrorKind::kInvalid, path + ": there is no simulation '" + schedule->simulation + "'"});
  }
  const auto outcome = run_isolated(**found, schedule->choices);
  if (!outcome.violation) return true;
  fmt::print("VIOLATION {}\n  {}\n  it was: {}\n  replay: build/simulation/herald_simulation replay {} --trace\n", path,
             *outcome.violation, schedule->comment, path);
  return false;
}

}  // namespace

bool replay(Simulation& simulation, const ReplayPlan& plan) {
  const auto source = source_of(simulation, plan);
  if (!source) return complain(source.error());
  const auto fault = plan.planted.empty() ? planted::Fault::kNone : planted_named(plan.planted);
  if (!fault) return complain({ErrorKind::kInvalid, "there is no planted fault '" + plan.planted + "'"});
  if (plan.shrink) {
    auto outcome = run_isolated(simulation, *source, *fault);
    if (!outcome.violation) return true;
    report_violation(simulation, std::move(outcome), {.out = plan.out, .shrink_s = plan.shrink_s, .fault = *fault});
    return false;
  }
  planted::planted_fault = *fault;
  const auto outcome = run_once(simulation, *source, plan.trace ? Trace::Text::kAll : Trace::Text::kLast);
  fmt::print("{} events, hash {:016x}\n", outcome.events, outcome.hash);
  if (!outcome.violation) return true;
  fmt::print("VIOLATION {}\n", *outcome.violation);
  return false;
}

bool run_corpus(const std::vector<std::unique_ptr<Simulation>>& simulations, const std::string& folder) {
  std::vector<std::string> paths;
  std::error_code error;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, error)) {
    if (entry.path().extension() == ".schedule") paths.push_back(entry.path().string());
  }
  std::ranges::sort(paths);
  if (paths.empty()) return complain({ErrorKind::kNotFound, "there is no schedule below " + folder});
  std::size_t failed = 0;
  for (const auto& path : paths) failed += run_file(simulations, path) ? 0 : 1;
  fmt::print("corpus: {} schedules, {} violations\n", paths.size(), failed);
  return failed == 0;
}

}  // namespace herald::simulation
