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

}  // namespace
}  // namespace herald
