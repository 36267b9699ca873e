#pragma once
// Timers for an executor that has none: an event loop waits, the task runs on the executor.

#include <unordered_map>
#include <utility>

#include "base/executor.h"
#include "base/timer.h"

namespace herald::app {

// Called on the executor's thread. Both must run no more when it is destroyed.
class RelayedTimers final : public TimerService {
 public:
  // `timers` is used on `loop`.
  RelayedTimers(Executor& loop, TimerService& timers, Executor& on) : loop_(loop), timers_(timers), on_(on) {}

  TimerId run_after(std::chrono::milliseconds delay, Task task) override {
    const TimerId id = ++last_;
    tasks_.emplace(id, std::move(task));
    loop_.post([this, id, delay] { timers_.run_after(delay, [this, id] { on_.post([this, id] { fire(id); }); }); });
    return id;
  }
  // The loop's timer comes, and finds nothing.
  void cancel(TimerId id) override { tasks_.erase(id); }

 private:
  void fire(TimerId id) {
    auto task = tasks_.extract(id);
    if (!task.empty()) task.mapped()();
  }

  Executor& loop_;
  TimerService& timers_;
  Executor& on_;
  TimerId last_ = 0;
  std::unordered_map<TimerId, Task> tasks_;
};

}  // namespace herald::app
