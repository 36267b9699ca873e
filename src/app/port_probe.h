#pragma once
// Listeners of one process share a port with SO_REUSEPORT, which would let a second herald of the same user take part
// in it unnoticed. This asks first.

#include "base/result.h"
#include "transport/address.h"

namespace herald::app {

// kUnavailable: somebody listens there already, or it is not ours to bind; the message says which. Port 0 is free.
[[nodiscard]] Status probe_port(const transport::SocketAddress& at);

}  // namespace herald::app
