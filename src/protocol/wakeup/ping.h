#pragma once
// The datagram that wakes a device: "NOTIFY ", then a short opaque nonce. No content of any message.

#include <string>

#include "base/random.h"

namespace herald::protocol::wakeup {

[[nodiscard]] std::string ping_datagram(RandomSource& random);

}  // namespace herald::protocol::wakeup
