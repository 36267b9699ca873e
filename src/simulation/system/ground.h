#pragma once
// The ground that production code stands on in the simulator: executors, timers and clocks of one thread, whose order
// and pace are drawn.
//
// Time stands still while a task runs. It passes when the ground takes the next event that is due later, which may
// happen although tasks wait: so every executor is slow now and then.

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <queue>
#include <unordered_map>
#include <vector>

#include "base/executor.h"
#include "base/time.h"
#include "base/timer.h"
#include "simulation/choices.h"
#include "simulation/trace.h"

namespace herald::simulation::system {

using std::chrono::milliseconds;

class Ground;

// One event loop, without descriptors. A turn runs some of what waits, then what must precede sending, then sends.
class Strand final : public Executor {
 public:
  explicit Strand(Ground& ground) : ground_(ground) {}

  void post(Task task) override;
  void post_batch(std::vector<Task> tasks) override;
  void post_before_sending(Task task) override;
  // What leaves the process at the end of this turn.
  void send(Task task);

  // The process died: nothing runs any more, and what is posted from now on is destroyed.
  void stop();
  [[nodiscard]] bool runnable() const { return !tasks_.empty(); }

 private:
  friend class Ground;
  void run_turn(Choices& choices);
  void wake();

  Ground& ground_;
  std::deque<Task> tasks_;
  std::vector<Task> before_sending_;
  std::vector<Task> sending_;
  bool stopped_ = false;
  bool ready_ = false;    // it stands among the ground's runnable strands
  bool turning_ = false;  // a turn is under way
};

// How late things are, drawn for each run.
struct Pace {
  unsigned late_per_thousand = 0;     // events that come later than they could
  unsigned busy_per_thousand = 0;     // turns before which time passes although tasks wait
  unsigned batched_per_thousand = 0;  // turns that run several tasks
  std::uint32_t late_most_ms = 1;
};

class Ground {
 public:
  Ground(Choices& choices, Trace& trace) : choices_(choices), trace_(trace) {}
  ~Ground();
  Ground(const Ground&) = delete;
  Ground& operator=(const Ground&) = delete;

  [[nodiscard]] Choices& choices() { return choices_; }
  [[nodiscard]] Trace& trace() { return trace_; }
  [[nodiscard]] MonoTime now() const { return now_; }
  // Grows with everything that happens: orders events of the same instant.
  [[nodiscard]] std::uint64_t step() const { return step_; }
  void set_pace(const Pace& pace) { pace_ = pace; }

  // Lives as long as the ground.
  Strand& make_strand();
  // Runs `what` when `delay` has passed; of two for the same instant the earlier asked first.
  void after(milliseconds delay, Task what) { at(now_ + delay, std::move(what)); }
  void at(MonoTime when, Task what);
  // Zero most of the time.
  [[nodiscard]] milliseconds lateness();

  // Runs one turn or one event; false: nothing is left to do.
  bool run_one();
  // Runs what is due until `end`.
  void run_until(MonoTime end);

 private:
  friend class Strand;
  struct Event {
    MonoTime when;
    std::uint64_t number;
    mutable Task what;
    bool operator<(const Event& other) const { return when != other.when ? when > other.when : number > other.number; }
  };

  void run_event();
  void run_strand();

  Choices& choices_;
  Trace& trace_;
  Pace pace_;
  MonoTime now_{1'000'000'000};
  std::uint64_t step_ = 0;
  std::uint64_t events_ = 0;
  std::priority_queue<Event> waiting_;
  std::vector<std::unique_ptr<Strand>> strands_;
  std::vector<Strand*> ready_;
};

// One machine's clock: its wall time may be wrong and may jump.
class MachineClock final : public Clock {
 public:
  explicit MachineClock(const Ground& ground) : ground_(ground) {}
  [[nodiscard]] WallTime wall() const override { return {kEpochMs + ground_.now().ns / 1'000'000 + ahead_.count()}; }
  [[nodiscard]] MonoTime mono() const override { return ground_.now(); }
  void set_ahead(milliseconds ahead) { ahead_ = ahead; }
  [[nodiscard]] milliseconds ahead() const { return ahead_; }

 private:
  static constexpr std::int64_t kEpochMs = 1'700'000'000'000;
  const Ground& ground_;
  milliseconds ahead_{0};
};

// The timers of one strand.
class StrandTimers final : public TimerService {
 public:
  StrandTimers(Ground& ground, Strand& strand) : ground_(ground), strand_(strand), alive_(std::make_shared<char>()) {}

  TimerId run_after(milliseconds delay, Task task) override;
  void cancel(TimerId id) override { tasks_.erase(id); }
  [[nodiscard]] std::size_t waiting() const { return tasks_.size(); }

 private:
  void fire(TimerId id);

  Ground& ground_;
  Strand& strand_;
  std::shared_ptr<char> alive_;  // events of timers that are gone find it expired
  TimerId last_ = 0;
  std::unordered_map<TimerId, Task> tasks_;
};

}  // namespace herald::simulation::system
