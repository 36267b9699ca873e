#include "transport/sender_address.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace herald::transport {
namespace {

// Proxies: 10.0.0.0/8 and fd00::/8.
std::string sender(std::string_view peer, const std::vector<std::string_view>& forwarded) {
  const std::vector trusted{*Network::parse("10.0.0.0/8"), *Network::parse("fd00::/8")};
  HttpRequest request;
  request.peer = *SocketAddress::parse(peer);
  request.headers.emplace_back("Host", "push.example.com");
  for (const auto list : forwarded) request.headers.emplace_back("x-forwarded-FOR", list);
  return sender_address(request, trusted).to_string();
}

TEST(SenderAddress, IsThePeerUnlessAProxyStandsBetween) {
  EXPECT_EQ(sender("192.0.2.1:1234", {}), "192.0.2.1");
  EXPECT_EQ(sender("192.0.2.1:1234", {"198.51.100.7"}), "192.0.2.1") << "anybody can say so";
  EXPECT_EQ(sender("10.0.0.1:1234", {}), "10.0.0.1") << "the proxy itself";
}

TEST(SenderAddress, IsTheRightmostThatIsNoProxy) {
  EXPECT_EQ(sender("10.0.0.1:1", {"198.51.100.7"}), "198.51.100.7");
  EXPECT_EQ(sender("10.0.0.1:1", {"203.0.113.9, 198.51.100.7"}), "198.51.100.7") << "the left is the sender's own word";
  EXPECT_EQ(sender("10.0.0.1:1", {"203.0.113.9,198.51.100.7 ,10.0.0.2"}), "198.51.100.7") << "two proxies";
  EXPECT_EQ(sender("10.0.0.1:1", {"203.0.113.9", "198.51.100.7", "10.0.0.2"}), "198.51.100.7") << "fields are one list";
  EXPECT_EQ(sender("[fd00::1]:1", {"2001:db8::7"}), "2001:db8::7");
  EXPECT_EQ(sender("10.0.0.1:1", {"::ffff:198.51.100.7"}), "198.51.100.7");
  EXPECT_EQ(sender("10.0.0.1:1", {"10.0.0.3, 10.0.0.2"}), "10.0.0.3") << "a sender inside";
}

TEST(SenderAddress, MayComeWithAPort) {
  EXPECT_EQ(sender("10.0.0.1:1", {"198.51.100.7:4711"}), "198.51.100.7");
  EXPECT_EQ(sender("10.0.0.1:1", {"[2001:db8::7]:4711"}), "2001:db8::7");
  EXPECT_EQ(sender("10.0.0.1:1", {"[2001:db8::7]"}), "2001:db8::7");
}

TEST(SenderAddress, IsWhoSentWhatCanNotBeRead) {
  for (const std::string_view garbage :
       {"", " ", ",", "unknown", "_hidden", "198.51.100.7;", "198.51.100", "198.51.100.7 198.51.100.8", "[", "[]",
        "[::1", "198.51.100.7,", "198.51.100.7,x", "for=198.51.100.7", "push.example.org"}) {
    EXPECT_EQ(sender("10.0.0.1:1", {garbage}), "10.0.0.1") << garbage;
  }
  EXPECT_EQ(sender("10.0.0.1:1", {"198.51.100.7, x, 10.0.0.2"}), "10.0.0.2") << "read from the right, up to there";
}

}  // namespace
}  // namespace herald::transport
