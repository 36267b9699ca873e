#include "adapters/amqp/inbound.h"

#include <gtest/gtest.h>

#include <optional>
#include <string_view>

namespace herald::adapters {
namespace {

class InboundTest : public testing::Test {
 protected:
  std::shared_ptr<Inbound> make() {
    return std::make_shared<Inbound>(
        "q", 10, executor_,
        [this](ports::QueueBatch batch) {
          for (const auto& body : batch.bodies) bodies_ += body;
          bodies_ += ";";
          held_.push_back(std::move(batch));
        },
        [this](Inbound&, DeliveryRange range) {
          settled_ += std::to_string(range.first) + "+" + std::to_string(range.count) + " ";
        });
  }

  ManualExecutor executor_;
  std::string bodies_;
  std::string settled_;
  std::vector<ports::QueueBatch> held_;
  std::shared_ptr<Inbound> inbound_ = make();
};

TEST_F(InboundTest, WhatGatheredIsOneBatchAndOnePost) {
  inbound_->arrived("a");
  inbound_->arrived("b");
  EXPECT_EQ(inbound_->waiting(), 2U);
  EXPECT_EQ(executor_.run(), 1U);
  EXPECT_EQ(bodies_, "ab;");
  inbound_->arrived("c");
  executor_.run();
  EXPECT_EQ(bodies_, "ab;c;");
}

TEST_F(InboundTest, EachBatchIsSettledOnceByItsNumbers) {
  inbound_->arrived("a");
  inbound_->arrived("b");
  executor_.run();
  inbound_->arrived("c");
  executor_.run();
  held_[1].done();
  held_[1].done();
  held_.clear();
  EXPECT_EQ(settled_, "2+1 0+2 ");
}

// As RabbitMQ does.
TEST_F(InboundTest, WhatTheBrokerSendsBeyondTheCreditWaitsForRoom) {
  for (const char body : std::string_view("0123456789ab")) inbound_->arrived({body});
  executor_.run();
  EXPECT_EQ(bodies_, "0123456789;");
  EXPECT_EQ(inbound_->waiting(), 2U);
  inbound_->arrived("c");
  EXPECT_TRUE(executor_.idle());
  held_[0].done();
  executor_.run();
  EXPECT_EQ(bodies_, "0123456789;abc;");
  held_[1].done();
  EXPECT_EQ(settled_, "0+10 10+3 ");
}

TEST_F(InboundTest, OfWhatWaitsOnlyAsMuchAsThereIsRoomForIsHandedOver) {
  inbound_->arrived("0");
  executor_.run();
  for (const char body : std::string_view("123456789abc")) inbound_->arrived({body});
  executor_.run();
  EXPECT_EQ(bodies_, "0;123456789;");
  held_[0].done();
  executor_.run();
  EXPECT_EQ(bodies_, "0;123456789;a;");
  held_[1].done();
  executor_.run();
  EXPECT_EQ(bodies_, "0;123456789;a;bc;");
  held_.clear();
  EXPECT_EQ(settled_, "0+1 1+9 10+1 11+2 ");
}

TEST_F(InboundTest, RoomThatComesAfterTheEndIsNotUsed) {
  for (const char body : std::string_view("0123456789a")) inbound_->arrived({body});
  executor_.run();
  inbound_->end();
  held_.clear();
  EXPECT_TRUE(executor_.idle());
}

TEST_F(InboundTest, ALostLinkDropsWhatWasNotHandedOver) {
  inbound_->arrived("a");
  executor_.run();
  inbound_->arrived("b");
  EXPECT_EQ(inbound_->lost(), 1U);
  executor_.run();
  inbound_->arrived("b");
  executor_.run();
  EXPECT_EQ(bodies_, "a;b;");
  held_[1].done();
  EXPECT_EQ(settled_, "2+1 ");
}

TEST_F(InboundTest, AfterTheEndNothingIsHandedOver) {
  inbound_->arrived("a");
  inbound_->end();
  executor_.run();
  inbound_->arrived("b");
  EXPECT_TRUE(executor_.idle());
  EXPECT_EQ(bodies_, "");
}

TEST_F(InboundTest, OutlivedByItsBatches) {
  inbound_->arrived("a");
  executor_.run();
  inbound_->end();
  inbound_.reset();
  held_.clear();
  EXPECT_EQ(settled_, "0+1 ");
}

}  // namespace
}  // namespace herald::adapters
