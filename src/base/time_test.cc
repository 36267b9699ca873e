#include "base/time.h"

#include <gtest/gtest.h>

namespace herald {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(WallTime, CountsInMilliseconds) {
  const WallTime start{1'000};
  EXPECT_EQ((start + seconds(2)).ms, 3'000);
  EXPECT_EQ((start - milliseconds(1)).ms, 999);
  EXPECT_EQ(WallTime{3'500} - start, milliseconds(2'500));
  EXPECT_LT(start, start + milliseconds(1));
}

TEST(MonoTime, CountsInNanoseconds) {
  const MonoTime start{5};
  EXPECT_EQ((start + milliseconds(1)).ns, 1'000'005);
  EXPECT_EQ((start + seconds(3)) - start, seconds(3));
}

TEST(ManualClock, StandsStillAndAdvancesBothTimesTogether) {
  ManualClock clock(WallTime{100});
  const MonoTime before = clock.mono();
  EXPECT_EQ(clock.wall().ms, 100);
  clock.advance(milliseconds(50));
  EXPECT_EQ(clock.wall().ms, 150);
  EXPECT_EQ(clock.mono() - before, milliseconds(50));
}

TEST(SystemClock, IsInOurTimeAndNeverSteps) {
  const SystemClock clock;
  EXPECT_GT(clock.wall().ms, 1'600'000'000'000);
  const MonoTime before = clock.mono();
  EXPECT_LE(before, clock.mono());
}

}  // namespace
}  // namespace herald
