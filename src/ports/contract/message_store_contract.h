#pragma once
// The contract of ports::MessageStore, sentence by sentence.

#include "ports/contract/store_fixture.h"

namespace herald::ports::contract {

using enum DeliveryState;

class MessageStoreContract : public StoreContract {};

TEST_P(MessageStoreContract, AFetchedMessageIsWhatWasPut) {
  Message sent = message(1, "mail");
  sent.priority = Priority::kGathered;
  sent.kind = PayloadKind::kWebPush;
  sent.body = std::string("\0\xff body", 7);
  put(sent);
  const auto found = call().fetch({sent.id}, now()).at(0);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->id, sent.id);
  EXPECT_EQ(found->app, sent.app);
  EXPECT_EQ(found->priority, sent.priority);
  EXPECT_EQ(found->kind, sent.kind);
  EXPECT_EQ(found->replace_key, sent.replace_key);
  EXPECT_EQ(found->meta, sent.meta);
  EXPECT_EQ(found->body, sent.body);
  EXPECT_EQ(found->accepted_at, sent.accepted_at);
  EXPECT_EQ(found->expires_at, sent.expires_at);
}

TEST_P(MessageStoreContract, FetchAnswersInTheOrderAskedAndNullForUnknown) {
  const auto first = put(1);
  const auto second = put(2);
  const auto found = call().fetch({second, message(9).id, first, second}, now());
  ASSERT_EQ(found.size(), 4);
  EXPECT_EQ(found[0]->id, second);
  EXPECT_EQ(found[1], nullptr);
  EXPECT_EQ(found[2]->id, first);
  EXPECT_EQ(found[3]->id, second);
}

TEST_P(MessageStoreContract, FetchLeavesOutWhatHasEndedOrExpired) {
  const auto acked = put(1);
  const auto replaced = put(2, "k");
  const auto replacement = put(3, "k");
  const auto cancelled = put(4);
  const auto expired = message(5);
  put(expired);
  route(acked, {device(1)});
  ack(acked, device(1));
  ASSERT_TRUE(call().cancel(app_id(1), cancelled.hex(), now()));
  for (const auto& id : {acked, replaced, cancelled}) EXPECT_FALSE(deliverable(id));
  EXPECT_TRUE(deliverable(replacement));
  EXPECT_NE(call().fetch({expired.id}, expired.expires_at - std::chrono::milliseconds(1)).at(0), nullptr);
  EXPECT_EQ(call().fetch({expired.id}, expired.expires_at).at(0), nullptr);
}

TEST_P(MessageStoreContract, AMessageAckedByAllButOneIsStillFetched) {
  const auto id = put(1);
  route(id, {device(1), device(2)});
  ack(id, device(1));
  EXPECT_TRUE(deliverable(id));
  EXPECT_EQ(status(id).state, kPending);
  ack(id, device(2));
  EXPECT_FALSE(deliverable(id));
  EXPECT_EQ(status(id).state, kAcked);
}

TEST_P(MessageStoreContract, ReplacingEndsTheOutstandingMessageInTheSameStep) {
  const auto first = put(1, "mail");
  route(first, {device(1), device(2)});
  ack(first, device(1));
  const auto outcome = call().put(message(2, "mail"));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->replaced, first);
  EXPECT_FALSE(deliverable(first));
  EXPECT_EQ(status(first).state, kReplaced);
  EXPECT_EQ(status(first).ended_at, now());
  EXPECT_EQ(state_at(first, device(1)), kAcked);
  EXPECT_EQ(state_at(first, device(2)), kReplaced);
  EXPECT_TRUE(pending_ids(device(2)).empty());
}

TEST_P(MessageStoreContract, OnlyAnOutstandingMessageOfTheSameAppAndKeyIsReplaced) {
  const auto acked = put(1, "a");
  route(acked, {device(1)});
  ack(acked, device(1));
  EXPECT_EQ(call().put(message(2, "a"))->replaced, std::nullopt);
  EXPECT_EQ(status(acked).state, kAcked);

  auto other_app = message(3, "a");
  other_app.app = app_id(2);
  EXPECT_EQ(call().put(other_app)->replaced, std::nullopt);
  EXPECT_EQ(call().put(message(4, "b"))->replaced, std::nullopt);
  EXPECT_EQ(call().put(message(5))->replaced, std::nullopt);
  EXPECT_EQ(call().put(message(6))->replaced, std::nullopt) << "an empty key replaces nothing";

  const auto cancelled = put(7, "c");
  ASSERT_TRUE(call().cancel(app_id(1), "c", now()));
  EXPECT_EQ(call().put(message(8, "c"))->replaced, std::nullopt);
  EXPECT_EQ(status(cancelled).state, kCancelled);
}

TEST_P(MessageStoreContract, AnExpiredMessageIsNotReplaced) {
  const auto expired = put(1, "a");
  clock_.advance(kHour);
  EXPECT_EQ(call().put(message(2, "a"))->replaced, std::nullopt);
  EXPECT_EQ(status(expired).state, kExpired);
}

TEST_P(MessageStoreContract, AChainOfReplacementsLeavesTheLast) {
  const auto first = put(1, "k");
  const auto second = put(2, "k");
  EXPECT_EQ(call().put(message(3, "k"))->replaced, second);
  EXPECT_EQ(status(first).state, kReplaced);
  EXPECT_EQ(call().status(app_id(1), "k", now())->id, message(3).id);
}

