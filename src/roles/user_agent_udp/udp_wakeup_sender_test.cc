#include "roles/user_agent_udp/udp_wakeup_sender.h"

#include <gtest/gtest.h>

#include <string>

namespace herald::roles::user_agent_udp {
namespace {

// Sends "NOTIFY x" to a socket on `ip` and gives what arrived there.
std::string ping_over(const std::string& ip) {
  const SystemClock clock;
  transport::EventLoop loop(clock);
  std::string got;
  auto device = transport::UdpSocket::open(loop, {*transport::IpAddress::parse(ip), 0},
                                           [&got](const auto&, std::string_view datagram) { got = datagram; });
  auto sender = UdpWakeupSender::open(loop);
  if (!device || !sender) return "no socket";
  if (!(*sender)->send({ip, (*device)->local().port}, "NOTIFY x")) return "not sent";
  const MonoTime give_up = clock.mono() + std::chrono::seconds(60);
  while (got.empty() && clock.mono() < give_up) loop.run_once(std::chrono::milliseconds(100));
  return got;
}

TEST(UdpWakeupSender, SendsOneDatagramOverIpv4) {
  EXPECT_EQ(ping_over("127.0.0.1"), "NOTIFY x");
}

TEST(UdpWakeupSender, SendsOneDatagramOverIpv6) {
  EXPECT_EQ(ping_over("::1"), "NOTIFY x");
}

TEST(UdpWakeupSender, RefusesANameInsteadOfAnAddress) {
  const SystemClock clock;
  transport::EventLoop loop(clock);
  const auto sender = UdpWakeupSender::open(loop);
  ASSERT_TRUE(sender);
  EXPECT_EQ((*sender)->send({"localhost", 5000}, "NOTIFY x").error().kind, ErrorKind::kInvalid);
}

}  // namespace
}  // namespace herald::roles::user_agent_udp
