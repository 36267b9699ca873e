#pragma once
// Which servers hold devices, and until when that may be believed: a server that holds devices renews a lease; one
// whose lease has lapsed counts as gone, and its devices as disconnected.

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "domain/ids.h"
#include "domain/location.h"

namespace herald {

struct ServerLease {
  ServerId server;
  LocationKind kind = LocationKind::kWebSocket;  // kWebSocket: it holds connections; kSleeping: it wakes devices
  std::string holder;  // tells the process that holds the id from another that wants it; 1 to 64 characters
  WallTime until;      // by the holder's clock
  bool operator==(const ServerLease&) const = default;
};

[[nodiscard]] inline bool is_live(const ServerLease& lease, WallTime now) {
  return now < lease.until;
}

// How long a lapsed lease is remembered, so that the devices of its server can be told from those of an unknown one.
inline constexpr std::chrono::hours kLapsedLeaseKept{24 * 30};

// What the registry of servers holds, as a value. Not thread-safe.
class ServerLeases {
 public:
  ServerLeases() = default;
  explicit ServerLeases(std::vector<ServerLease> leases) : leases_(std::move(leases)) {}

  // Takes or keeps the server's id until `lease.until`. kConflict: another holder's lease of it is live.
  [[nodiscard]] Status renew(const ServerLease& lease, WallTime now);
  // Gives the id back; ignored unless `holder` holds it.
  void release(const ServerId& server, const std::string& holder);

  // Live and lapsed ones, in no particular order.
  [[nodiscard]] const std::vector<ServerLease>& all() const { return leases_; }
  // Null: nobody ever held it, or gave it back.
  [[nodiscard]] const ServerLease* find(const ServerId& server) const;
  [[nodiscard]] bool live(const ServerId& server, WallTime now) const;

  // The server that is to wake this device: of those that are live the one with the highest hash of device and server,
  // so that every process chooses alike, and the loss of a server moves only its own devices. Where none is live, the
  // same of those known, which will find the device when it comes back. Nullopt: no wake-up server was ever known.
  [[nodiscard]] std::optional<ServerId> sleep_server(const UserAgentId& user_agent, WallTime now) const;

 private:
  std::vector<ServerLease> leases_;
};

}  // namespace herald
