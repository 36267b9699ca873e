#include "domain/server_lease.h"

#include <gtest/gtest.h>

#include <map>

namespace herald {
namespace {

constexpr WallTime kNow{1'700'000'000'000};
constexpr std::chrono::milliseconds kLease{10'000};

ServerLease udp(const ServerId& server, WallTime until = kNow + kLease) {
  return {server, LocationKind::kSleeping, "holder of " + server, until};
}

UserAgentId device(std::uint8_t n) {
  UserAgentId id;
  id.bytes[15] = n;
  return id;
}

TEST(ServerLeases, ALeaseIsLiveUpToItsEndAndNotAtIt) {
  ServerLeases leases;
  ASSERT_TRUE(leases.renew(udp("UDP1"), kNow));
  EXPECT_TRUE(leases.live("UDP1", kNow + kLease - std::chrono::milliseconds(1)));
  EXPECT_FALSE(leases.live("UDP1", kNow + kLease));
  EXPECT_FALSE(leases.live("UDP2", kNow));
}

TEST(ServerLeases, ForgetsWhatLapsedLongAgo) {
  ServerLeases leases;
  ASSERT_TRUE(leases.renew(udp("UDP1"), kNow));
  ASSERT_TRUE(leases.renew(udp("UDP2"), kNow + kLease + kLapsedLeaseKept));
  EXPECT_NE(leases.find("UDP1"), nullptr);
  ASSERT_TRUE(leases.renew(udp("UDP2"), kNow + kLease + kLapsedLeaseKept + std::chrono::milliseconds(1)));
  EXPECT_EQ(leases.find("UDP1"), nullptr);
}

TEST(ServerLeases, SleepersAreSpreadOverTheLiveServers) {
  const ServerLeases leases(
      {udp("UDP1"), udp("UDP2"), udp("UDP3", kNow), {"WS1", LocationKind::kWebSocket, "w", kNow + kLease}});
  std::map<ServerId, int> chosen;
  for (int n = 0; n < 200; ++n) ++chosen[*leases.sleep_server(device(static_cast<std::uint8_t>(n)), kNow)];
  EXPECT_EQ(chosen.size(), 2U);
  EXPECT_GT(chosen["UDP1"], 60);
  EXPECT_GT(chosen["UDP2"], 60);
}

TEST(ServerLeases, TheLossOfAServerMovesOnlyItsOwnSleepers) {
  const ServerLeases before({udp("UDP1"), udp("UDP2"), udp("UDP3")});
  const ServerLeases after({udp("UDP3"), udp("UDP1"), udp("UDP2", kNow)});
  for (int n = 0; n < 200; ++n) {
    const auto was = *before.sleep_server(device(static_cast<std::uint8_t>(n)), kNow);
    const auto is = *after.sleep_server(device(static_cast<std::uint8_t>(n)), kNow);
    EXPECT_NE(is, "UDP2");
    EXPECT_TRUE(was == is || was == "UDP2");
  }
}

TEST(ServerLeases, WhereNoneIsLiveAKnownOneIsChosen) {
  EXPECT_EQ(ServerLeases().sleep_server(device(1), kNow), std::nullopt);
  EXPECT_EQ(ServerLeases({udp("UDP1", kNow)}).sleep_server(device(1), kNow), "UDP1");
}

}  // namespace
}  // namespace herald
