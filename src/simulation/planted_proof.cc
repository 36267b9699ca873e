#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <optional>

#include "simulation/planted_faults.h"
#include "simulation/runner.h"
#include "simulation/worker.h"

namespace herald::simulation {

namespace {

// One planted fault under search.
class Search {
 public:
  Search(Simulation& simulation, const PlantedFault& planted)
      : planted_(planted),
        worker_(simulation,
                {.next = [seed = std::uint64_t{1}, last = planted.seeds]() mutable -> std::optional<Source> {
                   if (seed > last) return std::nullopt;
                   return seed++;
                 },
                 .fault = planted.fault}) {}

  [[nodiscard]] int fd() const { return worker_.fd(); }
  // True: the search has ended.
  [[nodiscard]] bool read() {
    for (const auto& outcome : worker_.read()) {
      ++seeds_;
      if (!outcome.violation) continue;
      violation_ = *outcome.violation;
      worker_.stop();
      return true;
    }
    return worker_.ended();
  }
  // Prints the row of the table. True: the fault was found.
  [[nodiscard]] bool print() const {
    fmt::print("{:<34} {:<8} {:>6} {:>6} {:>8.2f}  {}\n", planted_.name, planted_.simulation, seeds_, planted_.seeds,
               worker_.cpu_s(), violation_ ? violation_->substr(0, 100) : "NOT FOUND");
    std::fflush(stdout);
    return violation_.has_value();
  }
  [[nodiscard]] double cpu_s() const { return worker_.cpu_s(); }

 private:
  const PlantedFault& planted_;
  Worker worker_;
  std::uint64_t seeds_ = 0;
  std::optional<std::string> violation_;
};

class Proof {
 public:
  Proof(const std::vector<std::unique_ptr<Simulation>>& simulations, unsigned jobs)
      : simulations_(simulations), jobs_(jobs) {}

  void add(const PlantedFault& planted) { waiting_.push_back(&planted); }
  [[nodiscard]] bool run() {
    const auto planted = waiting_.size();
    fmt::print("{:<34} {:<8} {:>6} {:>6} {:>8}  {}\n", "planted fault", "by", "seeds", "limit", "cpu s", "found as");
    while (!waiting_.empty() || !running_.empty()) step();
    std::ranges::sort(seconds_);
    if (!seconds_.empty()) {
      fmt::print("{} of {} planted faults found; median {:.2f} s, slowest {:.2f} s of one core\n", found_, planted,
                 seconds_[seconds_.size() / 2], seconds_.back());
    }
    return found_ == planted;
  }

 private:
  void step() {
    while (running_.size() < std::max(jobs_, 1U) && !waiting_.empty()) {
      start(*waiting_.front());
      waiting_.pop_front();
    }
    std::vector<pollfd> fds;
    for (const auto& search : running_) fds.push_back({.fd = search->fd(), .events = POLLIN, .revents = 0});
    poll(fds.data(), fds.size(), -1);
    for (std::size_t i = fds.size(); i-- > 0;) {
      if (fds[i].revents == 0 || !running_[i]->read()) continue;
      found_ += running_[i]->print() ? 1 : 0;
      seconds_.push_back(running_[i]->cpu_s());
      running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
  void start(const PlantedFault& planted) {
    const auto found =
        std::ranges::find(simulations_, planted.simulation, [](const auto& each) { return each->name(); });
    if (found == simulations_.end()) {
      fmt::print("error: planted fault {} names the simulation '{}', which there is not\n", planted.name,
                 planted.simulation);
      return;
    }
    running_.push_back(std::make_unique<Search>(**found, planted));
  }

  const std::vector<std::unique_ptr<Simulation>>& simulations_;
  unsigned jobs_;
  std::deque<const PlantedFault*> waiting_;
  std::vector<std::unique_ptr<Search>> running_;
  std::vector<double> seconds_;
  std::size_t found_ = 0;
};

}  // namespace

bool prove_planted_faults(const std::vector<std::unique_ptr<Simulation>>& simulations, const std::string& only,
                          unsigned jobs) {
  if (!only.empty() && !planted_named(only)) {
    fmt::print("error: there is no planted fault '{}'\n", only);
    return false;
  }
  Proof proof(simulations, jobs);
  for (const auto& planted : planted_faults()) {
    if (only.empty() || planted.name == only) proof.add(planted);
  }
  return proof.run();
}

}  // namespace herald::simulation
