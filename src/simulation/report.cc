#include "simulation/report.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <filesystem>

#include "simulation/planted_faults.h"
#include "simulation/schedule.h"
#include "simulation/shrinker.h"
#include "simulation/worker.h"

namespace herald::simulation {

namespace {

constexpr const char* kProgram = "build/simulation/herald_simulation";

[[nodiscard]] std::string file_name(const Simulation& simulation, const Outcome& failing) {
  std::string rule(rule_of(*failing.violation));
  for (char& c : rule) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '-';
  }
  return fmt::format("{}-{}-{:08x}.schedule", simulation.name(), rule.substr(0, 40),
                     static_cast<std::uint32_t>(failing.hash ^ failing.seed));
}

void print_events(const Outcome& outcome) {
  fmt::print("last events:\n");
  for (const auto& event : outcome.last_events) fmt::print("    {}\n", event);
}

[[nodiscard]] Outcome shrunk(Simulation& simulation, const Outcome& failing, const ReportPlan& plan) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(plan.shrink_s);
  Shrinker shrinker(
      [&](const std::vector<std::uint32_t>& record) { return run_isolated(simulation, record, plan.fault); },
      [until] { return std::chrono::steady_clock::now() >= until; }, failing);
  auto best = shrinker.shrink();
  fmt::print("shrunk from {} choices to {} in {} attempts\n", failing.record.size(), best.record.size(),
             shrinker.attempts());
  return best;
}

}  // namespace

void report_violation(Simulation& simulation, Outcome failing, const ReportPlan& plan) {
  const auto planted = plan.fault == planted::Fault::kNone ? "" : " --planted " + std::string(name_of(plan.fault));
  fmt::print("\nVIOLATION in simulation '{}', seed {}\n  {}\n", simulation.name(), failing.seed, *failing.violation);
  if (failing.seed != 0) {
    fmt::print("replay: {} replay --simulation {} --seed {}{} --trace\n", kProgram, simulation.name(), failing.seed,
               planted);
  }
  print_events(failing);
  std::fflush(stdout);
  const auto best = shrunk(simulation, failing, plan);
  std::error_code error;
  std::filesystem::create_directories(plan.out, error);
  const std::string path = plan.out + "/" + file_name(simulation, failing);
  const auto written = write_schedule(
      path, {.comment = *best.violation, .simulation = std::string(simulation.name()), .choices = best.record});
  if (!written) {
    fmt::print("error: {}\n", written.error().message);
  } else {
    fmt::print("shrunk violation: {}\nreplay: {} replay {}{} --trace\n", *best.violation, kProgram, path, planted);
    print_events(best);
  }
  std::fflush(stdout);
}

}  // namespace herald::simulation
