#include "app/loss_watch.h"

#include <gtest/gtest.h>

#include "app/silent_stores_test.h"

namespace herald::app {
namespace {

struct LossWatchTest : testing::Test {
  std::uint64_t queue_losses = 2;
  std::uint64_t store_losses = 1;
  int looked = 0;
  RecentAcks recent_acks{16};
  ManualClock clock;
  SteppedTimers timers{clock};
  NullLog log;
  UserAgentId device;
  MessageId message;
  LossWatch watch{[this] { return queue_losses + store_losses; }, [this] { ++looked; }, recent_acks, timers, log};

  void SetUp() override {
    watch.start();
    recent_acks.add(device, message);
  }
  void interval() { timers.pass(LossWatch::kInterval); }
  bool remembered() const { return recent_acks.contains(device, message); }
};

TEST_F(LossWatchTest, LossesBeforeTheStartChangeNothing) {
  for (int i = 0; i < 3; ++i) interval();
  EXPECT_TRUE(remembered());
  EXPECT_EQ(looked, 0);
}

TEST_F(LossWatchTest, AckThatTheStoreLostIsForgottenAndThenPendingDeliveriesAreRead) {
  ++store_losses;
  interval();
  EXPECT_FALSE(remembered()) << "else the repeat would be suppressed";
  EXPECT_EQ(looked, 0);
  interval();
  EXPECT_EQ(looked, 1);
  interval();
  EXPECT_EQ(looked, 1) << "once for each loss";
}

TEST_F(LossWatchTest, QueueAndStoreLossesCountAlike) {
  ++queue_losses;
  interval();
  interval();
  EXPECT_EQ(looked, 1);
  store_losses += 5;
  recent_acks.add(device, message);
  interval();
  interval();
  EXPECT_FALSE(remembered());
  EXPECT_EQ(looked, 2);
}

}  // namespace
}  // namespace herald::app
