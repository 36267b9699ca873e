#include "domain/wake_need.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace herald {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsNull;

constexpr WallTime kNow{1'000'000};

Limits limits() {
  Limits limits;
  limits.ping_gather_ms = 1'000;
  limits.ping_retry_first_ms = 2'000;
  limits.ping_retry_most_ms = 4'000;
  limits.ping_attempts = 4;
  return limits;
}

MessagePtr message(Priority priority, WallTime expires_at) {
  auto made = std::make_shared<Message>();
  made->priority = priority;
  made->expires_at = expires_at;
  return made;
}

TEST(WakeNeed, NothingPendingWakesNobody) {
  const WakeNeed need(kNow, limits());
  EXPECT_THAT(need.messages(), ElementsAre(IsNull(), IsNull()));
  EXPECT_FALSE(need.settled());
}

TEST(WakeNeed, PassiveMessagesWakeNobody) {
  WakeNeed need(kNow, limits());
  need.add(message(Priority::kPassive, kNow + seconds(100)));
  EXPECT_THAT(need.messages(), ElementsAre(IsNull(), IsNull()));
}

TEST(WakeNeed, KeepsTheLastToExpireOfEachPriority) {
  WakeNeed need(kNow, limits());
  const auto urgent = message(Priority::kRealTime, kNow + seconds(5));
  const auto gathered = message(Priority::kGathered, kNow + seconds(90));
  need.add(message(Priority::kGathered, kNow + seconds(80)));
  need.add(urgent);
  need.add(gathered);
  need.add(message(Priority::kRealTime, kNow + seconds(4)));
  EXPECT_THAT(need.messages(), ElementsAre(urgent, gathered));
}

// A gathered one may still be joined by one that wakes at once; a short one by one for which pings go on.
TEST(WakeNeed, SettledByAnUrgentMessageThatOutlastsAllPings) {
  WakeNeed need(kNow, limits());
  need.add(message(Priority::kGathered, kNow + seconds(1'000)));
  EXPECT_FALSE(need.settled());
  // Twice the gathering and the waits of 2, 4 and 4 seconds between the pings.
  need.add(message(Priority::kRealTime, kNow + std::chrono::milliseconds(21'999)));
  EXPECT_FALSE(need.settled());
  need.add(message(Priority::kRealTime, kNow + std::chrono::milliseconds(22'000)));
  EXPECT_TRUE(need.settled());
}

}  // namespace
}  // namespace herald
