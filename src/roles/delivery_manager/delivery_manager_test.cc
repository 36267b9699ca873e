#include "roles/delivery_manager/delivery_manager.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "protocol/queue/envelope.h"
#include "roles/delivery_manager/test_ports.h"

namespace herald::roles::delivery_manager {
namespace {

using std::chrono::milliseconds;

DeliveryEvent event(std::uint8_t message, DeliveryState state) {
  DeliveryEvent made;
  made.message.bytes[15] = message;
  made.user_agent.bytes[15] = 7;
  made.state = state;
  made.sent_at = {1'000};
  made.at = {2'000};
  return made;
}

std::string envelope(std::vector<DeliveryEvent> events) {
  return protocol::queue::encode(protocol::queue::Deliveries{std::move(events)});
}

struct DeliveryManagerTest : testing::Test {
  ManualExecutor loop;
  ManualTimers timers;
  ManualQueue queue;
  RecordingDeliveryStore store;
  NullLog log;
  NullMetrics metrics;
  DeliveryManager manager{{}, store, queue, loop, timers, log, metrics};

  void SetUp() override { manager.start(); }
  void answer(Result<std::uint64_t> with) {
    ASSERT_FALSE(store.calls.empty());
    auto call = std::move(store.calls.front());
    store.calls.pop_front();
    std::move(call.reply)(std::move(with));
    loop.run();
  }
};

TEST_F(DeliveryManagerTest, ReadsTheDeliveriesQueueWithItsCredit) {
  EXPECT_EQ(queue.name, "deliveries");
  EXPECT_EQ(queue.credit, 1'024U);
}

TEST_F(DeliveryManagerTest, RecordsAWholeBatchInOneCallAndSettlesAfterTheAnswer) {
  queue.deliver({envelope({event(1, DeliveryState::kSent), event(2, DeliveryState::kSent)}),
                 envelope({event(1, DeliveryState::kAcked)})});
  ASSERT_EQ(store.calls.size(), 1U);
  ASSERT_EQ(store.calls[0].events.size(), 3U);
  EXPECT_EQ(store.calls[0].events[0].message, event(1, DeliveryState::kSent).message);
  EXPECT_EQ(store.calls[0].events[2].state, DeliveryState::kAcked);
  EXPECT_EQ(store.calls[0].events[2].at, (WallTime{2'000}));
  EXPECT_EQ(queue.settled, 0);
  answer(3);
  EXPECT_EQ(queue.settled, 1);
  EXPECT_TRUE(manager.idle());
}

TEST_F(DeliveryManagerTest, KeepsOneWriteInFlightAndGathersTheRest) {
  queue.deliver({envelope({event(1, DeliveryState::kSent)})});
  queue.deliver({envelope({event(2, DeliveryState::kSent)})});
  queue.deliver({envelope({event(3, DeliveryState::kSent)})});
  ASSERT_EQ(store.calls.size(), 1U);
  answer(1);
  ASSERT_EQ(store.calls.size(), 1U);
  ASSERT_EQ(store.calls[0].events.size(), 2U);
  EXPECT_EQ(store.calls[0].events[0].message, event(2, DeliveryState::kSent).message);
  answer(2);
  EXPECT_EQ(queue.settled, 3);
}

TEST_F(DeliveryManagerTest, RepeatsAFailedWriteWithBackOffAndSettlesNothingMeanwhile) {
  queue.deliver({envelope({event(1, DeliveryState::kAcked)})});
  for (int i = 0; i < 8; ++i) {
    answer(fail(ErrorKind::kUnavailable, "disk full"));
    EXPECT_EQ(queue.settled, 0);
    timers.fire_next();
    ASSERT_EQ(store.calls.size(), 1U);
    EXPECT_EQ(store.calls[0].events.size(), 1U);
  }
  EXPECT_EQ(timers.delays,
            (std::vector{milliseconds(100), milliseconds(200), milliseconds(400), milliseconds(800),
                         milliseconds(1'600), milliseconds(3'200), milliseconds(5'000), milliseconds(5'000)}));
  answer(1);
  EXPECT_EQ(queue.settled, 1);
  queue.deliver({envelope({event(2, DeliveryState::kAcked)})});
  answer(fail(ErrorKind::kUnavailable, "disk full"));
  EXPECT_EQ(timers.delays.back(), milliseconds(100));
}

TEST_F(DeliveryManagerTest, LeavesOutADamagedEnvelope) {
  queue.deliver({"nonsense", envelope({event(1, DeliveryState::kAcked)})});
  ASSERT_EQ(store.calls[0].events.size(), 1U);
  answer(1);
  EXPECT_EQ(queue.settled, 1);
}

TEST_F(DeliveryManagerTest, RecordsWhatItTookAfterStop) {
  queue.deliver({envelope({event(1, DeliveryState::kAcked)})});
  queue.deliver({envelope({event(2, DeliveryState::kAcked)})});
  manager.stop();
  EXPECT_EQ(queue.ended, 1);
  EXPECT_FALSE(manager.idle());
  answer(1);
  answer(1);
  EXPECT_TRUE(manager.idle());
  EXPECT_EQ(queue.settled, 2);
}

// Answers every call as a store does in which the receipts of `damaged` can't be read. Returns what was recorded.
std::vector<int> recorded_around(DeliveryManagerTest& test, const std::set<int>& damaged, ErrorKind kind) {
  std::vector<int> recorded;
  while (!test.store.calls.empty() || !test.timers.tasks.empty()) {
    if (test.store.calls.empty()) test.timers.fire_next();
    std::vector<int> asked;
    for (const auto& one : test.store.calls.front().events) asked.push_back(one.message.bytes[15]);
    if (std::ranges::any_of(asked, [&](int n) { return damaged.contains(n); })) {
      test.answer(fail(kind, "receipt not readable"));
    } else {
      recorded.insert(recorded.end(), asked.begin(), asked.end());
      test.answer(asked.size());
    }
  }
  return recorded;
}

TEST_F(DeliveryManagerTest, SkipsEventsOfDamagedReceiptsAndRecordsAllOthersInOrder) {
  std::vector<DeliveryEvent> events;
  for (std::uint8_t n = 1; n <= 9; ++n) events.push_back(event(n, DeliveryState::kAcked));
  queue.deliver({envelope(events)});
  EXPECT_EQ(recorded_around(*this, {1, 6, 9}, ErrorKind::kCorrupt), (std::vector{2, 3, 4, 5, 7, 8}));
  EXPECT_EQ(queue.settled, 1);
  EXPECT_TRUE(timers.delays.empty()) << "the search waits for nothing";
  EXPECT_TRUE(manager.idle());
}

TEST_F(DeliveryManagerTest, AcksAreRecordedAfterADamagedReceipt) {
  queue.deliver({envelope({event(1, DeliveryState::kAcked)})});
  queue.deliver({envelope({event(2, DeliveryState::kAcked)})});
  EXPECT_EQ(recorded_around(*this, {1}, ErrorKind::kCorrupt), std::vector{2});
  EXPECT_EQ(queue.settled, 2);
}

TEST_F(DeliveryManagerTest, EventThatFailsForAnUnknownReasonIsTriedAFewTimesAndThenSkipped) {
  queue.deliver({envelope({event(1, DeliveryState::kAcked), event(2, DeliveryState::kAcked)})});
  EXPECT_EQ(recorded_around(*this, {1}, ErrorKind::kInternal), std::vector{2});
  EXPECT_EQ(timers.delays.size(), DeliveryManagerConfig{}.internal_attempts - 1);
  EXPECT_EQ(queue.settled, 1);
}

TEST_F(DeliveryManagerTest, LimitOfTheStoreIsWaitedFor) {
  queue.deliver({envelope({event(1, DeliveryState::kAcked)})});
  for (int i = 0; i < 20; ++i) {
    answer(fail(ErrorKind::kExhausted, "too many calls wait"));
    timers.fire_next();
  }
  answer(1);
  EXPECT_EQ(queue.settled, 1);
}

}  // namespace
}  // namespace herald::roles::delivery_manager
