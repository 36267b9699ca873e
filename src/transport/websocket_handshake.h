#pragma once
// The keys of the WebSocket opening handshake (RFC 6455 §1.3, §4).

#include <string>
#include <string_view>

#include "base/random.h"

namespace herald::transport {

// The value of Sec-WebSocket-Accept for a Sec-WebSocket-Key (§4.2.2).
[[nodiscard]] std::string websocket_accept_key(std::string_view key);
// A fresh Sec-WebSocket-Key: base64 of 16 random bytes (§4.1).
[[nodiscard]] std::string make_websocket_key(RandomSource& random);
// True if `key` is base64 of 16 bytes, as a server must check (§4.2.1).
[[nodiscard]] bool is_valid_websocket_key(std::string_view key);

}  // namespace herald::transport
