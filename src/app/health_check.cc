#include "app/health_check.h"

#include <chrono>

namespace herald::app {

namespace {
constexpr std::chrono::milliseconds kInterval{5'000};
constexpr std::chrono::milliseconds kQueueInterval{1'000};
// A queue this full is about to refuse its producers.
constexpr std::uint64_t kFullPercent = 90;
}  // namespace

void HealthCheck::start() {
  look_at_queues();
  look();
}

void HealthCheck::look() {
  // In an embedded store, recording nothing goes the way of every write up to the disk, and answers with the error that
  // a write would get; a store elsewhere is asked for something that it alone knows.
  services_.stores->deliveries().record({}, Reply<Result<std::uint64_t>>(loop_, [this](Result<std::uint64_t> recorded) {
                                          if (!recorded) return store_answered(std::unexpected(recorded.error()));
                                          ask_for_servers();
                                        }));
}

void HealthCheck::ask_for_servers() {
  using Servers = Result<std::vector<ServerLease>>;
  services_.stores->servers().list(Reply<Servers>(loop_, [this](const Servers& servers) {
    store_answered(servers ? Status{} : std::unexpected(servers.error()));
  }));
}

void HealthCheck::store_answered(const Status& status) {
  if (status) {
    services_.health.set_ok("store");
  } else {
    services_.health.set_not_ok(
        "store", "the store does not answer, or takes no writes: " + std::string(to_string(status.error().kind)));
  }
  loop_.run_after(kInterval, [this] { look(); });
}

void HealthCheck::look_at_queues() {
  loop_.run_after(kQueueInterval, [this] { look_at_queues(); });
  const std::uint64_t full = services_.configuration.limits.queue_max_messages * kFullPercent / 100;
  for (const auto& depth : services_.queue->depths()) {
    if (!depth.connected) {
      return services_.health.set_not_ok("queue", "the broker is away; messages are accepted, and routed later");
    }
    if (depth.waiting >= full) return services_.health.set_not_ok("queue", depth.queue + " is almost full");
  }
  services_.health.set_ok("queue");
}

}  // namespace herald::app
