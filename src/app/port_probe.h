#pragma once
// Listeners of one process share a port with SO_REUSEPORT, which would let a second herald of the same user take part
// in it unnoticed. This asks first.

#include <string>

#include "base/result.h"
#include "transport/address.h"

namespace herald::app {

// kConflict: somebody listens there already; kUnauthorized: the port asks for a permission; kNotFound: this machine
// does not have the address; kUnavailable: another reason. The message says which. Port 0 is free.
[[nodiscard]] Status probe_port(const transport::SocketAddress& at);

// What to do about an error of probe_port() for the listener that `option` names.
[[nodiscard]] std::string bind_advice(ErrorKind kind, const transport::SocketAddress& at, const std::string& option);

}  // namespace herald::app
