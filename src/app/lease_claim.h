#pragma once
// Taking a server id at the start: a lease that a dead process left is waited for, one that somebody renews is not.

#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "domain/server_lease.h"

namespace herald::app {

// Pure: fed with the answers to one id's renewals, says what to do next.
class LeaseClaim {
 public:
  enum class Next : std::uint8_t { kHeld, kAskAgain, kRefused };

  // Gives up on a store that does not answer after `patience` from `started`; a foreign lease is waited for until it
  // ends.
  LeaseClaim(ServerId server, MonoTime started, std::chrono::milliseconds patience)
      : server_(std::move(server)), give_up_at_(started + patience) {}

  // `holder` is the lease as it is now, null if it could not be read or is gone.
  [[nodiscard]] Next answered(const Status& renewed, const ServerLease* holder, MonoTime now);
  // Why it was refused: for people.
  [[nodiscard]] const std::string& reason() const { return reason_; }

 private:
  ServerId server_;
  MonoTime give_up_at_;
  std::optional<ServerLease> seen_;
  std::string reason_;
};

}  // namespace herald::app
