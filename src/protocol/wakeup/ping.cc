#include "protocol/wakeup/ping.h"

#include <array>

#include "base/encoding.h"

namespace herald::protocol::wakeup {

std::string ping_datagram(RandomSource& random) {
  std::array<std::uint8_t, 8> nonce{};
  random.fill(nonce);
  return "NOTIFY " + to_hex(nonce);
}

}  // namespace herald::protocol::wakeup
