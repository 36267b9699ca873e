#pragma once
// The contract of ports::Directory, sentence by sentence.

#include "ports/contract/store_fixture.h"

namespace herald::ports::contract {

class DirectoryContract : public StoreContract {
 protected:
  [[nodiscard]] static App app(std::uint64_t n) { return {.id = app_id(n), .kind = {}, .public_key_pem = ""}; }
  [[nodiscard]] static Location web_socket(const ServerId& server, std::uint64_t connection) {
    return {.kind = LocationKind::kWebSocket, .server = server, .shard = 3, .connection = connection};
  }
  [[nodiscard]] static Location sleeping(const ServerId& server) {
    return {.kind = LocationKind::kSleeping, .server = server};
  }
  const WakeInterface wake_{.ip = "fd00::1", .port = 5001};
};

TEST_P(DirectoryContract, ARegisteredAppIsFound) {
  const App sent{.id = app_id(1), .kind = PayloadKind::kWebPush, .public_key_pem = "-----BEGIN"};
  EXPECT_EQ(call().find_app(app_id(1)).error().kind, ErrorKind::kNotFound);
  ASSERT_TRUE(call().register_app(sent, device(1)));
  const auto found = call().find_app(app_id(1));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, sent.id);
  EXPECT_EQ(found->kind, sent.kind);
  EXPECT_EQ(found->public_key_pem, sent.public_key_pem);
  EXPECT_EQ(call().find_app(app_id(2)).error().kind, ErrorKind::kNotFound);
}

TEST_P(DirectoryContract, RegisteringAgainChangesNothing) {
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(call().register_app(app(1), device(1)));
  EXPECT_EQ(call().nodes_of(app_id(1), {}, 10).user_agents, std::vector{device(1)});
  EXPECT_TRUE(call().unregister_app(app_id(1), device(1)));
  EXPECT_FALSE(call().unregister_app(app_id(1), device(1)));
  EXPECT_TRUE(call().nodes_of(app_id(1), {}, 10).user_agents.empty());
}

TEST_P(DirectoryContract, NodesArePagedInOrderOfTheirIds) {
  for (const auto n : {4, 1, 3, 2, 5}) ASSERT_TRUE(call().register_app(app(1), device(n)));
  ASSERT_TRUE(call().register_app(app(2), device(6)));
  const auto first = call().nodes_of(app_id(1), {}, 2);
  EXPECT_EQ(first.user_agents, (std::vector{device(1), device(2)}));
  EXPECT_TRUE(first.more);
  const auto rest = call().nodes_of(app_id(1), device(2), 3);
  EXPECT_EQ(rest.user_agents, (std::vector{device(3), device(4), device(5)}));
  EXPECT_FALSE(rest.more);
  EXPECT_TRUE(call().nodes_of(app_id(3), {}, 2).user_agents.empty());
}

TEST_P(DirectoryContract, TheAppsOfADeviceArePagedInOrderOfTheirIds) {
  for (const auto n : {3, 1, 2}) ASSERT_TRUE(call().register_app(app(n), device(1)));
  ASSERT_TRUE(
      call().register_app(App{.id = app_id(4), .kind = PayloadKind::kSimplePush, .public_key_pem = ""}, device(1)));
  ASSERT_TRUE(call().register_app(app(5), device(2)));
  ASSERT_TRUE(call().unregister_app(app_id(2), device(1)));
  const auto first = call().apps_of(device(1), {}, 1);
  ASSERT_EQ(first.apps.size(), 1);
  EXPECT_EQ(first.apps[0].id, app_id(1));
  EXPECT_TRUE(first.more);
  const auto rest = call().apps_of(device(1), app_id(1), 2);
  ASSERT_EQ(rest.apps.size(), 2);
  EXPECT_EQ(rest.apps[0].id, app_id(3));
  EXPECT_EQ(rest.apps[1].id, app_id(4));
  EXPECT_EQ(rest.apps[1].kind, PayloadKind::kSimplePush);
  EXPECT_FALSE(rest.more);
  EXPECT_TRUE(call().apps_of(device(3), {}, 2).apps.empty());
}

