#pragma once
// The contract of ports::Directory on locations, sentence by sentence.

#include "ports/contract/store_fixture.h"

namespace herald::ports::contract {

class LocationContract : public StoreContract {
 protected:
  [[nodiscard]] static Location web_socket(const ServerId& server, std::uint64_t connection) {
    return {.kind = LocationKind::kWebSocket, .server = server, .shard = 3, .connection = connection};
  }
  [[nodiscard]] static Location sleeping(const ServerId& server) {
    return {.kind = LocationKind::kSleeping, .server = server};
  }
  const WakeInterface wake_{.ip = "fd00::1", .port = 5001};
};

TEST_P(LocationContract, SettingALocationAnswersThePreviousOne) {
  EXPECT_EQ(call().set_location(device(1), web_socket("WS1", 7)), Location{});
  EXPECT_EQ(call().set_location(device(1), web_socket("WS2", 8)), web_socket("WS1", 7));
  EXPECT_EQ(call().locate({device(1)}).at(0).location, web_socket("WS2", 8));
}

// Stores of one process may write it all the same.
TEST_P(LocationContract, AWriteThatComesLateIsOverruled) {
  Location earlier = web_socket("WS1", 7);
  earlier.order = 1'000;
  Location later = web_socket("WS2", 8);
  later.order = 2'000;
  call().set_location(device(1), later, wake_);
  const Location before = call().set_location(device(1), earlier, WakeInterface{.ip = "10.0.0.1"});
  EXPECT_EQ(before, web_socket("WS2", 8));
  const auto node = call().locate({device(1)}).at(0);
  EXPECT_EQ(ports::overruled(earlier, before), store().is_shared());
  if (store().is_shared()) {
    EXPECT_EQ(node.location, web_socket("WS2", 8));
    EXPECT_EQ(node.wake, wake_);
    EXPECT_EQ(node.location.order, 2'000);
  } else {
    EXPECT_EQ(node.location, web_socket("WS1", 7));
  }
  call().leave(device(1), node.location.server, node.location.connection, "UDP1");
  earlier.order = 3'000;
  EXPECT_EQ(call().set_location(device(1), earlier), sleeping("UDP1"));
  EXPECT_EQ(call().locate({device(1)}).at(0).location, web_socket("WS1", 7)) << "a greater order is written";
  EXPECT_EQ(call().set_location(device(1), web_socket("WS3", 9)), web_socket("WS1", 7));
  EXPECT_EQ(call().locate({device(1)}).at(0).location, web_socket("WS3", 9)) << "without an order it is written, too";
}

TEST_P(LocationContract, ARegistrationLeavesTheLocationAlone) {
  call().set_location(device(1), web_socket("WS1", 7), wake_);
  ASSERT_TRUE(call().register_app({.id = app_id(1), .kind = {}, .public_key_pem = ""}, device(1)));
  const auto node = call().locate({device(1)}).at(0);
  EXPECT_EQ(node.location, web_socket("WS1", 7));
  EXPECT_EQ(node.wake, wake_);
  call().set_location(device(1), {});
  EXPECT_EQ(call().nodes_of(app_id(1), {}, 10).user_agents, std::vector{device(1)});
}

TEST_P(LocationContract, TheWakeInterfaceIsKeptUntilAnotherIsGiven) {
  call().set_location(device(1), web_socket("WS1", 7), wake_);
  call().set_location(device(1), web_socket("WS1", 8));
  EXPECT_EQ(call().locate({device(1)}).at(0).wake, wake_);
  const WakeInterface other{.ip = "10.0.0.1", .port = 5000};
  call().set_location(device(1), web_socket("WS1", 9), other);
  EXPECT_EQ(call().locate({device(1)}).at(0).wake, other);
}

TEST_P(LocationContract, AWakeInterfaceWithoutAnAddressTakesTheStoredOneAway) {
  call().set_location(device(1), web_socket("WS1", 7), wake_);
  call().set_location(device(1), web_socket("WS1", 8), WakeInterface{});
  EXPECT_EQ(call().locate({device(1)}).at(0).wake, std::nullopt);
  EXPECT_EQ(call().leave(device(1), "WS1", 8, "UDP1").kind, LocationKind::kDisconnected);
}

TEST_P(LocationContract, ConnectionNumbersUseAllTheirBits) {
  const auto far = web_socket("WS1", 0xfedc'ba98'7654'3210);
  call().set_location(device(1), far);
  EXPECT_EQ(call().locate({device(1)}).at(0).location, far);
}

TEST_P(LocationContract, LeavingDisconnectsADeviceThatCannotBeWoken) {
  call().set_location(device(1), web_socket("WS1", 7));
  EXPECT_EQ(call().leave(device(1), "WS1", 7, "UDP1"), Location{});
  EXPECT_EQ(call().locate({device(1)}).at(0).location, Location{});
}

TEST_P(LocationContract, LeavingPutsADeviceThatCanBeWokenToSleep) {
  call().set_location(device(1), web_socket("WS1", 7), wake_);
  EXPECT_EQ(call().leave(device(1), "WS1", 7, "UDP1"), sleeping("UDP1"));
  const auto node = call().locate({device(1)}).at(0);
  EXPECT_EQ(node.location, sleeping("UDP1"));
  EXPECT_EQ(node.wake, wake_);
}

TEST_P(LocationContract, LeavingWithNowhereToSleepDisconnects) {
  call().set_location(device(1), web_socket("WS1", 7), wake_);
  EXPECT_EQ(call().leave(device(1), "WS1", 7, ""), Location{});
}

TEST_P(LocationContract, OnlyTheConnectionThatIsThereCanLeave) {
  const auto there = web_socket("WS1", 8);
  call().set_location(device(1), there, wake_);
  EXPECT_EQ(call().leave(device(1), "WS1", 7, "UDP1"), there) << "an old connection";
  EXPECT_EQ(call().leave(device(1), "WS2", 8, "UDP1"), there) << "another server";
  EXPECT_EQ(call().locate({device(1)}).at(0).location, there);
  call().set_location(device(1), sleeping("WS1"));
  EXPECT_EQ(call().leave(device(1), "WS1", 0, "UDP1"), sleeping("WS1")) << "asleep, not connected";
  EXPECT_EQ(call().leave(device(2), "WS1", 7, "UDP1"), Location{}) << "unknown";
}

TEST_P(LocationContract, LocateAnswersInOrderAndUnknownAsDisconnected) {
  call().set_location(device(1), web_socket("WS1", 7));
  call().set_location(device(2), sleeping("UDP1"), wake_);
  const auto nodes = call().locate({device(2), device(9), device(1), device(2)});
  ASSERT_EQ(nodes.size(), 4);
  EXPECT_EQ(nodes[0].user_agent, device(2));
  EXPECT_EQ(nodes[0].location, sleeping("UDP1"));
  EXPECT_EQ(nodes[0].wake, wake_);
  EXPECT_EQ(nodes[1].user_agent, device(9));
  EXPECT_EQ(nodes[1].location, Location{});
  EXPECT_EQ(nodes[1].wake, std::nullopt);
  EXPECT_EQ(nodes[2].location, web_socket("WS1", 7));
  EXPECT_EQ(nodes[3].user_agent, device(2));
}

TEST_P(LocationContract, LocateAnswersInOrderForManyAtOnce) {
  constexpr std::uint64_t kMany = 600;
  std::vector<UserAgentId> asked;
  for (std::uint64_t n = 1; n <= kMany; ++n) {
    if (n % 3 == 1) call().set_location(device(n), web_socket("WS1", n));
    if (n % 3 == 2) call().set_location(device(n), sleeping("UDP1"), wake_);
    asked.push_back(device(kMany + 1 - n));
  }
  const auto nodes = call().locate(asked);
  ASSERT_EQ(nodes.size(), kMany);
  for (std::uint64_t n = 1; n <= kMany; ++n) {
    const auto& node = nodes[kMany - n];
    const Location expected = n % 3 == 1 ? web_socket("WS1", n) : n % 3 == 2 ? sleeping("UDP1") : Location{};
    EXPECT_EQ(node.user_agent, device(n));
    EXPECT_EQ(node.location, expected) << n;
    EXPECT_EQ(node.wake.has_value(), n % 3 == 2) << n;
  }
}

TEST_P(LocationContract, ADeviceComesFromSleepAndGoesBack) {
  call().set_location(device(1), sleeping("UDP1"), wake_);
  EXPECT_EQ(call().set_location(device(1), web_socket("WS1", 7), WakeInterface{}), sleeping("UDP1"));
  EXPECT_EQ(call().locate({device(1)}).at(0).location, web_socket("WS1", 7));
  EXPECT_EQ(call().set_location(device(1), sleeping("UDP2"), wake_), web_socket("WS1", 7));
  EXPECT_EQ(call().locate({device(1)}).at(0).location, sleeping("UDP2"));
  EXPECT_EQ(call().leave(device(1), "WS1", 7, "UDP1"), sleeping("UDP2")) << "it left that connection before";
}

TEST_P(LocationContract, SleepersAreThoseOfTheServerWithSomethingPending) {
  const auto id = put(1);
  std::vector<UserAgentId> devices;
  for (std::uint64_t n = 1; n <= 6; ++n) devices.push_back(device(n));
  route(id, devices);
  for (const auto n : {1, 2, 3}) call().set_location(device(n), sleeping("UDP1"), wake_);
  call().set_location(device(4), sleeping("UDP10"), wake_);
  call().set_location(device(5), web_socket("UDP1", 7), wake_);
  call().set_location(device(7), sleeping("UDP1"), wake_);
  ack(id, device(2));

  const auto first = call().sleepers("UDP1", {}, 1);
  ASSERT_EQ(first.size(), 1);
  EXPECT_EQ(first[0].user_agent, device(1));
  EXPECT_EQ(first[0].location, sleeping("UDP1"));
  EXPECT_EQ(first[0].wake, wake_);
  const auto rest = call().sleepers("UDP1", device(1), 10);
  ASSERT_EQ(rest.size(), 1);
  EXPECT_EQ(rest[0].user_agent, device(3));

  call().set_location(device(3), web_socket("WS1", 1));
  EXPECT_TRUE(call().sleepers("UDP1", device(1), 10).empty());
  EXPECT_EQ(call().leave(device(3), "WS1", 1, "UDP1"), sleeping("UDP1"));
  EXPECT_EQ(call().sleepers("UDP1", device(1), 10).size(), 1);
  EXPECT_TRUE(call().unrouted({}, now() + kSecond, 10).empty());
}

TEST_P(LocationContract, SleepersAreFoundBehindManyWithNothingPending) {
  for (std::uint64_t n = 1; n <= 1'200; ++n) call().set_location(device(n), sleeping("UDP1"), wake_);
  const auto id = put(1);
  route(id, {device(1'200)});
  const auto found = call().sleepers("UDP1", {}, 10);
  ASSERT_EQ(found.size(), 1);
  EXPECT_EQ(found[0].user_agent, device(1'200));
}

TEST_P(LocationContract, ASleeperWhosePendingEndedIsNotAwaited) {
  const auto id = put(1);
  route(id, {device(1)});
  call().set_location(device(1), sleeping("UDP1"), wake_);
  ASSERT_EQ(call().sleepers("UDP1", {}, 10).size(), 1);
  ASSERT_TRUE(call().cancel(app_id(1), id.hex(), now()));
  EXPECT_TRUE(call().sleepers("UDP1", {}, 10).empty());
}

}  // namespace herald::ports::contract
