#include "operations/drain.h"

#include <gtest/gtest.h>

namespace herald::operations {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr MonoTime kStart{5'000};

TEST(Drain, ClosesAtTheRateWhateverTheStep) {
  for (const int step_ms : {10, 33, 100, 1'000}) {
    Drain drain(500, seconds(30), kStart);
    std::uint64_t open = 10'000;
    for (int elapsed_ms = 0; elapsed_ms < 4'000; elapsed_ms += step_ms) {
      open -= drain.closes_due(kStart + milliseconds(elapsed_ms), open);
      EXPECT_EQ(10'000 - open, static_cast<std::uint64_t>(elapsed_ms) * 500 / 1'000) << step_ms;
    }
  }
}

TEST(Drain, ClosesNothingAtTheFirstInstant) {
  Drain drain(500, seconds(30), kStart);
  EXPECT_EQ(drain.closes_due(kStart, 100), 0U);
}

TEST(Drain, NeverClosesMoreThanIsOpen) {
  Drain drain(500, seconds(30), kStart);
  EXPECT_EQ(drain.closes_due(kStart + seconds(1), 3), 3U);
  EXPECT_EQ(drain.closes_due(kStart + seconds(2), 0), 0U);
}

TEST(Drain, ASlowRateStillMoves) {
  Drain drain(1, seconds(30), kStart);
  EXPECT_EQ(drain.closes_due(kStart + milliseconds(999), 5), 0U);
  EXPECT_EQ(drain.closes_due(kStart + milliseconds(1'000), 5), 1U);
  EXPECT_EQ(drain.closes_due(kStart + milliseconds(1'999), 4), 0U);
  EXPECT_EQ(drain.closes_due(kStart + milliseconds(3'500), 4), 2U);
}

TEST(Drain, TheDeadlineClosesTheRest) {
  Drain drain(1, seconds(30), kStart);
  const MonoTime before = kStart + milliseconds(29'999);
  EXPECT_EQ(drain.closes_due(before, 1'000), 29U);
  EXPECT_FALSE(drain.is_over(before, 971));
  EXPECT_EQ(drain.closes_due(kStart + seconds(30), 971), 971U);
  EXPECT_TRUE(drain.is_over(kStart + seconds(30), 971));
}

TEST(Drain, IsOverWhenNothingIsOpen) {
  Drain drain(500, seconds(30), kStart);
  EXPECT_TRUE(drain.is_over(kStart, 0));
  EXPECT_FALSE(drain.is_over(kStart, 1));
}

TEST(Drain, NoTimeClosesEverythingAtOnce) {
  Drain drain(500, seconds(0), kStart);
  EXPECT_EQ(drain.closes_due(kStart, 77), 77U);
  EXPECT_TRUE(drain.is_over(kStart, 77));
}

}  // namespace
}  // namespace herald::operations
