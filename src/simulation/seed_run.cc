#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <set>

#include "simulation/report.h"
#include "simulation/runner.h"
#include "simulation/worker.h"

namespace herald::simulation {

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::uint64_t kTwiceEvery = 24;
// A run of so many schedules must have injected every kind of fault.
constexpr std::uint64_t kLongRun = 2'000;
constexpr std::size_t kRunAgain = 3;

// All workers of one run of new seeds, and the sum of what they found.
class SeedRun {
 public:
  SeedRun(Simulation& simulation, const RunPlan& plan)
      : simulation_(simulation), plan_(plan), jobs_(std::max(plan.jobs, 1U)), started_(SteadyClock::now()) {}

  bool run() {
    for (unsigned job = 0; job < jobs_; ++job) start(job, plan_.first_seed + job);
    while (!workers_.empty() && found_.size() < plan_.violations) step();
    stop();
    summarize();
    return found_.empty() && trace_repeats() && all_faults_hit();
  }

 private:
  [[nodiscard]] double elapsed_s() const {
    return std::chrono::duration<double>(SteadyClock::now() - started_).count();
  }
  [[nodiscard]] bool is_over(std::uint64_t seed) const {
    if (plan_.seeds != 0) return seed >= plan_.first_seed + plan_.seeds;
    return elapsed_s() >= static_cast<double>(plan_.seconds);
  }
  // Each job takes every jobs_-th seed.
  void start(unsigned job, std::uint64_t first) {
    auto next = [this, seed = first]() mutable -> std::optional<Source> {
      if (is_over(seed)) return std::nullopt;
      return std::exchange(seed, seed + jobs_);
    };
    workers_[job] = std::make_unique<Worker>(simulation_, WorkerPlan{.next = next, .twice_every = kTwiceEvery});
  }
  void step() {
    std::vector<pollfd> fds;
    std::vector<unsigned> jobs;
    for (const auto& [job, worker] : workers_) {
      fds.push_back({.fd = worker->fd(), .events = POLLIN, .revents = 0});
      jobs.push_back(job);
    }
    poll(fds.data(), fds.size(), -1);
    for (std::size_t i = 0; i < fds.size(); ++i) {
      if (fds[i].revents != 0 && workers_.contains(jobs[i])) read(jobs[i]);
    }
  }
  void read(unsigned job) {
    auto& worker = *workers_[job];
    const auto outcomes = worker.read();
    for (const auto& outcome : outcomes) take(outcome);
    if (!worker.ended()) return;
    cpu_s_ += worker.cpu_s();
    // Only a crash ends a process right after a violation.
    if (!outcomes.empty() && outcomes.back().violation) return start(job, outcomes.back().seed + jobs_);
    workers_.erase(job);
  }
  void take(const Outcome& outcome) {
    ++runs_;
    events_ += outcome.events;
    // A sum, so that the order in which processes finish does not matter.
    hash_ += (outcome.hash ^ outcome.seed) * 0x9E3779B97F4A7C15U;
    for (const auto& [name, count] : outcome.faults) faults_[name] += count;
    if (sample_.size() < kRunAgain) sample_.push_back(outcome);
    if (!outcome.violation || found_.size() >= plan_.violations) return;
    if (!found_.insert(std::string(rule_of(*outcome.violation))).second) return;
    report_violation(simulation_, outcome, {.out = plan_.out, .shrink_s = plan_.shrink_s});
  }
  void stop() {
    for (auto& [job, worker] : workers_) {
      worker->stop();
      cpu_s_ += worker->cpu_s();
    }
    workers_.clear();
  }
  void summarize() const {
    const double cores = std::max(cpu_s_, 0.001);
    fmt::print(
        "simulation '{}': {} schedules from seed {}, {} events, {} violations, {:.1f} s; {:.0f} schedules a minute "
        "and core, hash {:016x}\n",
        simulation_.name(), runs_, plan_.first_seed, events_, found_.size(), elapsed_s(),
        static_cast<double>(runs_) * 60 / cores, hash_);
    for (const auto name : simulation_.faults()) {
      const auto hit = faults_.find(name);
      fmt::print("  {:>10} {}\n", hit == faults_.end() ? 0 : hit->second, name);
    }
    std::fflush(stdout);
  }
  // A process that has run nothing before must come to the same traces.
  [[nodiscard]] bool trace_repeats() {
    for (const auto& sample : sample_) {
      const auto again = run_isolated(simulation_, sample.seed);
      if (again.hash == sample.hash) continue;
      fmt::print("VIOLATION determinism: seed {} has hash {:016x}, and {:016x} in a new process\n", sample.seed,
                 sample.hash, again.hash);
      return false;
    }
    return true;
  }
  [[nodiscard]] bool all_faults_hit() const {
    if (runs_ < kLongRun) return true;
    bool all = true;
    for (const auto name : simulation_.faults()) {
      if (faults_.contains(name)) continue;
      fmt::print("VIOLATION coverage: no schedule of {} had the fault '{}'\n", runs_, name);
      all = false;
    }
    return all;
  }

  Simulation& simulation_;
  const RunPlan& plan_;
  unsigned jobs_;
  SteadyClock::time_point started_;
  std::map<unsigned, std::unique_ptr<Worker>> workers_;
  std::uint64_t runs_ = 0;
  std::uint64_t events_ = 0;
  std::uint64_t hash_ = 0;
  double cpu_s_ = 0;
  std::map<std::string, std::uint64_t, std::less<>> faults_;
  std::set<std::string, std::less<>> found_;
  std::vector<Outcome> sample_;
};

}  // namespace

bool run_seeds(Simulation& simulation, const RunPlan& plan) {
  return SeedRun(simulation, plan).run();
}

}  // namespace herald::simulation
