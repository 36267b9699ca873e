#include "transport/connection_counts.h"

#include <gtest/gtest.h>

namespace herald::transport {
namespace {

TEST(ConnectionCountsTest, BoundsEachAddressAlone) {
  const auto one = IpAddress::parse("10.0.0.1").value();
  const auto other = IpAddress::parse("2001:db8::1").value();
  ConnectionCounts counts;
  EXPECT_TRUE(counts.enter(one, 2));
  EXPECT_TRUE(counts.enter(one, 2));
  EXPECT_FALSE(counts.enter(one, 2));
  EXPECT_TRUE(counts.enter(other, 1));
  EXPECT_FALSE(counts.enter(other, 1));
  counts.leave(one);
  EXPECT_TRUE(counts.enter(one, 2));
  counts.leave(other);
  EXPECT_TRUE(counts.enter(other, 1));
}

TEST(ConnectionCountsTest, CountsApartWhoDoesNotRead) {
  const auto one = IpAddress::parse("10.0.0.1").value();
  ConnectionCounts counts;
  EXPECT_TRUE(counts.enter(one, 1));
  EXPECT_TRUE(counts.enter_unread(one, 1));
  EXPECT_FALSE(counts.enter_unread(one, 1));
  counts.leave_unread(one);
  EXPECT_TRUE(counts.enter_unread(one, 1));
  EXPECT_FALSE(counts.enter(one, 1));
}

TEST(ConnectionCountsTest, NeverRefusesAProxy) {
  ConnectionCounts counts({Network::parse("10.0.0.0/8").value()});
  const auto proxy = IpAddress::parse("10.0.0.1").value();
  const auto other = IpAddress::parse("11.0.0.1").value();
  EXPECT_TRUE(counts.enter(proxy, 1));
  EXPECT_TRUE(counts.enter(proxy, 1));
  EXPECT_TRUE(counts.enter(other, 1));
  EXPECT_FALSE(counts.enter(other, 1));
  counts.leave(proxy);
  counts.leave(proxy);
}

TEST(ConnectionCountsTest, AClientOwnsItsIpv6Network) {
  ConnectionCounts counts({Network::parse("2001:db8:9::1").value()}, 64);
  EXPECT_TRUE(counts.enter(IpAddress::parse("2001:db8::1").value(), 2));
  EXPECT_TRUE(counts.enter(IpAddress::parse("2001:db8::2").value(), 2));
  EXPECT_FALSE(counts.enter(IpAddress::parse("2001:db8::ffff:0:0:3").value(), 2));
  EXPECT_TRUE(counts.enter(IpAddress::parse("2001:db8:0:1::1").value(), 1));
  counts.leave(IpAddress::parse("2001:db8::1").value());
  EXPECT_TRUE(counts.enter(IpAddress::parse("2001:db8::3").value(), 2));
  EXPECT_TRUE(counts.enter(IpAddress::parse("2001:db8:9::2").value(), 1));
  EXPECT_TRUE(counts.enter(IpAddress::parse("2001:db8:9::1").value(), 1)) << "a proxy";
  EXPECT_FALSE(counts.enter(IpAddress::parse("2001:db8:9::2").value(), 1)) << "which its neighbours are not";
}

}  // namespace
}  // namespace herald::transport
