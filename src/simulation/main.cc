// herald_simulation: the command line of the simulator. docs/simulation.md explains it.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "simulation/runner.h"
#include "simulation/schedule.h"
#include "simulation/simulation.h"

namespace herald::simulation {
namespace {

using Simulations = std::vector<std::unique_ptr<Simulation>>;

[[nodiscard]] Simulation* named(const Simulations& simulations, const std::string& name) {
  const auto found = std::ranges::find(simulations, name, [](const auto& each) { return each->name(); });
  if (found != simulations.end()) return found->get();
  std::fprintf(stderr, "error: there is no simulation '%s'\n", name.c_str());
  return nullptr;
}

[[nodiscard]] bool run_command(const Simulations& simulations, const std::vector<std::string>& names,
                               const RunPlan& plan) {
  bool good = true;
  for (const auto& name : names) {
    auto* simulation = named(simulations, name);
    good = simulation != nullptr && run_seeds(*simulation, plan) && good;
  }
  return good;
}

[[nodiscard]] bool replay_command(const Simulations& simulations, std::string name, const ReplayPlan& plan) {
  if (!plan.seed) {
    const auto schedule = read_schedule(plan.file);
    if (schedule) name = schedule->simulation;
  }
  auto* simulation = named(simulations, name);
  return simulation != nullptr && replay(*simulation, plan);
}

int run_program(int argc, char** argv) {
  const auto simulations = all_simulations();
  CLI::App app("Runs Herald in simulated worlds (docs/simulation.md)");
  app.require_subcommand(1);

  std::vector<std::string> names;
  for (const auto& each : simulations) names.emplace_back(each->name());
  RunPlan run;
  auto* run_app = app.add_subcommand("run", "run new seeds");
  run_app->add_option("--simulation", names, "which ones; all if none is named");
  run_app->add_option("--seconds", run.seconds, "until so many seconds have passed, for each simulation");
  run_app->add_option("--seeds", run.seeds, "as many seeds, whatever time they take");
  run_app->add_option("--first-seed", run.first_seed, "the first seed");
  run_app->add_option("--jobs", run.jobs, "processes");
  run_app->add_option("--violations", run.violations, "stop after violations of so many different rules");
  run_app->add_option("--shrink-seconds", run.shrink_s, "time to shrink each");
  run_app->add_option("--out", run.out, "folder for shrunk schedules");

  ReplayPlan replay_plan;
  std::string replayed = "store";
  auto* replay_app = app.add_subcommand("replay", "run one schedule or seed");
  replay_app->add_option("file", replay_plan.file, "a schedule file");
  replay_app->add_option("--seed", replay_plan.seed, "a seed instead");
  replay_app->add_option("--simulation", replayed, "the seed's simulation");
  replay_app->add_flag("--trace", replay_plan.trace, "print every event");
  replay_app->add_flag("--shrink", replay_plan.shrink, "shrink it if it breaks a rule");
  replay_app->add_option("--shrink-seconds", replay_plan.shrink_s, "time to shrink it");
  replay_app->add_option("--planted", replay_plan.planted, "a planted fault to turn on");
  replay_app->add_option("--out", replay_plan.out, "folder for the shrunk schedule");

  std::string corpus;
  auto* corpus_app = app.add_subcommand("corpus", "run every schedule of a folder");
  corpus_app->add_option("folder", corpus)->required();

  std::string planted;
  unsigned jobs = 1;
  auto* planted_app = app.add_subcommand("planted", "show that each planted fault is found");
  planted_app->add_option("name", planted, "only this one");
  planted_app->add_option("--jobs", jobs, "processes");

  CLI11_PARSE(app, argc, argv);
  if (run_app->parsed()) return run_command(simulations, names, run) ? 0 : 1;
  if (replay_app->parsed()) return replay_command(simulations, replayed, replay_plan) ? 0 : 1;
  if (corpus_app->parsed()) return run_corpus(simulations, corpus) ? 0 : 1;
  return prove_planted_faults(simulations, planted, jobs) ? 0 : 1;
}

}  // namespace
}  // namespace herald::simulation

int main(int argc, char** argv) {
  return herald::simulation::run_program(argc, argv);
}
