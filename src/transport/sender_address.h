#pragma once
// Who sent a request, where a reverse proxy stands in front of Herald.

#include <span>

#include "transport/address.h"
#include "transport/http.h"

namespace herald::transport {

// The TCP peer. If that is in `trusted`, the rightmost address of X-Forwarded-For that is not in `trusted`, since each
// proxy adds at the right whom it heard from: what stands left of it is the sender's own word. Of a list that holds
// only trusted addresses, the leftmost. A list is read no further than an element that is no address, with or without
// a port.
[[nodiscard]] IpAddress sender_address(const HttpRequest& request, std::span<const Network> trusted);

}  // namespace herald::transport
