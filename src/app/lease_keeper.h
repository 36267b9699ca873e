#pragma once
// Keeps the leases of this process's server ids: renews them in time, tells when others may have taken its servers for
// gone, and when another process has an id. Knows from the same reading which servers live.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/executor.h"
#include "base/log.h"
#include "base/time.h"
#include "base/timer.h"
#include "domain/server_lease.h"
#include "ports/server_registry.h"

namespace herald::app {

struct LeaseKeeperConfig {
  std::vector<ServerLease> leases;  // server, kind and holder of each; `until` is not read
  std::chrono::milliseconds lease{10'000};
  std::chrono::milliseconds renew{3'000};
};

// All called on the loop.
struct LeaseEvents {
  std::function<void()> held;                     // renewed in time
  std::function<void(const Error&)> late;         // not renewed this time: the store is away
  std::function<void()> regained;                 // renewed, after others may have seen it lapsed
  std::function<void(const ServerId&)> taken;     // another process has the id; nothing is renewed any more
  std::function<void(const ServerId&)> orphaned;  // a wake-up server that lived, or was known, has lapsed
};

// On the loop's thread, or while that does not run; destroyed when it runs no more. References must outlive it.
class LeaseKeeper {
 public:
  LeaseKeeper(LeaseKeeperConfig config, LeaseEvents events, ports::ServerRegistry& registry, Executor& loop,
              TimerService& timers, const Clock& clock);

  // Renews now and then regularly. The leases are ours already, taken at `taken_at`.
  void start(WallTime taken_at);
  // Gives the ids back.
  void stop();

  // How often others may have taken this process's servers for gone; nothing while that may be so now. Counted before
  // regained() is called. Any thread.
  [[nodiscard]] std::optional<std::uint64_t> lapses() const;

  // The servers as last read. Any thread.
  [[nodiscard]] std::shared_ptr<const ServerLeases> servers() const;

 private:
  void renew();
  void renewed(const ServerId& server, WallTime until, const Status& status);
  void round_over(WallTime until);
  void look();
  void looked(std::vector<ServerLease> leases);
  void plan(std::chrono::milliseconds wait);
  [[nodiscard]] bool may_have_lapsed() const;

  LeaseKeeperConfig config_;
  LeaseEvents events_;
  ports::ServerRegistry& registry_;
  Executor& loop_;
  TimerService& timers_;
  const Clock& clock_;
  std::atomic<std::int64_t> until_ms_{0};  // the end of the leases as others know it, in WallTime
  std::atomic<std::uint64_t> lapses_{0};
  std::size_t unanswered_ = 0;
  std::optional<Error> error_;  // of this round
  bool stopped_ = false;
  TimerId timer_ = 0;
  std::set<ServerId> lapsed_;
  mutable std::mutex mutex_;
  std::shared_ptr<const ServerLeases> servers_ = std::make_shared<const ServerLeases>();
};

}  // namespace herald::app
