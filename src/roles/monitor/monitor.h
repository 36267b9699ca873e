#pragma once
// NS-MSG-Mon: takes the ids of accepted messages off newMessages, finds the devices of their app, writes a pending
// delivery for each, and only then looks where each device is, to tell the server that holds it.

#include <memory>

#include "ports/message_queue.h"
#include "roles/monitor/forwarder.h"
#include "roles/monitor/monitor_ports.h"
#include "roles/monitor/router.h"
#include "roles/monitor/sweeper.h"

namespace herald::roles::monitor {

// On `ports.loop`'s thread only, and destroyed when the loop runs no more.
class Monitor {
 public:
  Monitor(const MonitorConfig& config, MonitorPorts ports);

  // Routes what an earlier run left unrouted, then takes from the queue.
  void start();
  // Takes nothing new; what was taken is still routed. Then idle() tells when all of it is.
  void stop();
  [[nodiscard]] bool idle() const { return router_.idle() && !sweeper_.sweeping(); }

 private:
  void subscribe();
  void take(ports::QueueBatch batch);

  MonitorConfig config_;
  MonitorPorts ports_;
  Forwarder forwarder_;
  Router router_;
  Sweeper sweeper_;
  bool stopped_ = false;
  std::unique_ptr<ports::Subscription> subscription_;
  Counter& damaged_;
};

}  // namespace herald::roles::monitor
