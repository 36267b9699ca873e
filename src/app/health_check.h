#pragma once
// Looks regularly whether the store takes writes and answers in time, and whether the queues have room, and tells
// /status. The store's own condition is asked for whenever /status is.

#include <string>

#include "app/stores.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/timer.h"
#include "operations/health.h"
#include "ports/message_queue.h"
#include "ports/store_deadline.h"

namespace herald::app {

// What the check works with; everything must outlive it.
struct HealthCheckPorts {
  Stores& stores;
  const ports::MessageQueue& queue;
  operations::Health& health;
  const Limits& limits;
  Executor& loop;
  TimerService& timers;
  const Clock& clock;
  Log& log;
  Metrics& metrics;
};

// What /status says of a store in this condition; empty: it is well. Without the store's own words, which may name
// paths.
[[nodiscard]] std::string reason_of(const StoreCondition& condition);

// On the loop's thread, or while that does not run; destroyed when it runs no more.
class HealthCheck {
 public:
  explicit HealthCheck(HealthCheckPorts ports);

  // Looks now, and then every few seconds.
  void start();
  // A client got no answer from the store in time: says so at once. The next look that is answered takes it back.
  void store_stalled();

 private:
  void look();
  void ask_for_servers();
  void store_answered(const Status& status);
  void set_store(const std::string& reason);
  void look_at_queues();

  HealthCheckPorts ports_;
  ports::StoreDeadline deadline_;
  std::string store_reason_;  // empty: it is well
};

}  // namespace herald::app
