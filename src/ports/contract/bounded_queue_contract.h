#pragma once
// What a MessageQueue must do besides queue_contract.h if it lives in this process: a bound, and exact depths.

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "ports/contract/queue_contract_fixture.h"

namespace herald::ports::contract {

struct BoundedQueueAdapter {
  std::string name;
  std::function<std::unique_ptr<MessageQueue>(std::size_t queue_max_messages)> make;
};

class BoundedQueueContract : public testing::TestWithParam<BoundedQueueAdapter> {
 protected:
  static constexpr std::size_t kMax = 10;

  std::string publish(const std::string& name, std::size_t count) {
    std::string answer = "none";
    queue_->publish(name, numbered("b", 0, count), Reply<Status>(executor_, [&](Status status) {
                      answer = status ? "ok" : std::string(to_string(status.error().kind));
                    }));
    executor_.run_ready();
    return answer;
  }

  [[nodiscard]] std::uint64_t waiting(const std::string& name) const {
    for (const auto& depth : queue_->depths()) {
      if (depth.queue == name) return depth.waiting;
    }
    return 0;
  }

  WaitingExecutor executor_;
  std::unique_ptr<MessageQueue> queue_ = GetParam().make(kMax);
};

TEST_P(BoundedQueueContract, RefusesWhatWouldPassTheBoundAllOrNothing) {
  EXPECT_EQ(publish("q", 8), "ok");
  EXPECT_EQ(publish("q", 3), "exhausted");
  EXPECT_EQ(waiting("q"), 8U);
  EXPECT_EQ(publish("q", 2), "ok");
  EXPECT_EQ(publish("q", 1), "exhausted");
  EXPECT_EQ(publish("other", kMax), "ok");
  EXPECT_EQ(publish("third", kMax + 1), "exhausted");
}

TEST_P(BoundedQueueContract, TakesAgainWhenAConsumerMadeRoom) {
  ASSERT_EQ(publish("q", kMax), "ok");
  Recorder recorder;
  const auto subscription = queue_->subscribe("q", 4, executor_, recorder.consumer());
  executor_.run_ready();
  EXPECT_EQ(recorder.bodies.size(), kMax);
  EXPECT_EQ(waiting("q"), 0U);
  EXPECT_EQ(publish("q", kMax), "ok");
}

TEST_P(BoundedQueueContract, DepthsCountWhatWaitsByQueue) {
  EXPECT_TRUE(queue_->depths().empty());
  publish("b", 3);
  publish("a", 2);
  ASSERT_EQ(queue_->depths().size(), 2U);
  EXPECT_EQ(waiting("a"), 2U);
  EXPECT_EQ(waiting("b"), 3U);
  EXPECT_TRUE(queue_->depths().at(0).connected);
}

TEST_P(BoundedQueueContract, WhatAConsumerHoldsDoesNotWaitUntilItComesBack) {
  publish("q", 5);
  Recorder recorder;
  recorder.holding = true;
  auto subscription = queue_->subscribe("q", 2, executor_, recorder.consumer());
  executor_.run_ready();
  EXPECT_EQ(waiting("q"), 3U);
  subscription.reset();
  EXPECT_EQ(waiting("q"), 5U);
}

TEST_P(BoundedQueueContract, OutlivedBySubscriptionsAndBatches) {
  publish("q", 5);
  Recorder recorder;
  recorder.holding = true;
  auto subscription = queue_->subscribe("q", 2, executor_, recorder.consumer());
  executor_.run_ready();
  queue_.reset();
  recorder.held.clear();
  executor_.run_ready();
  subscription.reset();
  EXPECT_LE(recorder.bodies.size(), 5U);
}

}  // namespace herald::ports::contract
