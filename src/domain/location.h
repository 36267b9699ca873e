#pragma once
// Where a user agent is, and how to wake it.

#include <cstdint>
#include <optional>
#include <string>

#include "domain/ids.h"

namespace herald {

// Where a sleeping device listens for pings. `ip` is a literal IPv4 or IPv6 address.
struct WakeInterface {
  std::string ip;
  std::uint16_t port = 5000;
  bool operator==(const WakeInterface&) const = default;
};

enum class LocationKind : std::uint8_t {
  kDisconnected = 0,  // its pending deliveries wait in the store
  kWebSocket = 1,     // an open connection on `server`
  kSleeping = 2,      // pinged by `server`, then pulls
};

struct Location {
  LocationKind kind = LocationKind::kDisconnected;
  ServerId server;          // empty if disconnected
  std::uint32_t shard = 0;  // kWebSocket: the event loop of that server that holds the connection
  std::uint64_t connection =
      0;  // kWebSocket: unique per connection and server start; tells an old connection from its successor
  // When it was written, in milliseconds of the writer's clock: a location takes the place of one with a lesser order
  // only. 0: it stays whatever was written before. No part of what the location is.
  std::uint64_t order = 0;
  friend bool operator==(const Location& a, const Location& b) {
    return a.kind == b.kind && a.server == b.server && a.shard == b.shard && a.connection == b.connection;
  }
};

// A user agent as the directory knows it.
struct Node {
  UserAgentId user_agent;
  Location location;
  std::optional<WakeInterface> wake;  // kept while a WebSocket is open, so that the device can sleep again
};

}  // namespace herald
