#pragma once
// The calls of ports::ServerRegistry. Private to this folder.

#include <variant>

#include "adapters/mongodb/lane.h"
#include "ports/server_registry.h"

namespace herald::adapters::mongodb {

struct Renew {
  ServerLease lease;
  WallTime now;
};
using RenewCall = Call<Renew, void>;
struct Release {
  ServerId server;
  std::string holder;
};
using ReleaseCall = Call<Release, void>;
using LeaseCall = std::variant<RenewCall, ReleaseCall>;
[[nodiscard]] Status change_leases(Context& context, std::span<LeaseCall> calls);

struct ListLeases {};
using ListLeasesCall = Call<ListLeases, std::vector<ServerLease>>;
[[nodiscard]] Status list_leases(Context& context, std::span<ListLeasesCall> calls);

}  // namespace herald::adapters::mongodb
