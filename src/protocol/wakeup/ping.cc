#include "protocol/wakeup/ping.h"

namespace herald::protocol::wakeup {

namespace {

constexpr std::string_view kNotify = "NOTIFY ";

}  // namespace

std::string ping_datagram(std::string_view nonce) {
  return std::string(kNotify).append(nonce);
}

std::string_view nonce_in(std::string_view datagram) {
  const bool is_ping = datagram.starts_with(kNotify) && datagram.size() == kNotify.size() + 2 * kNonceBytes;
  if (!is_ping || datagram.find_first_not_of("0123456789abcdef", kNotify.size()) != std::string_view::npos) return {};
  return datagram.substr(kNotify.size());
}

}  // namespace herald::protocol::wakeup
