#include "app/server_ids.h"

#include <signal.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "app/lease_claim.h"

namespace herald::app {

namespace {

constexpr std::chrono::milliseconds kAskAgainMost{500};

// Runs each task at once, on the thread that answers.
class InlineExecutor final : public Executor {
 public:
  void post(Task task) override { task(); }
  void post_batch(std::vector<Task> tasks) override {
    for (auto& task : tasks) task();
  }
};

// Makes the call and waits for its answer, for at most `patience`; what comes later is dropped.
template <class T>
T wait_for(std::chrono::milliseconds patience, const std::function<void(Reply<T>)>& call) {
  struct Answer {
    std::mutex mutex;
    std::condition_variable filled;
    std::optional<T> value;
    InlineExecutor executor;
  };
  const auto answer = std::make_shared<Answer>();
  call(Reply<T>(answer->executor, [answer](T value) {
    const std::lock_guard lock(answer->mutex);
    answer->value = std::move(value);
    answer->filled.notify_one();
  }));
  std::unique_lock lock(answer->mutex);
  answer->filled.wait_for(lock, patience, [&] { return answer->value.has_value(); });
  if (!answer->value) return fail(ErrorKind::kUnavailable, "the store does not answer");
  return std::move(*answer->value);
}

// The signals that end the process are blocked, and read once the loop runs.
bool told_to_end() {
  sigset_t pending;
  sigpending(&pending);
  return sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1;
}

}  // namespace

ServerIds::ServerIds(Services& services, transport::EventLoop& loop) : services_(services), loop_(loop) {
  const Configuration& configuration = services.configuration;
  const auto add = [&](Role role, const ServerId& server, LocationKind kind) {
    if (configuration.roles.has(role)) leases_.push_back({server, kind, {}, {}});
  };
  add(Role::kUserAgentWs, configuration.server_id, LocationKind::kWebSocket);
  add(Role::kUserAgentUdp, configuration.udp_server_id, LocationKind::kSleeping);
}

std::expected<void, Failure> ServerIds::claim() {
  if (leases_.empty()) return {};
  if (auto named = name_holder(); !named) return named;
  taken_at_ = services_.clock.wall();
  for (const auto& lease : leases_) {
    if (auto claimed = claim(lease); !claimed) return claimed;
  }
  return {};
}

std::expected<void, Failure> ServerIds::name_holder() {
  std::string name = LeaseHolder::random_name(services_.random);
  const Configuration& configuration = services_.configuration;
  const bool own_store = configuration.store == StoreKind::kMemory || configuration.store == StoreKind::kRocksDb;
  if (!own_store) {
    auto holder = LeaseHolder::open(configuration.data, leases_.front().server, services_.random);
    if (!holder) return std::unexpected(holder.error());
    holder_ = std::move(*holder);
    name = holder_->name();
  }
  for (auto& lease : leases_) lease.holder = name;
  return {};
}

std::expected<void, Failure> ServerIds::claim(ServerLease lease) {
  const Limits& limits = services_.configuration.limits;
  const std::chrono::milliseconds length(limits.lease_ms);
  auto& registry = services_.stores->servers();
  // No process gives up sooner here than where it looks for the database.
  const std::chrono::milliseconds patience(std::max(2 * limits.lease_ms, limits.mongodb_start_timeout_ms));
  LeaseClaim claim(lease.server, services_.clock.mono(), patience);
  for (bool first = true;; first = false) {
    const WallTime now = services_.clock.wall();
    lease.until = now + length;
    const Status renewed =
        wait_for<Status>(length, [&](Reply<Status> reply) { registry.renew(lease, now, std::move(reply)); });
    using Listed = Result<std::vector<ServerLease>>;
    Listed listed;
    if (!renewed) listed = wait_for<Listed>(length, [&](Reply<Listed> reply) { registry.list(std::move(reply)); });
    const ServerLeases leases(listed ? std::move(*listed) : std::vector<ServerLease>());
    const auto next = claim.answered(renewed, leases.find(lease.server), services_.clock.mono());
    if (next == LeaseClaim::Next::kHeld) return {};
    if (next == LeaseClaim::Next::kRefused) {
      const bool taken = renewed.error().kind == ErrorKind::kConflict;
      return std::unexpected(Failure{taken ? ExitCode::kServerIdTaken : ExitCode::kDataUnusable, claim.reason()});
    }
    if (told_to_end()) return std::unexpected(Failure{ExitCode::kFailed, "told to end; " + claim.reason()});
    if (first)
      services_.log.warning("waiting for the server id", {{"reason", std::string_view(renewed.error().message)}});
    std::this_thread::sleep_for(std::min(kAskAgainMost, length / 8));
  }
}

void ServerIds::start(LeaseEvents events) {
  if (leases_.empty()) return;
  const Limits& limits = services_.configuration.limits;
  keeper_ = std::make_unique<LeaseKeeper>(LeaseKeeperConfig{.leases = leases_,
                                                            .lease = std::chrono::milliseconds(limits.lease_ms),
                                                            .renew = std::chrono::milliseconds(limits.lease_renew_ms)},
                                          reporting(std::move(events)), services_.stores->servers(), loop_, loop_,
                                          services_.clock);
  keeper_->start(taken_at_);
}

LeaseEvents ServerIds::reporting(LeaseEvents events) {
  auto& health = services_.health;
  auto& log = services_.log;
  events.held = [&health] { health.set_ok("lease"); };
  events.late = [&health](const Error& error) {
    health.set_not_ok("lease", "not renewed: " + std::string(to_string(error.kind)));
  };
  events.regained = [&health, &log, then = std::move(events.regained)] {
    health.set_ok("lease");
    log.warning("server id regained after its lease had lapsed", {});
    then();
  };
  events.taken = [&health, &log, then = std::move(events.taken)](const ServerId& server) {
    health.set_not_ok("lease", "another process has the server id");
    log.error("another process has the server id", {{"server", std::string_view(server)}});
    then(server);
  };
  return events;
}

void ServerIds::stop() {
  if (keeper_) return keeper_->stop();
  for (const auto& lease : leases_) {
    services_.stores->servers().release(lease.server, lease.holder,
                                        Reply<Status>(loop_, [](const Status& /*ended*/) {}));
  }
}

ServerId ServerIds::sleep_server(const UserAgentId& user_agent) const {
  const ServerId& standard = services_.configuration.udp_server_id;
  if (!keeper_) return standard;
  return keeper_->servers()->sleep_server(user_agent, services_.clock.wall()).value_or(standard);
}

bool ServerIds::adopts(const UserAgentId& user_agent, const ServerId& server) const {
  if (!keeper_ || keeper_->servers()->live(server, services_.clock.wall())) return false;
  return sleep_server(user_agent) == services_.configuration.udp_server_id;
}

}  // namespace herald::app