TEST_P(DirectoryContract, AppsPerDeviceHoldsAtTheLimitAndNotPastIt) {
  limits_.apps_per_device = 2;
  open();
  ASSERT_TRUE(call().register_app(app(1), device(1)));
  ASSERT_TRUE(call().register_app(app(2), device(1)));
  EXPECT_EQ(call().register_app(app(3), device(1)).error().kind, ErrorKind::kExhausted);
  EXPECT_EQ(call().find_app(app_id(3)).error().kind, ErrorKind::kNotFound) << "a refused one leaves nothing";
  EXPECT_TRUE(call().register_app(app(2), device(1))) << "a repeated one is no further one";
  EXPECT_TRUE(call().register_app(app(3), device(2)));
  EXPECT_TRUE(call().unregister_app(app_id(1), device(1)));
  EXPECT_TRUE(call().register_app(app(3), device(1)));
}

TEST_P(DirectoryContract, DevicesPerAppHoldsAtTheLimitAndNotPastIt) {
  limits_.devices_per_app = 2;
  open();
  ASSERT_TRUE(call().register_app(app(1), device(1)));
  ASSERT_TRUE(call().register_app(app(1), device(2)));
  EXPECT_EQ(call().register_app(app(1), device(3)).error().kind, ErrorKind::kExhausted);
  EXPECT_TRUE(call().register_app(app(1), device(2)));
  EXPECT_TRUE(call().unregister_app(app_id(1), device(1)));
  EXPECT_TRUE(call().register_app(app(1), device(3)));
}

TEST_P(DirectoryContract, UnregisteringDropsThePendingOfThatAppOnly) {
  ASSERT_TRUE(call().register_app(app(1), device(1)));
  ASSERT_TRUE(call().register_app(app(2), device(1)));
  const auto mine = put(1);
  const auto shared = put(2);
  const auto acked = put(3);
  auto of_other_app = message(4);
  of_other_app.app = app_id(2);
  put(of_other_app);
  route(mine, {device(1)});
  route(shared, {device(1), device(2)});
  route(acked, {device(1), device(2)});
  route(of_other_app.id, {device(1)});
  ack(acked, device(1));
  EXPECT_TRUE(call().unregister_app(app_id(1), device(1)));
  EXPECT_EQ(pending_ids(device(1)), std::vector{of_other_app.id});
  EXPECT_EQ(status(mine).state, DeliveryState::kDropped);
  EXPECT_EQ(state_at(shared, device(1)), DeliveryState::kDropped);
  EXPECT_EQ(state_at(shared, device(2)), DeliveryState::kPending);
  EXPECT_EQ(state_at(acked, device(1)), DeliveryState::kAcked);
  EXPECT_TRUE(deliverable(shared));
  EXPECT_FALSE(deliverable(mine));
}

TEST_P(DirectoryContract, AnAppStaysKnownWithoutDevices) {
  ASSERT_TRUE(call().register_app(app(1), device(1)));
  EXPECT_TRUE(call().unregister_app(app_id(1), device(1)));
  EXPECT_TRUE(call().find_app(app_id(1)));
  EXPECT_FALSE(call().unregister_app(app_id(2), device(1)));
  EXPECT_FALSE(call().unregister_app(app_id(1), device(9)));
}

TEST_P(DirectoryContract, SettingALocationAnswersThePreviousOne) {
  EXPECT_EQ(call().set_location(device(1), web_socket("WS1", 7)), Location{});
  EXPECT_EQ(call().set_location(device(1), web_socket("WS2", 8)), web_socket("WS1", 7));
  EXPECT_EQ(call().locate({device(1)}).at(0).location, web_socket("WS2", 8));
}

TEST_P(DirectoryContract, ARegistrationLeavesTheLocationAlone) {
  call().set_location(device(1), web_socket("WS1", 7), wake_);
  ASSERT_TRUE(call().register_app(app(1), device(1)));
  const auto node = call().locate({device(1)}).at(0);
  EXPECT_EQ(node.location, web_socket("WS1", 7));
  EXPECT_EQ(node.wake, wake_);
  call().set_location(device(1), {});
  EXPECT_EQ(call().nodes_of(app_id(1), {}, 10).user_agents, std::vector{device(1)});
}

