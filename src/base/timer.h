#pragma once
// Deferred work as an interface, so that socket-free classes can ask for it and tests can drive it by hand.

#include <chrono>
#include <cstdint>

#include "base/executor.h"

namespace herald {

// A scheduled task's name; 0 is none.
using TimerId = std::uint64_t;

// Timers of one event loop: tasks run on that loop's thread, not before their time, coarse (up to 100 ms late).
// All calls on the loop's own thread.
class TimerService {
 public:
  virtual ~TimerService() = default;
  virtual TimerId run_after(std::chrono::milliseconds delay, Task task) = 0;
  // Forgets the task; a name that has run or was cancelled already is ignored.
  virtual void cancel(TimerId id) = 0;
};

}  // namespace herald
