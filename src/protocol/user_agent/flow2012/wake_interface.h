#pragma once
// Private to the folder: the `interface` member of a registration.

#include <optional>

#include "domain/location.h"
#include "protocol/json.h"

namespace herald::protocol::flow2012 {

// nullopt unless `value` is an object with `ip` an IPv4 or IPv6 literal (no zone) and `port` absent (5000) or 1 to
// 65535 as a number or a decimal string. The address comes out in its canonical text, an IPv4-mapped IPv6 address as
// IPv4, so that rules on addresses can't be walked around by another spelling.
[[nodiscard]] std::optional<WakeInterface> parse_wake_interface(const JsonValue& value);

}  // namespace herald::protocol::flow2012
