#pragma once
// From where the devices are to one envelope per message and server.

#include <map>
#include <unordered_map>
#include <vector>

#include "domain/ids.h"
#include "domain/location.h"
#include "protocol/queue/envelope.h"
#include "roles/monitor/routed.h"

namespace herald::roles::monitor {

using Locations = std::unordered_map<UserAgentId, Location, IdHash>;
// By the server that is to deliver them, in the order of the messages given.
using Outgoing = std::map<ServerId, std::vector<protocol::queue::Deliver>>;

// Each device once.
[[nodiscard]] std::vector<UserAgentId> devices_of(const std::vector<Routed>& items);

// Envelopes of at most `targets_max` targets. A disconnected or unknown device is in none: its delivery waits in the
// store.
[[nodiscard]] Outgoing sort_by_server(const std::vector<Routed>& items, const Locations& locations,
                                      std::size_t targets_max);

// The way back, to look again where the devices are.
[[nodiscard]] Routed as_routed(const protocol::queue::Deliver& envelope);

}  // namespace herald::roles::monitor
