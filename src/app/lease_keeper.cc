#include "app/lease_keeper.h"

#include <algorithm>
#include <utility>

namespace herald::app {

LeaseKeeper::LeaseKeeper(LeaseKeeperConfig config, LeaseEvents events, ports::ServerRegistry& registry, Executor& loop,
                         TimerService& timers, const Clock& clock)
    : config_(std::move(config)),
      events_(std::move(events)),
      registry_(registry),
      loop_(loop),
      timers_(timers),
      clock_(clock) {}

void LeaseKeeper::start(WallTime taken_at) {
  until_ms_ = (taken_at + config_.lease).ms;
  renew();
}

void LeaseKeeper::stop() {
  if (std::exchange(stopped_, true)) return;
  timers_.cancel(timer_);
  for (const auto& lease : config_.leases) {
    registry_.release(lease.server, lease.holder, Reply<Status>(loop_, [](const Status& /*it lapses otherwise*/) {}));
  }
}

std::shared_ptr<const ServerLeases> LeaseKeeper::servers() const {
  const std::lock_guard lock(mutex_);
  return servers_;
}

void LeaseKeeper::renew() {
  if (stopped_) return;
  error_.reset();
  const WallTime now = clock_.wall();
  const WallTime until = now + config_.lease;
  unanswered_ = config_.leases.size();
  for (ServerLease lease : config_.leases) {
    lease.until = until;
    registry_.renew(lease, now, Reply<Status>(loop_, [this, server = lease.server, until](const Status& status) {
                      renewed(server, until, status);
                    }));
  }
}

void LeaseKeeper::renewed(const ServerId& server, WallTime until, const Status& status) {
  if (stopped_) return;
  if (!status && status.error().kind == ErrorKind::kConflict) {
    stopped_ = true;
    return events_.taken(server);
  }
  if (!status) error_ = status.error();
  if (--unanswered_ == 0) round_over(until);
}

// The end that others know is compared with the time, less what the clocks may differ: in between, others may have
// found the lease lapsed.
bool LeaseKeeper::may_have_lapsed() const {
  return clock_.wall() >= WallTime{until_ms_} - config_.lease / 4;
}

// The time first: who sees the new end sees the count that goes with it.
std::optional<std::uint64_t> LeaseKeeper::lapses() const {
  if (may_have_lapsed()) return std::nullopt;
  return lapses_.load();
}

void LeaseKeeper::round_over(WallTime until) {
  if (error_) {
    events_.late(*error_);
    return plan(config_.renew / 4);
  }
  const bool lapsed = may_have_lapsed();
  if (lapsed) ++lapses_;
  until_ms_ = until.ms;
  plan(config_.renew);
  lapsed ? events_.regained() : events_.held();
  look();
}

void LeaseKeeper::look() {
  registry_.list(Reply<Result<std::vector<ServerLease>>>(loop_, [this](Result<std::vector<ServerLease>> leases) {
    if (leases && !stopped_) looked(std::move(*leases));
  }));
}

void LeaseKeeper::looked(std::vector<ServerLease> leases) {
  const WallTime now = clock_.wall();
  std::set<ServerId> lapsed;
  for (const auto& lease : leases) {
    if (lease.kind == LocationKind::kSleeping && !is_live(lease, now)) lapsed.insert(lease.server);
  }
  {
    const std::lock_guard lock(mutex_);
    servers_ = std::make_shared<const ServerLeases>(std::move(leases));
  }
  const auto before = std::exchange(lapsed_, std::move(lapsed));
  for (const ServerId& server : lapsed_) {
    if (!before.contains(server)) events_.orphaned(server);
  }
}

void LeaseKeeper::plan(std::chrono::milliseconds wait) {
  timer_ = timers_.run_after(wait, [this] { renew(); });
}

}  // namespace herald::app
