#include "transport/address.h"

#include <gtest/gtest.h>

namespace herald::transport {
namespace {

IpAddress ip(std::string_view text) {
  return IpAddress::parse(text).value();
}

TEST(IpAddressTest, ParsesAndPrints) {
  for (const char* text : {"0.0.0.0", "127.0.0.1", "255.255.255.255", "::", "::1", "2001:db8::1", "fe80::1"}) {
    EXPECT_EQ(ip(text).to_string(), text);
  }
  EXPECT_FALSE(ip("1.2.3.4").is_v6());
  EXPECT_TRUE(ip("::1").is_v6());
}

TEST(IpAddressTest, MappedIpv4IsIpv4) {
  EXPECT_EQ(ip("::ffff:10.1.2.3"), ip("10.1.2.3"));
  EXPECT_EQ(ip("::ffff:a01:203"), ip("10.1.2.3"));
}

TEST(IpAddressTest, RefusesWhatIsNoLiteral) {
  using namespace std::string_view_literals;
  for (const auto text : {""sv, "1.2.3"sv, "1.2.3.4.5"sv, "256.1.1.1"sv, "localhost"sv, ":::"sv, "1.2.3.4 "sv,
                          "1.2.3.4\0"sv, "[::1]"sv, "fe80::1%lo"sv}) {
    EXPECT_FALSE(IpAddress::parse(text).has_value()) << text;
  }
  EXPECT_FALSE(IpAddress::parse(std::string(200, '1')).has_value());
}

TEST(IpAddressTest, AClientOwnsANetwork) {
  const auto network = [](std::string_view text, std::uint64_t bits) {
    return ip(text).client_network(bits).to_string();
  };
  EXPECT_EQ(network("2001:db8:1:2:3:4:5:6", 64), "2001:db8:1:2::");
  EXPECT_EQ(network("2001:db8:1:2::", 64), "2001:db8:1:2::");
  EXPECT_EQ(network("2001:db8:1:2f3::1", 60), "2001:db8:1:2f0::");
  EXPECT_EQ(network("2001:db8:1:2:3:4:5:6", 128), "2001:db8:1:2:3:4:5:6");
  EXPECT_EQ(network("ffff:ffff::", 16), "ffff::");
  EXPECT_EQ(network("192.0.2.1", 16), "192.0.2.1");
  EXPECT_EQ(network("64:ff9b::192.0.2.1", 64), "192.0.2.1");
  EXPECT_EQ(ip("64:ff9b::192.0.2.1").client_network(64), ip("192.0.2.1"));
  EXPECT_EQ(network("64:ff9b:1::192.0.2.1", 64), "64:ff9b:1::");
}

TEST(SocketAddressTest, ParsesAndPrints) {
  for (const char* text : {"127.0.0.1:8080", "0.0.0.0:0", "[::1]:65535", "[2001:db8::1]:1"}) {
    EXPECT_EQ(SocketAddress::parse(text).value().to_string(), text);
  }
}

TEST(SocketAddressTest, RefusesWhatIsNoAddressWithAPort) {
  for (const char* text : {"", "127.0.0.1", ":80", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:x",
                           "::1:80", "[::1]", "[127.0.0.1]:80", "[::1:80", "localhost:80"}) {
    EXPECT_FALSE(SocketAddress::parse(text).has_value()) << text;
  }
}

TEST(SocketAddressTest, SurvivesASockaddr) {
  for (const char* text : {"127.0.0.1:8080", "[2001:db8::1]:443"}) {
    const auto address = SocketAddress::parse(text).value();
    sockaddr_storage storage;
    EXPECT_EQ(address.to_sockaddr(storage), address.ip.is_v6() ? sizeof(sockaddr_in6) : sizeof(sockaddr_in));
    EXPECT_EQ(SocketAddress::from_sockaddr(storage), address);
  }
}

bool contains(std::string_view network, std::string_view address) {
  return Network::parse(network).value().contains(ip(address));
}

TEST(NetworkTest, ContainsWhatSharesItsPrefix) {
  EXPECT_TRUE(contains("10.0.0.0/8", "10.255.0.1"));
  EXPECT_FALSE(contains("10.0.0.0/8", "11.0.0.0"));
  EXPECT_TRUE(contains("172.16.0.0/12", "172.31.255.255"));
  EXPECT_FALSE(contains("172.16.0.0/12", "172.32.0.0"));
  EXPECT_TRUE(contains("fc00::/7", "fdff::1"));
  EXPECT_FALSE(contains("fc00::/7", "fe00::1"));
  EXPECT_TRUE(contains("0.0.0.0/0", "9.9.9.9"));
  EXPECT_TRUE(contains("1.2.3.4", "1.2.3.4"));
  EXPECT_FALSE(contains("1.2.3.4/32", "1.2.3.5"));
  EXPECT_FALSE(contains("::/0", "1.2.3.4"));
  EXPECT_TRUE(contains("10.9.9.9/8", "10.1.1.1"));
}

TEST(NetworkTest, RefusesBadPrefixes) {
  for (const char* text : {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "::/129", "10.0.0/8", "/8"}) {
    EXPECT_FALSE(Network::parse(text).has_value()) << text;
  }
  EXPECT_EQ(Network::parse("10.0.0.0/8").value().to_string(), "10.0.0.0/8");
}

}  // namespace
}  // namespace herald::transport
