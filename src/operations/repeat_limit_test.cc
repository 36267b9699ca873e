#include "operations/repeat_limit.h"

#include <gtest/gtest.h>

namespace herald::operations {
namespace {

using std::chrono::seconds;

constexpr MonoTime kStart{1'000};

TEST(RepeatLimit, LetsInAFewAndCountsTheRest) {
  RepeatLimit limit(2, seconds(10));
  EXPECT_EQ(limit.admit("a", kStart), 0U);
  EXPECT_EQ(limit.admit("a", kStart), 0U);
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(limit.admit("a", kStart + seconds(9)).has_value());
  EXPECT_EQ(limit.admit("a", kStart + seconds(10)), 5U);
  EXPECT_EQ(limit.admit("a", kStart + seconds(10)), 0U);
  EXPECT_FALSE(limit.admit("a", kStart + seconds(19)).has_value());
  EXPECT_EQ(limit.admit("a", kStart + seconds(20)), 1U);
}

TEST(RepeatLimit, EventsHaveAllowancesOfTheirOwn) {
  RepeatLimit limit(1, seconds(10));
  EXPECT_EQ(limit.admit("a", kStart), 0U);
  EXPECT_EQ(limit.admit("b", kStart), 0U);
  EXPECT_FALSE(limit.admit("a", kStart).has_value());
}

TEST(RepeatLimit, TellsWhatStayedOutOnce) {
  RepeatLimit limit(1, seconds(10));
  for (int i = 0; i < 4; ++i) (void)limit.admit("a", kStart);
  (void)limit.admit("b", kStart);
  EXPECT_EQ(limit.take_untold(), (std::map<std::string, std::uint64_t>{{"a", 3}}));
  EXPECT_TRUE(limit.take_untold().empty());
  EXPECT_EQ(limit.admit("a", kStart + seconds(10)), 0U);
}

TEST(RepeatLimit, RemembersABoundedNumberOfEvents) {
  RepeatLimit limit(1, seconds(10));
  std::size_t admitted = 0;
  for (int i = 0; i < 5'000; ++i) admitted += limit.admit("made up " + std::to_string(i), kStart) ? 1 : 0;
  EXPECT_EQ(admitted, 1'001U);
}

}  // namespace
}  // namespace herald::operations
