#include "app/foreign_servers.h"

#include <utility>

namespace herald::app {

std::unique_ptr<ForeignServers> ForeignServers::start(const Configuration& configuration, const Clock& clock) {
  if (configuration.unifiedpush_allowed_hosts.empty()) return nullptr;
  return std::make_unique<ForeignServers>(
      roles::app_server::ForeignPushConfig{
          .allowed_hosts = configuration.unifiedpush_allowed_hosts,
          .allow_private = configuration.unifiedpush_private_hosts == PrivateHosts::kAllow},
      clock);
}

ForeignServers::ForeignServers(roles::app_server::ForeignPushConfig config, const Clock& clock)
    : loop_(clock), push_(std::move(config), loop_), thread_([this] { loop_.run(); }) {}

ForeignServers::~ForeignServers() {
  loop_.stop();
  thread_.join();
}

}  // namespace herald::app
