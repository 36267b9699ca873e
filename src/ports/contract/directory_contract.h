#pragma once
// The contract of ports::Directory on registrations, sentence by sentence.

#include "ports/contract/store_fixture.h"

namespace herald::ports::contract {

class DirectoryContract : public StoreContract {
 protected:
  [[nodiscard]] static App app(std::uint64_t n) {
    return {.id = app_id(n), .kind = PayloadKind::kFlow2012, .public_key_pem = ""};
  }
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

TEST_P(DirectoryContract, ARegistrationWithoutAKeyNeverTakesOneAway) {
  App keyed = app(1);
  keyed.public_key_pem = "first key";
  ASSERT_TRUE(call().register_app(keyed, device(1)));
  EXPECT_EQ(call().register_app(app(1), device(2)).error().kind, ErrorKind::kConflict);
  EXPECT_TRUE(call().register_app(app(1), device(1))) << "it is registered";
  keyed.public_key_pem = "second key";
  EXPECT_TRUE(call().register_app(keyed, device(3)));
  EXPECT_EQ(call().find_app(app_id(1))->public_key_pem, "first key");
  EXPECT_EQ(call().nodes_of(app_id(1), {}, 10).user_agents, (std::vector{device(1), device(3)}));
}

TEST_P(DirectoryContract, AnAppWithoutAKeyGetsThatOfALaterRegistration) {
  App keyed = app(1);
  keyed.public_key_pem = "key";
  for (const auto n : {1, 2}) ASSERT_TRUE(call().register_app(app(n), device(1)));
  ASSERT_TRUE(call().register_app(keyed, device(2)));
  EXPECT_EQ(call().find_app(app_id(1))->public_key_pem, "key");
  keyed.id = app_id(2);
  ASSERT_TRUE(call().register_app(keyed, device(1))) << "the device that registered it first";
  EXPECT_EQ(call().find_app(app_id(2))->public_key_pem, "key");
  EXPECT_EQ(call().nodes_of(app_id(2), {}, 10).user_agents, std::vector{device(1)});
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

TEST_P(DirectoryContract, AnAppGoesWithItsLastDeviceAndComesBack) {
  ASSERT_TRUE(call().register_app(app(1), device(1)));
  ASSERT_TRUE(call().register_app(app(1), device(2)));
  EXPECT_TRUE(call().unregister_app(app_id(1), device(1)));
  EXPECT_TRUE(call().find_app(app_id(1)));
  EXPECT_TRUE(call().unregister_app(app_id(1), device(2)));
  EXPECT_EQ(call().find_app(app_id(1)).error().kind, ErrorKind::kNotFound);
  EXPECT_TRUE(call().apps_of(device(2), {}, 10).apps.empty());
  ASSERT_TRUE(call().register_app(app(1), device(2)));
  EXPECT_TRUE(call().find_app(app_id(1)));
  EXPECT_EQ(call().nodes_of(app_id(1), {}, 10).user_agents, std::vector{device(2)});
}

TEST_P(DirectoryContract, UnregisteringWhatIsNotRegisteredChangesNothing) {
  ASSERT_TRUE(call().register_app(app(1), device(1)));
  EXPECT_TRUE(call().unregister_app(app_id(1), device(1)));
  EXPECT_FALSE(call().unregister_app(app_id(2), device(1)));
  EXPECT_FALSE(call().unregister_app(app_id(1), device(9)));
}

}  // namespace herald::ports::contract
