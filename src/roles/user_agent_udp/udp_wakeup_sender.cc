#include "roles/user_agent_udp/udp_wakeup_sender.h"

#include <utility>

namespace herald::roles::user_agent_udp {

namespace {

Result<std::unique_ptr<transport::UdpSocket>> open_any_port(transport::EventLoop& loop, std::string_view ip) {
  auto address = transport::IpAddress::parse(ip);
  if (!address) return std::unexpected(address.error());
  return transport::UdpSocket::open(loop, {*address, 0}, {});
}

std::unique_ptr<transport::UdpSocket> or_null(Result<std::unique_ptr<transport::UdpSocket>> socket) {
  return socket ? std::move(*socket) : nullptr;
}

}  // namespace

Result<std::unique_ptr<UdpWakeupSender>> UdpWakeupSender::open(transport::EventLoop& loop) {
  auto v4 = open_any_port(loop, "0.0.0.0");
  auto v6 = open_any_port(loop, "::");
  if (!v4 && !v6) return fail(ErrorKind::kUnavailable, "no UDP socket: " + v4.error().message);
  return std::unique_ptr<UdpWakeupSender>(new UdpWakeupSender(or_null(std::move(v4)), or_null(std::move(v6))));
}

Status UdpWakeupSender::send(const WakeInterface& to, std::string_view datagram) {
  const auto ip = transport::IpAddress::parse(to.ip);
  if (!ip) return std::unexpected(ip.error());
  const auto& socket = ip->is_v6() ? v6_ : v4_;
  if (!socket) return fail(ErrorKind::kUnavailable, "no UDP socket of that family");
  return socket->send_to({*ip, to.port}, datagram);
}

}  // namespace herald::roles::user_agent_udp
