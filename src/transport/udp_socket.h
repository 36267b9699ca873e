#pragma once
// A non-blocking UDP socket on a loop.

#include <functional>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "transport/address.h"
#include "transport/event_loop.h"

namespace herald::transport {

class UdpSocket {
 public:
  using OnDatagram = std::function<void(const SocketAddress& from, std::string_view datagram)>;
  // Binds to `at` (port 0: any). `on_datagram` may be empty: then nothing is read. The loop's thread.
  // An IPv6 socket also sends to IPv4. The callback must not destroy the socket. kUnavailable: can't bind.
  [[nodiscard]] static Result<std::unique_ptr<UdpSocket>> open(EventLoop& loop, const SocketAddress& at,
                                                               OnDatagram on_datagram);
  virtual ~UdpSocket() = default;
  // kUnavailable: not sent (buffers full, unreachable).
  [[nodiscard]] virtual Status send_to(const SocketAddress& to, std::string_view datagram) = 0;
  [[nodiscard]] virtual SocketAddress local() const = 0;
};

}  // namespace herald::transport
