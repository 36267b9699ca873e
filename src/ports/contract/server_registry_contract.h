#pragma once
// The contract of ports::ServerRegistry, sentence by sentence.

#include "ports/contract/store_fixture.h"

namespace herald::ports::contract {

class ServerRegistryContract : public StoreContract {
 protected:
  static constexpr std::chrono::milliseconds kLease{10'000};
  [[nodiscard]] ServerLease lease(const ServerId& server, const std::string& holder) const {
    return {.server = server, .kind = LocationKind::kWebSocket, .holder = holder, .until = now() + kLease};
  }
};

TEST_P(ServerRegistryContract, LeasesAreListedInTheOrderOfTheServerIds) {
  EXPECT_TRUE(call().servers().empty());
  auto sleeping = lease("UDP1", "b");
  sleeping.kind = LocationKind::kSleeping;
  ASSERT_TRUE(call().renew(lease("WS2", "a"), now()));
  ASSERT_TRUE(call().renew(sleeping, now()));
  ASSERT_TRUE(call().renew(lease("WS1", "c"), now()));
  EXPECT_EQ(call().servers(), (std::vector{sleeping, lease("WS1", "c"), lease("WS2", "a")}));
}

TEST_P(ServerRegistryContract, TheHolderRenewsBeforeAndAfterTheEnd) {
  ASSERT_TRUE(call().renew(lease("WS1", "a"), now()));
  clock_.advance(kLease / 2);
  ASSERT_TRUE(call().renew(lease("WS1", "a"), now()));
  EXPECT_EQ(call().servers(), std::vector{lease("WS1", "a")});
  clock_.advance(kLease * 2);
  EXPECT_EQ(call().servers().size(), 1U) << "lapsed, and still listed";
  ASSERT_TRUE(call().renew(lease("WS1", "a"), now()));
  EXPECT_EQ(call().servers(), std::vector{lease("WS1", "a")});
}

TEST_P(ServerRegistryContract, AnotherHolderIsRefusedWhileTheLeaseIsLive) {
  const auto held = lease("WS1", "a");
  ASSERT_TRUE(call().renew(held, now()));
  clock_.advance(kLease - std::chrono::milliseconds(1));
  const Status refused = call().renew(lease("WS1", "b"), now());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kConflict);
  EXPECT_EQ(call().servers(), std::vector{held}) << "a refused one changes nothing";
  EXPECT_TRUE(call().renew(lease("WS2", "b"), now()));
}

TEST_P(ServerRegistryContract, AnotherHolderTakesALapsedLeaseAndKeepsIt) {
  ASSERT_TRUE(call().renew(lease("WS1", "a"), now()));
  clock_.advance(kLease);
  ASSERT_TRUE(call().renew(lease("WS1", "b"), now()));
  EXPECT_EQ(call().servers(), std::vector{lease("WS1", "b")});
  EXPECT_EQ(call().renew(lease("WS1", "a"), now()).error().kind, ErrorKind::kConflict);
}

TEST_P(ServerRegistryContract, OnlyTheHolderReleases) {
  ASSERT_TRUE(call().renew(lease("WS1", "a"), now()));
  ASSERT_TRUE(call().release("WS1", "b"));
  ASSERT_TRUE(call().release("WS2", "a"));
  EXPECT_EQ(call().servers().size(), 1U);
  ASSERT_TRUE(call().release("WS1", "a"));
  EXPECT_TRUE(call().servers().empty());
  EXPECT_TRUE(call().renew(lease("WS1", "b"), now()));
}

TEST_P(ServerRegistryContract, OfTwoThatWantAFreeIdAtOnceOneGetsIt) {
  for (int round = 0; round < 20; ++round) {
    const ServerId server = "WS" + std::to_string(round);
    std::vector<Status> answers;
    for (const char* holder : {"a", "b"}) {
      store().servers().renew(lease(server, holder), now(), Reply<Status>(call().executor(), [&answers](Status status) {
                                answers.push_back(std::move(status));
                              }));
    }
    ASSERT_TRUE(call().executor().run_until([&answers] { return answers.size() == 2; }));
    EXPECT_NE(answers[0].has_value(), answers[1].has_value());
  }
}

}  // namespace herald::ports::contract
