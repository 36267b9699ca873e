#include "adapters/rocksdb/state/connected_devices.h"

#include <algorithm>

#include "base/check.h"

namespace herald::adapters {

std::optional<Location> ConnectedDevices::find(const UserAgentId& user_agent) const {
  const auto it = places_.find(user_agent);
  if (it == places_.end()) return std::nullopt;
  const Place& place = it->second;
  return Location{LocationKind::kWebSocket, servers_[place.server], place.shard, place.connection};
}

void ConnectedDevices::put(const UserAgentId& user_agent, const Location& location) {
  HERALD_CHECK(location.kind == LocationKind::kWebSocket, "only a connection is kept in memory");
  places_.insert_or_assign(user_agent, Place{number_of(location.server), location.shard, location.connection});
}

std::uint32_t ConnectedDevices::number_of(const ServerId& server) {
  const auto it = std::ranges::find(servers_, server);
  const auto number = static_cast<std::uint32_t>(it - servers_.begin());
  if (it == servers_.end()) servers_.push_back(server);
  return number;
}

}  // namespace herald::adapters
