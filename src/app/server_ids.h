#pragma once
// The server ids of this process: taken at the start, kept by leases, given back at the end.

#include <expected>
#include <memory>
#include <vector>

#include "app/exit_code.h"
#include "app/lease_holder.h"
#include "app/lease_keeper.h"
#include "app/services.h"
#include "transport/event_loop.h"

namespace herald::app {

// On the loop's thread, or while that does not run, unless said otherwise. References must outlive it.
class ServerIds {
 public:
  ServerIds(Services& services, transport::EventLoop& loop);

  // Takes the ids of the roles that hold devices; waits for a lease that an earlier run left. Blocks; before the loop
  // runs. kServerIdTaken: another process has one; kFailed: the store does not answer, or the process was told to end.
  [[nodiscard]] std::expected<void, Failure> claim();
  // Keeps them from now on. Says in /status how the leases are, besides what `events` is for.
  void start(LeaseEvents events);
  void stop();

  // LeaseKeeper's; 0 where no role here holds devices. Any thread.
  [[nodiscard]] std::optional<std::uint64_t> lease_lapses() const { return keeper_ ? keeper_->lapses() : 0; }
  // The server that wakes this device. Any thread.
  [[nodiscard]] ServerId sleep_server(const UserAgentId& user_agent) const;
  // Whether this process's wake-up server wakes a device that sleeps on `server`, because that one is gone. Any thread.
  [[nodiscard]] bool adopts(const UserAgentId& user_agent, const ServerId& server) const;

 private:
  [[nodiscard]] std::expected<void, Failure> name_holder();
  [[nodiscard]] std::expected<void, Failure> claim(ServerLease lease);
  [[nodiscard]] LeaseEvents reporting(LeaseEvents events);

  Services& services_;
  transport::EventLoop& loop_;
  std::vector<ServerLease> leases_;
  std::unique_ptr<LeaseHolder> holder_;  // null: the store is nobody else's
  WallTime taken_at_;
  std::unique_ptr<LeaseKeeper> keeper_;  // null: no role here holds devices
};

}  // namespace herald::app
