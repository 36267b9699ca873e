#pragma once
// From a host to the addresses to try.

#include <string>
#include <vector>

#include "base/result.h"
#include "transport/address.h"

namespace herald::transport {

// In the order to try them; never empty. A literal is itself; a name is looked up, which may block. kUnavailable: no
// such name.
[[nodiscard]] Result<std::vector<SocketAddress>> resolve_host(const std::string& host, std::uint16_t port);

}  // namespace herald::transport