TEST_P(MessageStoreContract, StatusFindsByReplaceKeyAndById) {
  const auto id = put(1, "mail");
  const auto by_key = call().status(app_id(1), "mail", now());
  ASSERT_TRUE(by_key);
  EXPECT_EQ(by_key->id, id);
  EXPECT_EQ(by_key->app, app_id(1));
  EXPECT_EQ(by_key->replace_key, "mail");
  EXPECT_EQ(by_key->priority, Priority::kRealTime);
  EXPECT_EQ(by_key->accepted_at, now());
  EXPECT_EQ(by_key->expires_at, now() + kHour);
  EXPECT_EQ(by_key->ended_at, WallTime{});
  EXPECT_EQ(call().status(app_id(1), id.hex(), now())->id, id);
}

TEST_P(MessageStoreContract, StatusKnowsNothingOfOtherAppsOrKeys) {
  const auto id = put(1, "mail");
  const std::vector<std::pair<AppId, std::string>> wrong{{app_id(2), "mail"},
                                                         {app_id(2), id.hex()},
                                                         {app_id(1), "mai"},
                                                         {app_id(1), ""},
                                                         {app_id(1), message(9).id.hex()},
                                                         {app_id(1), id.hex() + "0"}};
  for (const auto& [app, key] : wrong) {
    EXPECT_EQ(call().status(app, key, now()).error().kind, ErrorKind::kNotFound) << key;
    EXPECT_EQ(call().cancel(app, key, now()).error().kind, ErrorKind::kNotFound) << key;
  }
}

TEST_P(MessageStoreContract, AKeyThatLooksLikeAnIdFindsTheNewerOfBoth) {
  const auto older = put(1);
  const auto newer = put(2, older.hex());
  EXPECT_EQ(call().status(app_id(1), older.hex(), now())->id, newer);
  const auto newest_by_id = message(4);
  put(3, newest_by_id.id.hex());
  put(newest_by_id);
  EXPECT_EQ(call().status(app_id(1), newest_by_id.id.hex(), now())->id, newest_by_id.id);
}

TEST_P(MessageStoreContract, StatusFollowsAMessageThroughItsLife) {
  const auto id = put(1);
  EXPECT_FALSE(status(id).routed);
  EXPECT_EQ(status(id).state, kPending);
  call().add({{.message = id, .user_agents = {device(1)}, .last_page = false}}, now());
  ack(id, device(1));
  EXPECT_FALSE(status(id).routed);
  EXPECT_EQ(status(id).state, kPending) << "another page may follow";
  clock_.advance(kSecond);
  call().add({{.message = id, .user_agents = {device(2)}, .last_page = true}}, now());
  EXPECT_TRUE(status(id).routed);
  EXPECT_EQ(status(id).recipients, 2);
  EXPECT_EQ(status(id).acked, 1);
  ack(id, device(2));
  EXPECT_EQ(status(id).state, kAcked);
  EXPECT_EQ(status(id).ended_at, now());
  EXPECT_EQ(status(id).acked, 2);
}

TEST_P(MessageStoreContract, AMessageForNobodyEndsAsAcked) {
  const auto id = put(1);
  route(id, {});
  EXPECT_EQ(status(id).state, kAcked);
  EXPECT_EQ(status(id).recipients, 0);
  EXPECT_FALSE(deliverable(id));
}

TEST_P(MessageStoreContract, StatusTellsExpiredBeforeThePurge) {
  const auto id = put(1);
  clock_.advance(kHour);
  EXPECT_EQ(status(id).state, kExpired);
  const auto ended_at = status(id).ended_at;
  call().purge(now(), kHour, 10);
  EXPECT_EQ(status(id).state, kExpired);
  EXPECT_EQ(status(id).ended_at, ended_at);
}

TEST_P(MessageStoreContract, CancelEndsWhatIsOutstandingOnce) {
  const auto id = put(1, "mail");
  route(id, {device(1), device(2)});
  ack(id, device(1));
  const auto cancelled = call().cancel(app_id(1), "mail", now());
  ASSERT_TRUE(cancelled);
  EXPECT_EQ(cancelled->id, id);
  EXPECT_EQ(cancelled->state, kCancelled);
  EXPECT_EQ(cancelled->acked, 1);
  EXPECT_EQ(state_at(id, device(1)), kAcked);
  EXPECT_EQ(state_at(id, device(2)), kCancelled);

  const auto first_end = now();
  clock_.advance(kSecond);
  const auto again = call().cancel(app_id(1), id.hex(), now());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->state, kCancelled);
  EXPECT_EQ(again->ended_at, first_end);
}

TEST_P(MessageStoreContract, CancelLeavesWhatHadEndedAsItWas) {
  const auto acked = put(1);
  route(acked, {device(1)});
  ack(acked, device(1));
  EXPECT_EQ(call().cancel(app_id(1), acked.hex(), now())->state, kAcked);
  const auto expired = put(2);
  clock_.advance(kHour);
  EXPECT_EQ(call().cancel(app_id(1), expired.hex(), now())->state, kExpired);
}

}  // namespace herald::ports::contract
