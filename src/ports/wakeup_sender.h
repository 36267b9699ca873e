#pragma once
// Sends the datagram that wakes a sleeping device.

#include <string_view>

#include "base/result.h"
#include "domain/location.h"

namespace herald::ports {

class WakeupSender {
 public:
  virtual ~WakeupSender() = default;
  // Hands one datagram to the network; does not block and does not wait for anything. kUnavailable: it could not be
  // sent now (buffers full, no route). On the owner's thread only.
  [[nodiscard]] virtual Status send(const WakeInterface& to, std::string_view datagram) = 0;
};

}  // namespace herald::ports
