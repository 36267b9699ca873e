#pragma once
// The header with which a proxy in TCP mode begins a connection to tell whose it is: the PROXY protocol, versions 1 and
// 2 (HAProxy, doc/proxy-protocol.txt). Bytes to a value; no socket.

#include <cstdint>
#include <optional>
#include <string_view>

#include "transport/address.h"

namespace herald::transport {

struct ProxyHeader {
  enum class State : std::uint8_t {
    kNeedMore,   // so far it may be one
    kAbsent,     // the connection begins with something else
    kComplete,   // `bytes` long; the connection's own bytes follow
    kMalformed,  // it begins like one and is none, is longer than `most_bytes`, or its checksum is wrong
  };
  State state = State::kNeedMore;
  std::size_t bytes = 0;
  // Whose connection it is; nullopt: the proxy's own (LOCAL), or the proxy does not know (UNKNOWN, or no TCP over IP).
  std::optional<SocketAddress> source;
};

// `bytes`: all that the connection has begun with so far. `most_bytes` bounds version 2; version 1 has at most 107.
[[nodiscard]] ProxyHeader read_proxy_header(std::string_view bytes, std::uint64_t most_bytes);

}  // namespace herald::transport
