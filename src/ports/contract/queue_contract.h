#pragma once
// What every MessageQueue must do. An adapter's test includes this header once and instantiates QueueContract, and
// BoundedQueueContract too if the queue lives in this process.

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "ports/contract/queue_contract_fixture.h"

namespace herald::ports::contract {

TEST_P(QueueContract, AnswersAndConsumesOnTheExecutorNeverInline) {
  bool answered = false;
  Recorder recorder;
  const auto subscription = subscribe("q", 10, recorder);
  queue().publish("q", {"a"}, Reply<Status>(executor_, [&](Status status) { answered = status.has_value(); }));
  EXPECT_FALSE(answered);
  EXPECT_TRUE(recorder.bodies.empty());
  EXPECT_TRUE(executor_.run_until([&] { return answered && !recorder.bodies.empty(); }));
}

TEST_P(QueueContract, BodiesArriveInTheOrderPublished) {
  Recorder recorder;
  const auto subscription = subscribe("q", 7, recorder);
  Bodies expected;
  for (std::size_t i = 0; i < 20; ++i) {
    const Bodies some = numbered("b", expected.size(), 1 + i % 5);
    expected.insert(expected.end(), some.begin(), some.end());
    ASSERT_TRUE(publish("q", some).has_value());
  }
  ASSERT_TRUE(arrives(recorder, expected.size()));
  come_to_rest();
  EXPECT_EQ(recorder.bodies, expected);
}

TEST_P(QueueContract, BodiesAreBytes) {
  Bodies odd{std::string("\0\xff\x80", 3), "", std::string(100'000, 'x'), "\xc2\xa1"};
  Recorder recorder;
  const auto subscription = subscribe("q", 10, recorder);
  ASSERT_TRUE(publish("q", odd).has_value());
  ASSERT_TRUE(arrives(recorder, odd.size()));
  EXPECT_EQ(recorder.bodies, odd);
}

TEST_P(QueueContract, PublishingNothingIsAnswered) {
  Recorder recorder;
  const auto subscription = subscribe("q", 10, recorder);
  EXPECT_TRUE(publish("q", {}).has_value());
  come_to_rest();
  EXPECT_TRUE(recorder.bodies.empty());
}

TEST_P(QueueContract, BodiesWaitForTheFirstSubscription) {
  ASSERT_TRUE(publish("q", numbered("b", 0, 5)).has_value());
  Recorder recorder;
  const auto subscription = subscribe("q", 10, recorder);
  ASSERT_TRUE(arrives(recorder, 5));
  EXPECT_EQ(recorder.bodies, numbered("b", 0, 5));
}

TEST_P(QueueContract, QueuesAreIndependent) {
  Recorder one;
  Recorder other;
  one.holding = true;
  const auto first = subscribe("one", 1, one);
  const auto second = subscribe("other", 10, other);
  ASSERT_TRUE(publish("one", numbered("o", 0, 3)).has_value());
  ASSERT_TRUE(publish("other", numbered("x", 0, 3)).has_value());
  ASSERT_TRUE(arrives(other, 3));
  come_to_rest();
  EXPECT_EQ(other.bodies, numbered("x", 0, 3));
  EXPECT_EQ(one.bodies, numbered("o", 0, 1));
}

TEST_P(QueueContract, CreditBoundsWhatIsUnsettled) {
  Recorder recorder;
  recorder.holding = true;
  const auto subscription = subscribe("q", 3, recorder);
  ASSERT_TRUE(publish("q", numbered("b", 0, 10)).has_value());
  ASSERT_TRUE(arrives(recorder, 3));
  come_to_rest();
  EXPECT_EQ(recorder.bodies, numbered("b", 0, 3));
  while (recorder.bodies.size() < 10) {
    const std::size_t before = recorder.bodies.size();
    for (auto& batch : std::exchange(recorder.held, {})) batch.done();
    ASSERT_TRUE(arrives(recorder, before + 1));
    come_to_rest();
    EXPECT_LE(recorder.unsettled(), 3U);
  }
  EXPECT_EQ(recorder.bodies, numbered("b", 0, 10));
}

TEST_P(QueueContract, ABatchThatIsDroppedIsSettled) {
  Recorder recorder;
  recorder.holding = true;
  const auto subscription = subscribe("q", 2, recorder);
  ASSERT_TRUE(publish("q", numbered("b", 0, 4)).has_value());
  ASSERT_TRUE(arrives(recorder, 2));
  come_to_rest();
  recorder.held.clear();
  ASSERT_TRUE(arrives(recorder, 4));
  EXPECT_EQ(recorder.bodies, numbered("b", 0, 4));
}

TEST_P(QueueContract, SettlingTwiceFreesCreditOnce) {
  Recorder recorder;
  recorder.holding = true;
  const auto subscription = subscribe("q", 1, recorder);
  ASSERT_TRUE(publish("q", numbered("b", 0, 5)).has_value());
  ASSERT_TRUE(arrives(recorder, 1));
  auto first = std::move(recorder.held.at(0));
  first.done();
  first.done();
  ASSERT_TRUE(arrives(recorder, 2));
  {
    const QueueBatch dropped = std::move(first);
  }
  come_to_rest();
  EXPECT_EQ(recorder.bodies, numbered("b", 0, 2));
}

TEST_P(QueueContract, SubscriptionsOfOneQueueCompete) {
  Recorder first;
  Recorder second;
  first.holding = second.holding = true;
  const auto one = subscribe("q", 5, first);
  const auto two = subscribe("q", 5, second);
  ASSERT_TRUE(publish("q", numbered("b", 0, 10)).has_value());
  ASSERT_TRUE(executor_.run_until([&] { return first.bodies.size() + second.bodies.size() >= 10; }));
  come_to_rest();
  EXPECT_EQ(first.bodies.size(), 5U);
  EXPECT_EQ(second.bodies.size(), 5U);
  std::map<std::string, int> seen;
  for (const auto& body : first.bodies) ++seen[body];
  for (const auto& body : second.bodies) ++seen[body];
  EXPECT_EQ(seen.size(), 10U);
}

TEST_P(QueueContract, ASubscriptionWithoutCreditLeavesTheWorkToTheOther) {
  Recorder stuck;
  Recorder alive;
  stuck.holding = true;
  const auto one = subscribe("q", 1, stuck);
  const auto two = subscribe("q", 2, alive);
  ASSERT_TRUE(publish("q", numbered("b", 0, 20)).has_value());
  ASSERT_TRUE(executor_.run_until([&] { return stuck.bodies.size() + alive.bodies.size() >= 20; }));
  EXPECT_LE(stuck.bodies.size(), 1U);
}

TEST_P(QueueContract, AnEndedSubscriptionIsNotCalledAndItsBodiesGoToTheNext) {
  Recorder first;
  auto subscription = subscribe("q", 10, first);
  ASSERT_TRUE(publish("q", numbered("b", 0, 3)).has_value());
  fixture_->settle();
  const std::size_t before = first.bodies.size();
  subscription.reset();
  come_to_rest();
  EXPECT_EQ(first.bodies.size(), before);
  Recorder second;
  const auto again = subscribe("q", 10, second);
  ASSERT_TRUE(arrives(second, 3 - before));
}

TEST_P(QueueContract, WhatAnEndedSubscriptionHadNotSettledComesAgainFirst) {
  Recorder first;
  first.holding = true;
  auto subscription = subscribe("q", 3, first);
  ASSERT_TRUE(publish("q", numbered("b", 0, 5)).has_value());
  ASSERT_TRUE(arrives(first, 3));
  subscription.reset();
  come_to_rest();
  // Too late to count: the bodies are the queue's again.
  first.held.clear();
  Recorder second;
  const auto again = subscribe("q", 10, second);
  ASSERT_TRUE(arrives(second, 5));
  come_to_rest();
  EXPECT_EQ(second.bodies, numbered("b", 0, 5));
  EXPECT_EQ(first.bodies.size(), 3U);
}

TEST_P(QueueContract, EndingASubscriptionHandsItsWorkToTheOthers) {
  Recorder stuck;
  Recorder alive;
  stuck.holding = true;
  auto one = subscribe("q", 100, stuck);
  ASSERT_TRUE(publish("q", numbered("b", 0, 4)).has_value());
  ASSERT_TRUE(arrives(stuck, 4));
  const auto two = subscribe("q", 100, alive);
  come_to_rest();
  EXPECT_TRUE(alive.bodies.empty());
  one.reset();
  ASSERT_TRUE(arrives(alive, 4));
  EXPECT_EQ(alive.bodies, numbered("b", 0, 4));
}

TEST_P(QueueContract, AConsumerMayEndItsOwnSubscription) {
  std::unique_ptr<Subscription> subscription;
  std::size_t calls = 0;
  subscription = queue().subscribe("q", 1, executor_, [&](QueueBatch batch) {
    ++calls;
    subscription.reset();
    batch.done();
  });
  ASSERT_TRUE(publish("q", numbered("b", 0, 3)).has_value());
  ASSERT_TRUE(executor_.run_until([&] { return calls > 0; }));
  come_to_rest();
  EXPECT_EQ(calls, 1U);
}

TEST_P(QueueContract, ProducersOnManyThreadsKeepTheirOrderAndLoseNothing) {
  constexpr std::size_t kProducers = 4;
  constexpr std::size_t kEach = 250;
  std::atomic<std::size_t> refused = 0;
  Recorder recorder;
  const auto subscription = subscribe("q", 16, recorder);
  std::size_t answers = 0;
  std::vector<std::thread> producers;
  for (std::size_t p = 0; p < kProducers; ++p) {
    producers.emplace_back([this, p, &refused, &answers] {
      for (std::size_t i = 0; i < kEach; ++i) {
        queue().publish("q", {std::to_string(p) + ":" + std::to_string(i)},
                        Reply<Status>(executor_, [&](Status status) {
                          ++answers;
                          refused += status.has_value() ? 0 : 1;
                        }));
      }
    });
  }
  EXPECT_TRUE(executor_.run_until(
      [&] { return recorder.bodies.size() >= kProducers * kEach && answers == kProducers * kEach; }));
  for (auto& producer : producers) producer.join();
  EXPECT_EQ(refused, 0U);
  EXPECT_EQ(recorder.bodies.size(), kProducers * kEach);
  std::map<std::string, std::size_t> next;
  for (const auto& body : recorder.bodies) {
    const std::size_t colon = body.find(':');
    EXPECT_EQ(body.substr(colon + 1), std::to_string(next[body.substr(0, colon)]++));
  }
}

}  // namespace herald::ports::contract
