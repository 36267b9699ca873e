#pragma once
// The generations of the protocol family share one WebSocket URL: a connection's first frame tells which one its device
// speaks. The subprotocol alone does not, since all use the same name or none.

#include <cstdint>
#include <string_view>

#include "base/limits.h"

namespace herald::protocol {

enum class Generation : std::uint8_t { kFlow2012, kSimplePush, kWebPush };

enum class FirstFrame : std::uint8_t {
  kFlow2012,    // `command` or `data`, or a messageType that only the 2012 flow has
  kSimplePush,  // a hello that does not ask for Web Push, and lists channels, can be woken, or comes on the subprotocol
  kWebPush,     // any other hello, and every other object: the newest generation refuses what nobody knows
  kUnreadable,  // not JSON, or not an object
};

// Reads one text frame only as far as needed to tell. `subprotocol`: the connection offered push-notification. All
// SimplePush devices do; of the Web Push clients that do, Firefox and Bitwarden say use_webpush, and KDE offers none.
[[nodiscard]] FirstFrame sort_first_frame(std::string_view text, bool subprotocol, const Limits& limits);

}  // namespace herald::protocol
