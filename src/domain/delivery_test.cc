#include "domain/delivery.h"

#include <gtest/gtest.h>

namespace herald {
namespace {

using enum DeliveryState;

TEST(DeliveryState, NothingReturnsToPending) {
  for (const auto from : {kSent, kAcked, kExpired, kReplaced, kCancelled, kDropped}) {
    EXPECT_FALSE(may_follow(from, kPending)) << to_string(from);
  }
}

TEST(DeliveryState, AnAckOverridesEverything) {
  for (const auto from : {kPending, kSent, kAcked, kExpired, kReplaced, kCancelled, kDropped}) {
    EXPECT_TRUE(may_follow(from, kAcked)) << to_string(from);
  }
}

TEST(DeliveryState, AFinalStateStays) {
  for (const auto from : {kAcked, kExpired, kReplaced, kCancelled, kDropped}) {
    EXPECT_TRUE(is_final(from));
    for (const auto to : {kSent, kExpired, kReplaced, kCancelled, kDropped}) {
      EXPECT_EQ(may_follow(from, to), from == to) << to_string(from) << " to " << to_string(to);
    }
  }
}

TEST(DeliveryState, AnOutstandingDeliveryCanEndInEveryWay) {
  for (const auto from : {kPending, kSent}) {
    EXPECT_FALSE(is_final(from));
    for (const auto to : {kSent, kAcked, kExpired, kReplaced, kCancelled, kDropped}) EXPECT_TRUE(may_follow(from, to));
  }
}

}  // namespace
}  // namespace herald
