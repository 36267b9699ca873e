#pragma once
// The contract of ports::DeliveryStore for what waits for one device: pending() and the limit pending_per_device.

#include "ports/contract/store_fixture.h"

namespace herald::ports::contract {

using enum DeliveryState;

class PendingContract : public StoreContract {
 protected:
  MessageId put_with(std::uint64_t n, Priority priority) {
    auto it = message(n);
    it.priority = priority;
    return put(it);
  }
};

TEST_P(PendingContract, PendingIsOldestFirstWhateverThePriority) {
  const auto passive = put_with(1, Priority::kPassive);
  const auto real_time = put_with(2, Priority::kRealTime);
  const auto gathered = put_with(3, Priority::kGathered);
  const auto last = put_with(4, Priority::kPassive);
  for (const auto& id : {gathered, last, real_time, passive}) route(id, {device(1)});
  EXPECT_EQ(pending_ids(device(1)), (std::vector{passive, real_time, gathered, last}));
}

TEST_P(PendingContract, PendingPagesByCursor) {
  std::vector<MessageId> ids;
  for (std::uint64_t n = 1; n <= 5; ++n) {
    ids.push_back(put_with(n, static_cast<Priority>(1 + n % 3)));
    route(ids.back(), {device(1)});
  }
  const auto first = call().pending(device(1), {}, 2, now());
  ASSERT_EQ(first.messages.size(), 2);
  EXPECT_TRUE(first.more);
  const auto second = call().pending(device(1), first.messages[1]->id, 2, now());
  ASSERT_EQ(second.messages.size(), 2);
  EXPECT_EQ(second.messages[0]->id, ids[2]);
  EXPECT_TRUE(second.more);
  const auto third = call().pending(device(1), second.messages[1]->id, 2, now());
  ASSERT_EQ(third.messages.size(), 1);
  EXPECT_EQ(third.messages[0]->id, ids[4]);
  EXPECT_FALSE(third.more);
  EXPECT_FALSE(call().pending(device(1), {}, 5, now()).more) << "exactly the limit leaves none";
}

TEST_P(PendingContract, PendingHoldsPendingAndSentOnly) {
  const auto pending = put(1);
  const auto sent = put(2);
  const auto acked = put(3);
  const auto acked_here_only = put(4);
  const auto replaced = put(5, "k");
  const auto cancelled = put(6);
  for (const auto& id : {pending, sent, acked, replaced, cancelled}) route(id, {device(1)});
  route(acked_here_only, {device(1), device(2)});
  record(sent, device(1), kSent);
  ack(acked, device(1));
  ack(acked_here_only, device(1));
  put(7, "k");
  ASSERT_TRUE(call().cancel(app_id(1), cancelled.hex(), now()));
  EXPECT_EQ(pending_ids(device(1)), (std::vector{pending, sent}));
  EXPECT_EQ(pending_ids(device(2)), std::vector{acked_here_only});
}

TEST_P(PendingContract, PendingLeavesOutExpiredAndCountsThemNotAsMore) {
  const auto expired = put(1);
  route(expired, {device(1)});
  auto long_lived = message(2);
  long_lived.expires_at = now() + 3 * kHour;
  put(long_lived);
  route(long_lived.id, {device(1)});
  auto short_lived = message(3);
  put(short_lived);
  route(short_lived.id, {device(1)});
  clock_.advance(kHour);
  const auto page = call().pending(device(1), {}, 1, now());
  ASSERT_EQ(page.messages.size(), 1);
  EXPECT_EQ(page.messages[0]->id, long_lived.id);
  EXPECT_FALSE(page.more);
  call().purge(now(), kHour, 10);
  EXPECT_EQ(pending_ids(device(1)), std::vector{long_lived.id});
}

TEST_P(PendingContract, PendingOfAnUnknownDeviceIsEmpty) {
  const auto page = call().pending(device(9), {}, 10, now());
  EXPECT_TRUE(page.messages.empty());
  EXPECT_FALSE(page.more);
}

TEST_P(PendingContract, OverflowDropsTheOldestOfTheLowestPriority) {
  limits_.pending_per_device = 3;
  open();
  const auto real_time = put_with(1, Priority::kRealTime);
  const auto gathered = put_with(2, Priority::kGathered);
  const auto older_gathered_first = put_with(3, Priority::kGathered);
  for (const auto& id : {real_time, older_gathered_first, gathered}) route(id, {device(1)});

  const auto passive = put_with(4, Priority::kPassive);
  EXPECT_EQ(route(passive, {device(1), device(2)}).dropped, 1) << "the newcomer itself is lowest";
  EXPECT_EQ(state_at(passive, device(1)), kDropped);
  EXPECT_EQ(state_at(passive, device(2)), kPending);
  EXPECT_TRUE(deliverable(passive));

  const auto newest = put_with(5, Priority::kRealTime);
  const auto outcome = route(newest, {device(1)});
  EXPECT_EQ(outcome.added, 1);
  EXPECT_EQ(outcome.dropped, 1);
  EXPECT_EQ(state_at(gathered, device(1)), kDropped);
  EXPECT_EQ(status(gathered).state, kDropped);
  EXPECT_EQ(status(gathered).ended_at, now());
  EXPECT_EQ(pending_ids(device(1)), (std::vector{real_time, older_gathered_first, newest}));
}

TEST_P(PendingContract, OneCallMayOverflowADeviceSeveralTimes) {
  limits_.pending_per_device = 2;
  open();
  std::vector<NewDeliveries> entries;
  std::vector<MessageId> ids;
  for (std::uint64_t n = 1; n <= 5; ++n) {
    ids.push_back(put(n));
    entries.push_back({.message = ids.back(), .user_agents = {device(1)}, .last_page = true});
  }
  const auto outcome = call().add(entries, now());
  EXPECT_EQ(outcome.added, 5);
  EXPECT_EQ(outcome.dropped, 3);
  EXPECT_EQ(pending_ids(device(1)), (std::vector{ids[3], ids[4]}));
}

TEST_P(PendingContract, AckedReplacedAndExpiredMakeRoom) {
  limits_.pending_per_device = 1;
  open();
  const auto acked = put(1);
  route(acked, {device(1)});
  ack(acked, device(1));
  EXPECT_EQ(route(put(2, "k"), {device(1)}).dropped, 0);
  EXPECT_EQ(route(put(3, "k"), {device(1)}).dropped, 0);
  ASSERT_TRUE(call().cancel(app_id(1), "k", now()));
  EXPECT_EQ(route(put(4), {device(1)}).dropped, 0);
  clock_.advance(kHour);
  EXPECT_EQ(route(put(5), {device(1)}).dropped, 0);
  EXPECT_EQ(route(put(6), {device(1)}).dropped, 1);
}

TEST_P(PendingContract, AnAckOfADroppedDeliveryProvesDelivery) {
  limits_.pending_per_device = 1;
  open();
  const auto first = put(1);
  route(first, {device(1)});
  const auto second = put(2);
  route(second, {device(1)});
  EXPECT_EQ(status(first).state, kDropped);
  EXPECT_EQ(ack(first, device(1)), 1);
  EXPECT_EQ(status(first).state, kAcked);
  EXPECT_EQ(route(put(3), {device(1)}).dropped, 1) << "the late ack made no second room";
}

}  // namespace herald::ports::contract
