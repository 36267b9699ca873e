#pragma once
// Where the devices are that have a WebSocket open and no wake interface. Such a location means nothing once this
// process has ended, since its connections end with it, so it has no row: to connect and to leave writes nothing.
// Used by the committing thread only. Private to this folder.

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <optional>
#include <vector>

#include "domain/location.h"

namespace herald::adapters {

class ConnectedDevices {
 public:
  // Empty: not here; its row tells.
  [[nodiscard]] std::optional<Location> find(const UserAgentId& user_agent) const;
  // `location` must be a kWebSocket.
  void put(const UserAgentId& user_agent, const Location& location);
  void erase(const UserAgentId& user_agent) { places_.erase(user_agent); }

 private:
  // 16 bytes: there are as many as devices.
  struct Place {
    std::uint32_t server;  // its place in servers_
    std::uint32_t shard;
    std::uint64_t connection;
  };

  [[nodiscard]] std::uint32_t number_of(const ServerId& server);

  boost::unordered_flat_map<UserAgentId, Place, IdHash> places_;
  std::vector<ServerId> servers_;  // those of this process
};

}  // namespace herald::adapters
