#include "transport/udp_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

namespace herald::transport {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

class UdpSocketTest : public testing::Test {
 protected:
  std::unique_ptr<UdpSocket> open(const char* at) {
    return UdpSocket::open(loop, SocketAddress::parse(at).value(),
                           [this](const SocketAddress& from, std::string_view datagram) {
                             received.emplace_back(datagram);
                             last_from = from;
                           })
        .value();
  }
  void run_until(std::size_t count) {
    const auto give_up = std::chrono::steady_clock::now() + 60s;
    while (received.size() < count && std::chrono::steady_clock::now() < give_up) loop.run_once(1ms);
  }
  ManualClock clock;
  EventLoop loop{clock};
  std::vector<std::string> received;
  SocketAddress last_from;
};

TEST_F(UdpSocketTest, SendsAndReceives) {
  const auto receiver = open("127.0.0.1:0");
  const auto sender = open("127.0.0.1:0");
  EXPECT_NE(receiver->local().port, 0);
  EXPECT_TRUE(sender->send_to(receiver->local(), "one").has_value());
  EXPECT_TRUE(sender->send_to(receiver->local(), "").has_value());
  EXPECT_TRUE(sender->send_to(receiver->local(), "three").has_value());
  run_until(3);
  EXPECT_THAT(received, ElementsAre("one", "", "three"));
  EXPECT_EQ(last_from, sender->local());
}

TEST_F(UdpSocketTest, AnIpv6SocketReachesIpv4) {
  const auto receiver = open("127.0.0.1:0");
  const auto sender = open("[::]:0");
  EXPECT_TRUE(sender->send_to(receiver->local(), "mapped").has_value());
  run_until(1);
  EXPECT_THAT(received, ElementsAre("mapped"));
  EXPECT_TRUE(receiver->send_to(last_from, "back").has_value());
  run_until(2);
  EXPECT_EQ(last_from, receiver->local());
}

TEST_F(UdpSocketTest, SaysWhatCannotBeDone) {
  const auto sender = open("127.0.0.1:0");
  const auto taken = UdpSocket::open(loop, sender->local(), {});
  ASSERT_FALSE(taken.has_value());
  EXPECT_EQ(taken.error().kind, ErrorKind::kUnavailable);
  const auto unreachable = sender->send_to(SocketAddress::parse("[::1]:9").value(), "x");
  ASSERT_FALSE(unreachable.has_value());
  EXPECT_EQ(unreachable.error().kind, ErrorKind::kUnavailable);
}

}  // namespace
}  // namespace herald::transport
