#pragma once
// A process that runs schedules, so that a crash ends one run and not the simulator.

#include <sys/types.h>

#include <functional>
#include <optional>
#include <vector>

#include "base/planted.h"
#include "simulation/frames.h"
#include "simulation/outcome.h"

namespace herald::simulation {

struct WorkerPlan {
  // Called in the process for each run; nothing: it ends.
  std::function<std::optional<Source>()> next;
  // The planted fault that is on in the process.
  planted::Fault fault = planted::Fault::kNone;
  // Each so manieth run is made twice, and a different trace is a violation of the rule "determinism". 0: never.
  std::uint64_t twice_every = 0;
};

class Worker {
 public:
  // Starts the process. `simulation` must outlive it.
  Worker(Simulation& simulation, WorkerPlan plan);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() {
    stop();
    close_files();
  }

  // Ends the process if it still runs.
  void stop();
  // Readable when read() has something to do.
  [[nodiscard]] int fd() const { return fd_; }
  // The runs that ended since, waiting for at least some bytes. A crashed run has a violation of the rule "crash".
  [[nodiscard]] std::vector<Outcome> read();
  [[nodiscard]] bool ended() const { return ended_; }
  // Processor time of the process; once it has ended.
  [[nodiscard]] double cpu_s() const { return cpu_s_; }

 private:
  [[noreturn]] void work(Simulation& simulation, const WorkerPlan& plan, int fd) const;
  void close_files() const;
  void take(const ReadFrame& frame, std::vector<Outcome>& ended);
  // Collects the process. Answers the signal that ended it, or 0.
  int collect();
  // The last lines that the process wrote to standard error.
  [[nodiscard]] std::string said() const;

  pid_t pid_ = -1;
  int fd_ = -1;
  int errors_ = -1;
  FrameReader reader_{-1};
  bool ended_ = false;
  double cpu_s_ = 0;
  std::optional<Outcome> current_;
};

// Runs one schedule in a process of its own.
[[nodiscard]] Outcome run_isolated(Simulation& simulation, const Source& source,
                                   planted::Fault fault = planted::Fault::kNone);

}  // namespace herald::simulation
