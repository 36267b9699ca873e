#pragma once
// SIGTERM, SIGINT and SIGHUP as events of a loop, by signalfd.

#include <functional>
#include <memory>

#include "base/result.h"
#include "transport/event_loop.h"

namespace herald::app {

// Blocks these signals in the calling thread and in every thread it starts later: call it first in the process.
void block_signals();

class Signals {
 public:
  struct Handlers {
    std::function<void()> terminate;  // SIGTERM or SIGINT, each time
    std::function<void()> reload;     // SIGHUP
  };
  // Handlers run on the loop. Destroy it on the loop's thread, before the loop.
  [[nodiscard]] static Result<std::unique_ptr<Signals>> watch(transport::EventLoop& loop, Handlers handlers);
  virtual ~Signals() = default;
};

}  // namespace herald::app
