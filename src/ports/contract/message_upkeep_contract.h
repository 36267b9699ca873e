#pragma once
// The contract of ports::MessageStore for what the sweeps ask: unrouted() and purge().

#include "ports/contract/store_fixture.h"

namespace herald::ports::contract {

using enum DeliveryState;

class MessageUpkeepContract : public StoreContract {};

TEST_P(MessageUpkeepContract, UnroutedPagesOldestFirst) {
  const auto first = put(1);
  const auto second = put(2);
  const auto third = put(3);
  const WallTime later = now() + kSecond;
  const auto page = call().unrouted({}, later, 2);
  ASSERT_EQ(page.size(), 2);
  EXPECT_EQ(page[0].message, first);
  EXPECT_EQ(page[0].app, app_id(1));
  EXPECT_EQ(page[1].message, second);
  const auto rest = call().unrouted(second, later, 2);
  ASSERT_EQ(rest.size(), 1);
  EXPECT_EQ(rest[0].message, third);
}

TEST_P(MessageUpkeepContract, UnroutedLeavesOutRoutedEndedAndYoung) {
  const auto routed = put(1);
  put(2, "replaced");
  const auto replacement = put(3, "replaced");
  const auto cancelled = put(4);
  const auto half_routed = put(5);
  route(routed, {device(1)});
  call().add({{.message = half_routed, .user_agents = {device(1)}, .last_page = false}}, now());
  ASSERT_TRUE(call().cancel(app_id(1), cancelled.hex(), now()));
  EXPECT_TRUE(call().unrouted({}, now(), 10).empty()) << "accepted before, not at";
  const auto accepted = now();
  clock_.advance(kSecond);
  put(6);
  const auto found = call().unrouted({}, accepted + std::chrono::milliseconds(1), 10);
  ASSERT_EQ(found.size(), 2);
  EXPECT_EQ(found[0].message, replacement);
  EXPECT_EQ(found[1].message, half_routed);
}

TEST_P(MessageUpkeepContract, UnroutedSeesAnOlderIdThatCameLater) {
  put(5);
  ASSERT_EQ(call().unrouted({}, now() + kSecond, 10).size(), 1);
  auto older = message(2);
  older.app = app_id(2);
  put(older);
  EXPECT_EQ(call().unrouted({}, now() + kSecond, 10).at(0).message, older.id);
}

TEST_P(MessageUpkeepContract, NewestIsTheGreatestIdInWhateverState) {
  EXPECT_EQ(call().newest(), std::nullopt);
  const auto first = put(1);
  EXPECT_EQ(call().newest(), first);
  const auto second = put(2);
  route(second, {device(1)});
  ack(second, device(1));
  EXPECT_EQ(call().newest(), second) << "acked by all; its receipt stands";
  const auto third = put(3, "slot");
  ASSERT_TRUE(call().cancel(app_id(1), "slot", now()));
  EXPECT_EQ(call().newest(), third);
}

TEST_P(MessageUpkeepContract, PurgeExpiresUpToItsLimit) {
  for (std::uint64_t n = 1; n <= 3; ++n) route(put(n), {device(1)});
  clock_.advance(kHour - kSecond);
  EXPECT_EQ(call().purge(now(), kHour, 10).expired, 0);
  clock_.advance(kSecond);
  const auto young = put(4);
  const auto first = call().purge(now(), kHour, 2);
  EXPECT_EQ(first.expired, 2);
  EXPECT_TRUE(first.more);
  const auto second = call().purge(now(), kHour, 2);
  EXPECT_EQ(second.expired, 1);
  EXPECT_FALSE(second.more);
  EXPECT_TRUE(deliverable(young));
}

TEST_P(MessageUpkeepContract, PurgeDoesNotExpireWhatHadEnded) {
  const auto id = put(1);
  route(id, {device(1)});
  ack(id, device(1));
  clock_.advance(kHour);
  EXPECT_EQ(call().purge(now(), 2 * kHour, 10).expired, 0);
  EXPECT_EQ(status(id).state, kAcked);
}

TEST_P(MessageUpkeepContract, ReceiptsStayForTheirRetentionAndThenGo) {
  const auto id = put(1, "mail");
  route(id, {device(1)});
  ack(id, device(1));
  clock_.advance(kHour);
  EXPECT_EQ(call().purge(now(), kHour, 10).removed, 0) << "more than the retention ago";
  EXPECT_EQ(status(id).state, kAcked);
  clock_.advance(kSecond);
  EXPECT_EQ(call().purge(now(), kHour, 10).removed, 1);
  EXPECT_FALSE(call().status(app_id(1), id.hex(), now()));
  EXPECT_FALSE(call().status(app_id(1), "mail", now()));
  EXPECT_TRUE(call().of_message(id, {}, 10, now()).deliveries.empty());
  EXPECT_EQ(call().purge(now(), kHour, 10).removed, 0);
}

TEST_P(MessageUpkeepContract, PurgeRemovesUpToItsLimit) {
  for (std::uint64_t n = 1; n <= 3; ++n) route(put(n), {});
  clock_.advance(kHour + kSecond);
  const auto first = call().purge(now(), kHour, 2);
  EXPECT_EQ(first.removed, 2);
  EXPECT_TRUE(first.more);
  const auto second = call().purge(now(), kHour, 2);
  EXPECT_EQ(second.removed, 1);
  EXPECT_FALSE(second.more);
}

TEST_P(MessageUpkeepContract, ExpiredMessagesAreRemovedPageByPageToo) {
  for (std::uint64_t n = 1; n <= 3; ++n) route(put(n), {device(n)});
  clock_.advance(3 * kHour);
  std::uint64_t expired = 0;
  std::uint64_t removed = 0;
  for (bool more = true; more;) {
    const auto outcome = call().purge(now(), kHour, 2);
    EXPECT_LE(outcome.expired, 2);
    EXPECT_LE(outcome.removed, 2);
    expired += outcome.expired;
    removed += outcome.removed;
    more = outcome.more;
  }
  EXPECT_EQ(expired, 3);
  EXPECT_EQ(removed, 3);
}

TEST_P(MessageUpkeepContract, RemovingAReceiptKeepsTheKeyOfANewerMessage) {
  put(1, "mail");
  const auto newer = put(2, "mail");
  clock_.advance(kHour / 2);
  EXPECT_EQ(call().purge(now(), kSecond, 10).removed, 1);
  EXPECT_EQ(call().status(app_id(1), "mail", now())->id, newer);
}

}  // namespace herald::ports::contract