TEST_P(DirectoryContract, TheWakeInterfaceIsKeptUntilAnotherIsGiven) {
  call().set_location(device(1), web_socket("WS1", 7), wake_);
  call().set_location(device(1), web_socket("WS1", 8));
  EXPECT_EQ(call().locate({device(1)}).at(0).wake, wake_);
  const WakeInterface other{.ip = "10.0.0.1", .port = 5000};
  call().set_location(device(1), web_socket("WS1", 9), other);
  EXPECT_EQ(call().locate({device(1)}).at(0).wake, other);
}

TEST_P(DirectoryContract, AWakeInterfaceWithoutAnAddressTakesTheStoredOneAway) {
  call().set_location(device(1), web_socket("WS1", 7), wake_);
  call().set_location(device(1), web_socket("WS1", 8), WakeInterface{});
  EXPECT_EQ(call().locate({device(1)}).at(0).wake, std::nullopt);
  EXPECT_EQ(call().leave(device(1), "WS1", 8, "UDP1").kind, LocationKind::kDisconnected);
}

TEST_P(DirectoryContract, ConnectionNumbersUseAllTheirBits) {
  const auto far = web_socket("WS1", 0xfedc'ba98'7654'3210);
  call().set_location(device(1), far);
  EXPECT_EQ(call().locate({device(1)}).at(0).location, far);
}

TEST_P(DirectoryContract, LeavingDisconnectsADeviceThatCannotBeWoken) {
  call().set_location(device(1), web_socket("WS1", 7));
  EXPECT_EQ(call().leave(device(1), "WS1", 7, "UDP1"), Location{});
  EXPECT_EQ(call().locate({device(1)}).at(0).location, Location{});
}

TEST_P(DirectoryContract, LeavingPutsADeviceThatCanBeWokenToSleep) {
  call().set_location(device(1), web_socket("WS1", 7), wake_);
  EXPECT_EQ(call().leave(device(1), "WS1", 7, "UDP1"), sleeping("UDP1"));
  const auto node = call().locate({device(1)}).at(0);
  EXPECT_EQ(node.location, sleeping("UDP1"));
  EXPECT_EQ(node.wake, wake_);
}

TEST_P(DirectoryContract, LeavingWithNowhereToSleepDisconnects) {
  call().set_location(device(1), web_socket("WS1", 7), wake_);
  EXPECT_EQ(call().leave(device(1), "WS1", 7, ""), Location{});
}

TEST_P(DirectoryContract, OnlyTheConnectionThatIsThereCanLeave) {
  const auto there = web_socket("WS1", 8);
  call().set_location(device(1), there, wake_);
  EXPECT_EQ(call().leave(device(1), "WS1", 7, "UDP1"), there) << "an old connection";
  EXPECT_EQ(call().leave(device(1), "WS2", 8, "UDP1"), there) << "another server";
  EXPECT_EQ(call().locate({device(1)}).at(0).location, there);
  call().set_location(device(1), sleeping("WS1"));
  EXPECT_EQ(call().leave(device(1), "WS1", 0, "UDP1"), sleeping("WS1")) << "asleep, not connected";
  EXPECT_EQ(call().leave(device(2), "WS1", 7, "UDP1"), Location{}) << "unknown";
}

TEST_P(DirectoryContract, LocateAnswersInOrderAndUnknownAsDisconnected) {
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

TEST_P(DirectoryContract, SleepersAreThoseOfTheServerWithSomethingPending) {
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

TEST_P(DirectoryContract, SleepersAreFoundBehindManyWithNothingPending) {
  for (std::uint64_t n = 1; n <= 1'200; ++n) call().set_location(device(n), sleeping("UDP1"), wake_);
  const auto id = put(1);
  route(id, {device(1'200)});
  const auto found = call().sleepers("UDP1", {}, 10);
  ASSERT_EQ(found.size(), 1);
  EXPECT_EQ(found[0].user_agent, device(1'200));
}

TEST_P(DirectoryContract, ASleeperWhosePendingEndedIsNotAwaited) {
  const auto id = put(1);
  route(id, {device(1)});
  call().set_location(device(1), sleeping("UDP1"), wake_);
  ASSERT_EQ(call().sleepers("UDP1", {}, 10).size(), 1);
  ASSERT_TRUE(call().cancel(app_id(1), id.hex(), now()));
  EXPECT_TRUE(call().sleepers("UDP1", {}, 10).empty());
}

}  // namespace herald::ports::contract
