#pragma once
// Where the roles live that mostly call the store: on the store's own thread if it lends it, so that routing a
// message waits for no thread between its steps; else on the control loop.

#include <memory>

#include "app/relayed_timers.h"
#include "app/stores.h"
#include "base/executor.h"
#include "base/timer.h"
#include "transport/event_loop.h"

namespace herald::app {

// On the control loop's thread, or while that does not run. References must outlive it.
class RoleHome {
 public:
  RoleHome(Stores& stores, transport::EventLoop& control);

  [[nodiscard]] Executor& executor() { return lent_ != nullptr ? *lent_ : control_; }
  [[nodiscard]] TimerService& timers() { return timers_ ? static_cast<TimerService&>(*timers_) : control_; }
  // Runs `what` where the roles live, and waits until it has run.
  void run(Task what);
  // The same, for the last time: nothing runs there after.
  void run_last(Task what);

 private:
  Stores& stores_;
  transport::EventLoop& control_;
  Executor* lent_;
  std::unique_ptr<RelayedTimers> timers_;
};

}  // namespace herald::app
