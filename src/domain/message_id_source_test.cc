#include "domain/message_id_source.h"

#include <gtest/gtest.h>

namespace herald {
namespace {

TEST(MessageIdSource, IdsGrowEvenWhenTheClockStandsStillOrStepsBack) {
  ManualClock clock;
  SeededRandom random(1);
  MessageIdSource source(clock, random);
  MessageId last = source.next();
  for (int i = 0; i < 1000; ++i) {
    const MessageId next = source.next();
    EXPECT_LT(last, next);
    last = next;
    if (i == 500) clock.advance(std::chrono::milliseconds(-3'600'000));
  }
}

TEST(MessageIdSource, AnIdTellsWhenItWasMade) {
  ManualClock clock;
  SeededRandom random(1);
  MessageIdSource source(clock, random);
  const MessageId id = source.next();
  EXPECT_EQ(made_at(id), clock.wall());
  EXPECT_LE(first_id_at(clock.wall()), id);
  EXPECT_GT(first_id_at(clock.wall() + std::chrono::milliseconds(1)), id);
}

TEST(MessageIdSource, NewIdsFollowTheNewestOfTheStoreThoughTheClockWasAheadBefore) {
  ManualClock clock;
  SeededRandom random(1);
  clock.advance(std::chrono::hours(24));
  MessageIdSource ahead(clock, random);
  const MessageId newest = ahead.next();
  ManualClock right;
  MessageIdSource source(right, random);
  source.start_after(newest);
  MessageId last = newest;
  for (int i = 0; i < 3; ++i) {
    const MessageId next = source.next();
    EXPECT_GT(next, last);
    last = next;
  }
  source.start_after(MessageId{});
  EXPECT_GT(source.next(), last) << "a floor never goes down";
  right.advance(std::chrono::hours(48));
  EXPECT_EQ(made_at(source.next()), right.wall()) << "once the clock has caught up";
}

TEST(MessageIdSource, GreatestIdOfADamagedStoreLeavesIdsToGive) {
  ManualClock clock;
  SeededRandom random(1);
  MessageIdSource source(clock, random);
  MessageId damaged;
  damaged.bytes.fill(0xFF);
  source.start_after(damaged);
  const MessageId first = source.next();
  EXPECT_GT(source.next(), first);
}

}  // namespace
}  // namespace herald
