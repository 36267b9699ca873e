#include "transport/descriptor_reserve.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace herald::transport {
namespace {

// Sets the limits on open files, and back at the end. Nothing is opened meanwhile.
class LimitGuard {
 public:
  explicit LimitGuard(rlim_t soft) {
    getrlimit(RLIMIT_NOFILE, &before_);
    set(soft);
  }
  ~LimitGuard() { setrlimit(RLIMIT_NOFILE, &before_); }
  LimitGuard(const LimitGuard&) = delete;
  LimitGuard& operator=(const LimitGuard&) = delete;
  void set(rlim_t soft) const {
    const rlimit lowered{.rlim_cur = soft, .rlim_max = before_.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &lowered), 0);
  }
  [[nodiscard]] rlim_t hard() const { return before_.rlim_max; }

 private:
  rlimit before_{};
};

TEST(DescriptorReserve, CoversTheLastNumbersBelowTheLimit) {
  const LimitGuard guard(1'000);
  DescriptorReserve reserve(100);
  EXPECT_FALSE(reserve.covers(899));
  EXPECT_TRUE(reserve.covers(900));
  EXPECT_TRUE(reserve.covers(999));
}

TEST(DescriptorReserve, LeavesHalfOfASmallLimitToConnections) {
  const LimitGuard guard(200);
  DescriptorReserve reserve(640);
  EXPECT_FALSE(reserve.covers(99));
  EXPECT_TRUE(reserve.covers(100));
}

TEST(DescriptorReserve, TellsTheBeginningOfAShortageOnce) {
  const LimitGuard guard(1'000);
  DescriptorReserve reserve(200);
  EXPECT_TRUE(reserve.covers(800));
  EXPECT_TRUE(reserve.begins_shortage());
  EXPECT_TRUE(reserve.covers(800));
  EXPECT_FALSE(reserve.begins_shortage());
}

TEST(DescriptorReserve, TellsTheNextShortageOnlyAfterManyWereFree) {
  const LimitGuard guard(1'000);
  DescriptorReserve reserve(200);
  EXPECT_TRUE(reserve.covers(800));
  for (const int given : {50, 51}) {
    for (int i = 0; i < given; ++i) EXPECT_FALSE(reserve.covers(10)) << "an old connection has closed";
    EXPECT_TRUE(reserve.covers(800));
    EXPECT_EQ(reserve.begins_shortage(), given == 51) << "the 16th part of 800 was free, and one more";
  }
}

TEST(DescriptorReserve, SeesALimitThatWasRaisedMeanwhile) {
  const LimitGuard guard(200);
  DescriptorReserve reserve(50);
  EXPECT_TRUE(reserve.covers(150));
  guard.set(300);
  EXPECT_FALSE(reserve.covers(150));
}

TEST(RaiseDescriptorLimit, RaisesTheSoftLimitToTheHardOne) {
  const LimitGuard guard(200);
  EXPECT_EQ(raise_descriptor_limit(), guard.hard());
}

}  // namespace
}  // namespace herald::transport
