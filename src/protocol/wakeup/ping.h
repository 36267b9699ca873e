#pragma once
// The datagram that wakes a device: "NOTIFY ", then a short opaque nonce. No content of any message.

#include <cstddef>
#include <string>
#include <string_view>

namespace herald::protocol::wakeup {

inline constexpr std::size_t kNonceBytes = 8;

// `nonce`: so many bytes in hex.
[[nodiscard]] std::string ping_datagram(std::string_view nonce);

// The nonce of a datagram; empty if it is no ping.
[[nodiscard]] std::string_view nonce_in(std::string_view datagram);

}  // namespace herald::protocol::wakeup
