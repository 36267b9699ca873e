#pragma once
// The thread on which the Matrix gateway reaches other push servers: looking up a name there stops no device.

#include <memory>
#include <thread>

#include "app/configuration.h"
#include "base/time.h"
#include "roles/app_server/foreign_push.h"
#include "transport/event_loop.h"

namespace herald::app {

class ForeignServers {
 public:
  // Null if the configuration allows no other server. `clock` must outlive it, and so must the loops that push.
  [[nodiscard]] static std::unique_ptr<ForeignServers> start(const Configuration& configuration, const Clock& clock);
  ForeignServers(roles::app_server::ForeignPushConfig config, const Clock& clock);
  // What is still under way is never answered.
  ~ForeignServers();
  ForeignServers(const ForeignServers&) = delete;
  ForeignServers& operator=(const ForeignServers&) = delete;

  [[nodiscard]] roles::app_server::ForeignPush& push() { return push_; }

 private:
  transport::EventLoop loop_;
  roles::app_server::ForeignPush push_;
  std::thread thread_;
};

}  // namespace herald::app
