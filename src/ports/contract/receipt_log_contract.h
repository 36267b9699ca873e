#pragma once
// The contract of ports::ReceiptLog, and of what Web Push adds to a message.

#include "ports/contract/store_fixture.h"

namespace herald::ports::contract {

class ReceiptLogContract : public StoreContract {
 protected:
  MessageId put_under(std::uint64_t n, ReceiptId receipt, std::string replace_key = "") {
    auto it = message(n, std::move(replace_key));
    it.receipt = receipt;
    return put(it);
  }
  [[nodiscard]] std::vector<MessageId> ids_of(ReceiptId receipt) {
    std::vector<MessageId> ids;
    for (const auto& status : call().of_receipt(receipt, {}, 1000, now()).messages) ids.push_back(status.id);
    return ids;
  }
  const ReceiptId first_ = numbered<ReceiptId>(1);
  const ReceiptId second_ = numbered<ReceiptId>(2);
};

TEST_P(ReceiptLogContract, ListsItsMessagesWithTheirStates) {
  const auto acked = put_under(1, first_);
  const auto other = put_under(2, second_);
  const auto replaced = put_under(3, first_, "k");
  const auto waiting = put_under(4, first_, "k");
  put(5);
  route(acked, {device(1)});
  ack(acked, device(1));
  const auto page = call().of_receipt(first_, {}, 10, now());
  EXPECT_FALSE(page.more);
  ASSERT_EQ(page.messages.size(), 3);
  EXPECT_EQ(page.messages[0].id, acked);
  EXPECT_EQ(page.messages[0].state, DeliveryState::kAcked);
  EXPECT_EQ(page.messages[0].acked, 1);
  EXPECT_EQ(page.messages[0].receipt, first_);
  EXPECT_EQ(page.messages[1].id, replaced);
  EXPECT_EQ(page.messages[1].state, DeliveryState::kReplaced);
  EXPECT_EQ(page.messages[2].id, waiting);
  EXPECT_EQ(page.messages[2].state, DeliveryState::kPending);
  EXPECT_EQ(page.messages[2].app, app_id(1));
  EXPECT_EQ(ids_of(second_), std::vector{other});
  EXPECT_EQ(status(acked).receipt, first_);
}

TEST_P(ReceiptLogContract, PagesByCursor) {
  std::vector<MessageId> ids;
  for (std::uint64_t n = 1; n <= 3; ++n) ids.push_back(put_under(n, first_));
  const auto page = call().of_receipt(first_, {}, 2, now());
  ASSERT_EQ(page.messages.size(), 2);
  EXPECT_TRUE(page.more);
  const auto rest = call().of_receipt(first_, page.messages[1].id, 2, now());
  ASSERT_EQ(rest.messages.size(), 1);
  EXPECT_EQ(rest.messages[0].id, ids[2]);
  EXPECT_FALSE(rest.more);
  EXPECT_FALSE(call().of_receipt(first_, {}, 3, now()).more) << "exactly the limit leaves none";
}

TEST_P(ReceiptLogContract, AnUnknownReceiptHasNoMessages) {
  EXPECT_TRUE(ids_of(first_).empty());
  put(1);
  EXPECT_TRUE(ids_of(ReceiptId{}).empty()) << "no receipt is not a receipt";
}

TEST_P(ReceiptLogContract, ForgettingEndsItAndKeepsTheMessages) {
  const auto message = put_under(1, first_);
  put_under(2, first_);
  put_under(3, first_);
  EXPECT_EQ(call().forget_receipt(first_, 2), 2);
  EXPECT_EQ(call().forget_receipt(first_, 2), 1);
  EXPECT_EQ(call().forget_receipt(first_, 2), 0);
  EXPECT_TRUE(ids_of(first_).empty());
  EXPECT_TRUE(deliverable(message));
  route(message, {device(1)});
  ack(message, device(1));
  clock_.advance(2 * kHour);
  EXPECT_GE(call().purge(now(), std::chrono::milliseconds(0), 10).removed, 1) << "without a row in the log";
}

TEST_P(ReceiptLogContract, RemovedMessagesLeaveTheLog) {
  const auto early = put_under(1, first_);
  route(early, {device(1)});
  ack(early, device(1));
  clock_.advance(kHour / 2);
  const auto late = put_under(2, first_);
  call().purge(now(), kSecond, 10);
  EXPECT_EQ(ids_of(first_), std::vector{late});
}

TEST_P(ReceiptLogContract, AMessageKeepsWhatWebPushSays) {
  for (const auto urgency : {Urgency::kVeryLow, Urgency::kLow, Urgency::kNormal, Urgency::kHigh}) {
    for (const bool transient : {false, true}) {
      auto sent = message(static_cast<std::uint64_t>(urgency) * 2 + (transient ? 1 : 0) + 1);
      sent.kind = PayloadKind::kWebPush;
      sent.urgency = urgency;
      sent.transient = transient;
      sent.receipt = transient ? first_ : ReceiptId{};
      put(sent);
      const auto back = call().fetch({sent.id}, now()).at(0);
      ASSERT_NE(back, nullptr);
      EXPECT_EQ(back->urgency, urgency);
      EXPECT_EQ(back->transient, transient);
      EXPECT_EQ(back->receipt, sent.receipt);
      EXPECT_EQ(back->kind, PayloadKind::kWebPush);
      EXPECT_EQ(back->body, sent.body);
    }
  }
}

// TTL 0: for whoever is connected now, never from the store.
TEST_P(ReceiptLogContract, PendingLeavesOutTransientMessagesAndCountsThemNotAsMore) {
  auto transient = message(1);
  transient.transient = true;
  put(transient);
  const auto lasting = put(2);
  auto another = message(3);
  another.transient = true;
  put(another);
  for (const auto& id : {transient.id, lasting, another.id}) route(id, {device(1)});
  EXPECT_TRUE(deliverable(transient.id)) << "the connection that holds the device fetches it";
  const auto page = call().pending(device(1), {}, 1, now());
  ASSERT_EQ(page.messages.size(), 1);
  EXPECT_EQ(page.messages[0]->id, lasting);
  EXPECT_FALSE(page.more);
  EXPECT_EQ(ack(transient.id, device(1)), 1);
  EXPECT_EQ(status(transient.id).state, DeliveryState::kAcked);
}

}  // namespace herald::ports::contract
