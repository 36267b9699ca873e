#pragma once
// SIGTERM, SIGINT and SIGHUP, taken by a thread that waits for nothing else: the first SIGTERM or SIGINT is a task of a
// loop, which drains; a further one ends the process at once, whatever the loop is doing.

#include <functional>
#include <memory>

#include "base/result.h"
#include "transport/event_loop.h"

namespace herald::app {

// Blocks these signals in the calling thread and in every thread it starts later: call it first in the process.
void block_signals();

// Calls on one thread.
class Signals {
 public:
  struct Handlers {
    std::function<void()> terminate;  // the first SIGTERM or SIGINT
    std::function<void()> reload;     // each SIGHUP
  };
  // Takes the blocked signals until it is destroyed. `end` runs on the thread of the signals, and must not wait: for
  // each SIGTERM or SIGINT that comes while no loop takes them, or after the first one that a loop took. kInternal:
  // signals can't be watched.
  [[nodiscard]] static Result<std::unique_ptr<Signals>> watch(std::function<void()> end);
  virtual ~Signals() = default;

  // From now on handlers run on `loop`.
  virtual void deliver_to(transport::EventLoop& loop, Handlers handlers) = 0;
  // The loop gets nothing more: before it is destroyed.
  virtual void stop_delivery() = 0;
};

}  // namespace herald::app
