#pragma once
// The wake-up sender over UDP, IPv4 and IPv6.

#include <memory>
#include <string_view>

#include "ports/wakeup_sender.h"
#include "transport/event_loop.h"
#include "transport/udp_socket.h"

namespace herald::roles::user_agent_udp {

// On the loop's thread.
class UdpWakeupSender final : public ports::WakeupSender {
 public:
  // Opens a socket on any port of each family. kUnavailable: neither could be opened. With one missing, sends to its
  // addresses are kUnavailable.
  [[nodiscard]] static Result<std::unique_ptr<UdpWakeupSender>> open(transport::EventLoop& loop);

  // kInvalid: `to.ip` is not a literal.
  [[nodiscard]] Status send(const WakeInterface& to, std::string_view datagram) override;

 private:
  UdpWakeupSender(std::unique_ptr<transport::UdpSocket> v4, std::unique_ptr<transport::UdpSocket> v6)
      : v4_(std::move(v4)), v6_(std::move(v6)) {}

  std::unique_ptr<transport::UdpSocket> v4_;  // null: could not be opened
  std::unique_ptr<transport::UdpSocket> v6_;
};

}  // namespace herald::roles::user_agent_udp
