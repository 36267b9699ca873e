#include "roles/monitor/sorting.h"

#include <unordered_set>

namespace herald::roles::monitor {

using protocol::queue::Deliver;

namespace {

// The envelope that takes the next target of `item` on this queue.
Deliver& open_envelope(std::vector<Deliver>& queue, const Routed& item, std::size_t targets_max) {
  if (queue.empty() || queue.back().message != item.message || queue.back().targets.size() >= targets_max) {
    queue.push_back(Deliver{item.message, item.app, item.priority, item.expires_at, {}});
  }
  return queue.back();
}

}  // namespace

std::vector<UserAgentId> devices_of(const std::vector<Routed>& items) {
  std::vector<UserAgentId> devices;
  std::unordered_set<UserAgentId, IdHash> seen;
  for (const auto& item : items) {
    for (const auto& user_agent : item.user_agents) {
      if (seen.insert(user_agent).second) devices.push_back(user_agent);
    }
  }
  return devices;
}

Outgoing sort_by_server(const std::vector<Routed>& items, const Locations& locations, std::size_t targets_max) {
  Outgoing outgoing;
  for (const auto& item : items) {
    for (const auto& user_agent : item.user_agents) {
      const auto found = locations.find(user_agent);
      if (found == locations.end() || found->second.kind == LocationKind::kDisconnected) continue;
      const auto& location = found->second;
      open_envelope(outgoing[location.server], item, targets_max).targets.push_back({user_agent, location.shard});
    }
  }
  return outgoing;
}

Routed as_routed(const Deliver& envelope) {
  Routed item{envelope.message, envelope.app, envelope.priority, envelope.expires_at, {}};
  for (const auto& target : envelope.targets) item.user_agents.push_back(target.user_agent);
  return item;
}

}  // namespace herald::roles::monitor
