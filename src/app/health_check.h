#pragma once
// Looks regularly whether the store takes writes and the queues have room, and tells /status.

#include "app/services.h"
#include "base/timer.h"
#include "transport/event_loop.h"

namespace herald::app {

// On the loop's thread, or while that does not run; destroyed when it runs no more. References must outlive it.
class HealthCheck {
 public:
  HealthCheck(Services& services, transport::EventLoop& loop) : services_(services), loop_(loop) {}

  // Looks now, and then every few seconds.
  void start();

 private:
  void look();
  void ask_for_servers();
  void store_answered(const Status& status);
  void look_at_queues();

  Services& services_;
  transport::EventLoop& loop_;
};

}  // namespace herald::app
