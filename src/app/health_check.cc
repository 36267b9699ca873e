#include "app/health_check.h"

#include <chrono>

#include "app/deadline_store.h"

namespace herald::app {

namespace {

constexpr std::chrono::milliseconds kInterval{5'000};
constexpr std::chrono::milliseconds kQueueInterval{1'000};
// A queue this full is about to refuse its producers.
constexpr std::uint64_t kFullPercent = 90;

}  // namespace

std::string reason_of(const StoreCondition& condition) {
  if (!condition.writable) return "the store takes no writes; what is stored is delivered, nothing new is accepted";
  if (condition.unreadable_rows == 0) return {};
  return std::to_string(condition.unreadable_rows) +
         " stored rows are damaged; the others are delivered. Restore a backup to have them back";
}

HealthCheck::HealthCheck(HealthCheckPorts ports)
    : ports_(ports),
      deadline_(store_deadline(ports.limits), ports.timers, ports.clock, ports.metrics, [this] { store_stalled(); }) {}

void HealthCheck::start() {
  ports_.health.set_probe("store", [&stores = ports_.stores] { return reason_of(stores.condition()); });
  look_at_queues();
  look();
}

void HealthCheck::look() {
  // In an embedded store, recording nothing goes the way of every write up to the disk, and answers with the error that
  // a write would get; a store elsewhere is asked for something that it alone knows.
  deadline_.ask(Reply<Result<std::uint64_t>>(ports_.loop,
                                             [this](const Result<std::uint64_t>& recorded) {
                                               if (!recorded) return store_answered(std::unexpected(recorded.error()));
                                               ask_for_servers();
                                             }),
                [this](auto bound) { ports_.stores.deliveries().record({}, std::move(bound)); });
}

void HealthCheck::ask_for_servers() {
  using Servers = Result<std::vector<ServerLease>>;
  deadline_.ask(Reply<Servers>(ports_.loop,
                               [this](const Servers& servers) {
                                 store_answered(servers ? Status{} : std::unexpected(servers.error()));
                               }),
                [this](auto bound) { ports_.stores.servers().list(std::move(bound)); });
}

void HealthCheck::store_answered(const Status& status) {
  // While an older look is not answered, a newer one only failed for want of patience.
  if (status) {
    set_store({});
  } else if (deadline_.overdue() == 0) {
    set_store("the store does not answer, or takes no writes: " + std::string(to_string(status.error().kind)));
  }
  ports_.timers.run_after(kInterval, [this] { look(); });
}

void HealthCheck::store_stalled() {
  set_store("the store has not answered for " + std::to_string(ports_.limits.store_timeout_ms) + " ms");
}

void HealthCheck::set_store(const std::string& reason) {
  if (reason.empty()) {
    if (!store_reason_.empty()) ports_.log.info("store well again", {});
    ports_.health.set_ok("store");
  } else {
    if (store_reason_.empty()) ports_.log.warning("store not well", {{"reason", reason}});
    ports_.health.set_not_ok("store", reason);
  }
  store_reason_ = reason;
}

void HealthCheck::look_at_queues() {
  ports_.timers.run_after(kQueueInterval, [this] { look_at_queues(); });
  const std::uint64_t full = ports_.limits.queue_max_messages * kFullPercent / 100;
  for (const auto& depth : ports_.queue.depths()) {
    if (!depth.connected) {
      return ports_.health.set_not_ok("queue", "the broker is away; messages are accepted, and routed later");
    }
    if (depth.waiting >= full) return ports_.health.set_not_ok("queue", depth.queue + " is almost full");
  }
  ports_.health.set_ok("queue");
}

}  // namespace herald::app
