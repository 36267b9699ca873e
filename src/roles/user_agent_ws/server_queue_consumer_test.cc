#include "roles/user_agent_ws/server_queue_consumer.h"

#include <gtest/gtest.h>

#include "roles/user_agent_ws/test_world.h"

namespace herald::roles::user_agent_ws {
namespace {

using protocol::queue::Deliver;
using protocol::queue::encode;
using protocol::queue::TakenOver;

class ServerQueueConsumerTest : public testing::Test {
 protected:
  ServerQueueConsumerTest()
      : consumer_(queue_, "WS1", 16, executor_,
                  {{&first_, [this](ShardBatch batch) { batches_[0].push_back(std::move(batch)); }},
                   {&second_, [this](ShardBatch batch) { batches_[1].push_back(std::move(batch)); }}},
                  log_, metrics_) {}

  void arrive(std::vector<std::string> bodies) {
    queue_.consumer({std::move(bodies), [this] { ++settled_; }});
  }
  static UserAgentId device(std::uint8_t n) {
    UserAgentId id;
    id.bytes.fill(n);
    return id;
  }
  static Deliver deliver(std::uint8_t n, std::vector<Deliver::Target> targets) {
    Deliver out;
    out.message.bytes.fill(n);
    out.targets = std::move(targets);
    return out;
  }

  test::FakeQueue queue_;
  ManualExecutor executor_, first_, second_;
  NullLog log_;
  NullMetrics metrics_;
  std::vector<ShardBatch> batches_[2];
  int settled_ = 0;
  ServerQueueConsumer consumer_;
};

TEST_F(ServerQueueConsumerTest, HandsEachShardOneBatchWithItsTargets) {
  EXPECT_EQ(queue_.subscribed, "WS1");
  arrive({encode(deliver(1, {{device(1), 0}, {device(2), 1}, {device(3), 0}})), encode(deliver(2, {{device(1), 0}})),
          encode(TakenOver{device(9), 1, 44})});
  EXPECT_EQ(first_.run(), 1u);
  EXPECT_EQ(second_.run(), 1u);
  ASSERT_EQ(batches_[0].size(), 1u);
  ASSERT_EQ(batches_[0][0].announced.size(), 2u);
  ASSERT_EQ(batches_[0][0].announced[0].targets.size(), 2u);
  EXPECT_EQ(batches_[0][0].announced[0].targets[1].user_agent, device(3));
  EXPECT_TRUE(batches_[0][0].taken_over.empty());
  ASSERT_EQ(batches_[1][0].announced.size(), 1u);
  EXPECT_EQ(batches_[1][0].announced[0].targets[0].user_agent, device(2));
  ASSERT_EQ(batches_[1][0].taken_over.size(), 1u);
  EXPECT_EQ(batches_[1][0].taken_over[0].connection, 44u);
}

TEST_F(ServerQueueConsumerTest, SettlesWhenTheLastShardHasItsShare) {
  arrive({encode(deliver(1, {{device(1), 0}, {device(2), 1}}))});
  first_.run();
  EXPECT_TRUE(queue_.consumer != nullptr);
  EXPECT_EQ(batches_[1].size(), 0u);
  EXPECT_EQ(settled_, 0);
  second_.run();
  EXPECT_EQ(settled_, 1);
}

TEST_F(ServerQueueConsumerTest, SkipsWhatItCannotRead) {
  arrive({"damaged", "", encode(TakenOver{device(1), 7, 1}), encode(deliver(2, {{device(1), 1}}))});
  EXPECT_EQ(first_.run(), 0u);
  EXPECT_EQ(second_.run(), 1u);
  ASSERT_EQ(batches_[1].size(), 1u);
  EXPECT_EQ(batches_[1][0].announced.size(), 1u);
  EXPECT_EQ(settled_, 1);
}

TEST_F(ServerQueueConsumerTest, TheFirstShardAnswersForThoseThatNoLongerExist) {
  arrive({encode(deliver(1, {{device(1), 7}}))});
  first_.run();
  ASSERT_EQ(batches_[0].size(), 1u);
  EXPECT_EQ(batches_[0][0].announced[0].targets[0].user_agent, device(1));
}

}  // namespace
}  // namespace herald::roles::user_agent_ws
