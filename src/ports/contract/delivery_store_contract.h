#pragma once
// The contract of ports::DeliveryStore, sentence by sentence.

#include <algorithm>
#include <vector>

#include "ports/contract/store_fixture.h"

namespace herald::ports::contract {

using enum DeliveryState;

class DeliveryStoreContract : public StoreContract {};

TEST_P(DeliveryStoreContract, AddWritesOneDeliveryForEachDevice) {
  const auto id = put(1);
  const auto outcome = route(id, {device(2), device(1)});
  EXPECT_EQ(outcome.added, 2);
  EXPECT_EQ(outcome.dropped, 0);
  const auto page = call().of_message(id, {}, 10, now());
  ASSERT_EQ(page.deliveries.size(), 2);
  EXPECT_EQ(page.deliveries[0].user_agent, device(1));
  EXPECT_EQ(page.deliveries[1].user_agent, device(2));
  EXPECT_EQ(page.deliveries[0].state, kPending);
  EXPECT_EQ(page.deliveries[0].routed_at, now());
  EXPECT_EQ(page.deliveries[0].sent_at, WallTime{});
  EXPECT_EQ(page.deliveries[0].final_at, WallTime{});
  EXPECT_EQ(pending_ids(device(1)), std::vector{id});
}

TEST_P(DeliveryStoreContract, RepeatingAddKeepsEveryState) {
  const auto id = put(1);
  const std::vector all{device(1), device(2), device(3)};
  route(id, all);
  ack(id, device(1));
  record(id, device(2), kSent);
  EXPECT_EQ(route(id, all).added, 0);
  EXPECT_EQ(state_at(id, device(1)), kAcked);
  EXPECT_EQ(state_at(id, device(2)), kSent);
  EXPECT_EQ(state_at(id, device(3)), kPending);
  EXPECT_EQ(status(id).recipients, 3);
  EXPECT_EQ(status(id).acked, 1);
  EXPECT_TRUE(pending_ids(device(1)).empty());
}

TEST_P(DeliveryStoreContract, ARepeatedAddMayFindNewDevices) {
  const auto id = put(1);
  route(id, {device(1)});
  EXPECT_EQ(route(id, {device(1), device(2)}).added, 1);
  EXPECT_EQ(status(id).recipients, 2);
}

TEST_P(DeliveryStoreContract, DevicesMayBeAddedInAnyOrder) {
  const auto id = put(1);
  std::vector<UserAgentId> odd;
  std::vector<UserAgentId> all;
  for (std::uint64_t n = 1; n <= 60; ++n) {
    if (n % 2 == 1) odd.push_back(device(n));
    all.push_back(device(n));
  }
  EXPECT_EQ(route(id, odd).added, 30);
  std::ranges::reverse(all);
  EXPECT_EQ(route(id, all).added, 30);
  EXPECT_EQ(route(id, {device(7), device(60), device(61)}).added, 1);
  EXPECT_EQ(status(id).recipients, 61);
}

TEST_P(DeliveryStoreContract, OneAddMayNameADeviceOrAMessageTwice) {
  const auto id = put(1);
  const NewDeliveries twice{.message = id, .user_agents = {device(1), device(1)}, .last_page = true};
  EXPECT_EQ(call().add({twice, twice}, now()).added, 1);
  EXPECT_EQ(status(id).recipients, 1);
}

TEST_P(DeliveryStoreContract, WhatHasEndedGetsNoDeliveries) {
  const auto replaced = put(1, "k");
  put(2, "k");
  const auto cancelled = put(3);
  ASSERT_TRUE(call().cancel(app_id(1), cancelled.hex(), now()));
  const auto done = put(4);
  route(done, {});
  const auto expired = put(5);
  const auto expires_at = message(5).expires_at;
  const auto unknown = message(99).id;
  for (const auto& id : {replaced, cancelled, done, unknown}) EXPECT_EQ(route(id, {device(1)}).added, 0);
  clock_.advance(kHour);
  EXPECT_EQ(route(expired, {device(1)}).added, 0);
  EXPECT_EQ(status(expired).state, kExpired);
  EXPECT_EQ(status(expired).ended_at, expires_at);
  EXPECT_TRUE(pending_ids(device(1)).empty());
  EXPECT_TRUE(call().of_message(replaced, {}, 10, now()).deliveries.empty());
}

TEST_P(DeliveryStoreContract, RecordFollowsTheTableOfStates) {
  const auto id = put(1);
  route(id, {device(1), device(2)});
  clock_.advance(kSecond);
  const auto sent_at = now();
  EXPECT_EQ(record(id, device(1), kSent), 1);
  EXPECT_EQ(record(id, device(1), kSent), 0) << "the same state again changes nothing";
  clock_.advance(kSecond);
  EXPECT_EQ(call().record({{id, device(1), kAcked, sent_at, now()}}), 1);
  EXPECT_EQ(record(id, device(1), kAcked), 0);
  EXPECT_EQ(record(id, device(1), kSent), 0) << "acked is final";
  const auto delivery = call().of_message(id, {}, 1, now()).deliveries.at(0);
  EXPECT_EQ(delivery.state, kAcked);
  EXPECT_EQ(delivery.sent_at, sent_at);
  EXPECT_EQ(delivery.final_at, now());
  EXPECT_EQ(status(id).acked, 1);
}

TEST_P(DeliveryStoreContract, AnAckAloneTellsWhenItWasSent) {
  const auto id = put(1);
  route(id, {device(1)});
  const auto sent_at = now();
  clock_.advance(kSecond);
  EXPECT_EQ(call().record({{id, device(1), kAcked, sent_at, now()}}), 1);
  const auto delivery = call().of_message(id, {}, 1, now()).deliveries.at(0);
  EXPECT_EQ(delivery.sent_at, sent_at);
  EXPECT_EQ(delivery.final_at, now());
}

TEST_P(DeliveryStoreContract, EventsOfOneCallAreAppliedInOrder) {
  const auto id = put(1);
  route(id, {device(1), device(2)});
  EXPECT_EQ(call().record({{id, device(1), kSent, now(), now()},
                           {id, device(1), kAcked, now(), now()},
                           {id, device(2), kAcked, now(), now()},
                           {id, device(2), kSent, now(), now()}}),
            3);
  EXPECT_EQ(status(id).state, kAcked);
}

TEST_P(DeliveryStoreContract, OnlyARecipientsAckCounts) {
  const auto id = put(1);
  route(id, {device(1)});
  EXPECT_EQ(ack(id, device(2)), 0);
  EXPECT_EQ(ack(message(9).id, device(1)), 0);
  const auto unrouted = put(2);
  EXPECT_EQ(ack(unrouted, device(1)), 0);
  EXPECT_EQ(status(id).state, kPending);
  EXPECT_EQ(status(id).recipients, 1);
  EXPECT_TRUE(deliverable(id));
}

TEST_P(DeliveryStoreContract, ALateAckProvesDelivery) {
  const auto id = put(1, "k");
  route(id, {device(1), device(2)});
  put(2, "k");
  EXPECT_EQ(record(id, device(1), kSent), 0) << "replaced is final for sent";
  EXPECT_EQ(ack(id, device(1)), 1);
  EXPECT_EQ(state_at(id, device(1)), kAcked);
  EXPECT_EQ(state_at(id, device(2)), kReplaced);
  EXPECT_EQ(status(id).state, kReplaced);
  EXPECT_EQ(status(id).acked, 1);
  EXPECT_EQ(ack(id, device(2)), 1);
  EXPECT_EQ(status(id).state, kAcked);
  EXPECT_FALSE(deliverable(id));
}

TEST_P(DeliveryStoreContract, AnAckAfterExpiryCountsAndSentDoesNot) {
  const auto id = put(1);
  route(id, {device(1)});
  clock_.advance(kHour);
  EXPECT_EQ(record(id, device(1), kSent), 0);
  EXPECT_EQ(state_at(id, device(1)), kExpired);
  EXPECT_EQ(ack(id, device(1)), 1);
  EXPECT_EQ(state_at(id, device(1)), kAcked);
  EXPECT_EQ(status(id).state, kAcked);
  EXPECT_EQ(call().purge(now(), kHour, 10).expired, 0);
}

TEST_P(DeliveryStoreContract, AReceiptPagesByUserAgent) {
  const auto id = put(1);
  std::vector<UserAgentId> devices;
  for (std::uint64_t n = 1; n <= 40; ++n) devices.push_back(device(n));
  route(id, devices);
  ack(id, device(30));
  std::vector<UserAgentId> seen;
  std::optional<UserAgentId> after;
  for (bool more = true; more;) {
    const auto page = call().of_message(id, after, 7, now());
    for (const auto& delivery : page.deliveries) seen.push_back(delivery.user_agent);
    after = seen.back();
    more = page.more;
  }
  EXPECT_EQ(seen, devices);
  EXPECT_EQ(state_at(id, device(30)), kAcked);
  EXPECT_EQ(state_at(id, device(31)), kPending);
  EXPECT_FALSE(call().of_message(id, {}, 40, now()).more);
}

// Many devices may be kept in another form than few.
TEST_P(DeliveryStoreContract, AMessageForManyDevicesLivesLikeOneForFew) {
  const auto id = put(1, "k");
  for (std::uint64_t n = 1; n <= 60; n += 20) {
    std::vector<UserAgentId> devices;
    for (std::uint64_t i = n; i < n + 20; ++i) devices.push_back(device(i));
    EXPECT_EQ(call().add({{.message = id, .user_agents = devices, .last_page = n == 41}}, now()).added, 20);
    EXPECT_EQ(ack(id, device(n)), 1);
  }
  EXPECT_EQ(route(id, {device(1), device(2), device(60)}).added, 0);
  EXPECT_EQ(status(id).recipients, 60);
  EXPECT_EQ(status(id).acked, 3);
  put(2, "k");
  EXPECT_EQ(state_at(id, device(1)), kAcked);
  EXPECT_EQ(state_at(id, device(2)), kReplaced);
  EXPECT_TRUE(pending_ids(device(2)).empty());
  for (std::uint64_t n = 1; n <= 60; ++n) ack(id, device(n));
  EXPECT_EQ(status(id).state, kAcked);
  clock_.advance(kHour / 2);
  EXPECT_EQ(call().purge(now(), kSecond, 10).removed, 1);
  EXPECT_TRUE(call().of_message(id, {}, 10, now()).deliveries.empty());
}

}  // namespace herald::ports::contract
