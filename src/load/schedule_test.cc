#include "load/schedule.h"

#include <gtest/gtest.h>

namespace herald::load {
namespace {

TEST(Schedule, StartsAreEvenlySpaced) {
  Schedule schedule(MonoTime{5'000}, 4);
  for (const std::int64_t ns : {5'000LL, 250'005'000LL, 500'005'000LL, 750'005'000LL}) {
    EXPECT_EQ(schedule.next().ns, ns);
    schedule.take();
  }
}

TEST(Schedule, DoesNotDriftOverAnHour) {
  Schedule schedule(MonoTime{0}, 30'000);
  for (int i = 0; i < 30'000 * 3600; ++i) schedule.take();
  EXPECT_EQ(schedule.next().ns, 3'600'000'000'000);
}

TEST(Schedule, WhatIsTakenLateKeepsItsTime) {
  Schedule schedule(MonoTime{0}, 1000);
  schedule.take();
  // The server stalls; five starts are overdue, and each keeps its own.
  for (int ms = 1; ms <= 5; ++ms) {
    EXPECT_EQ(schedule.next().ns, ms * 1'000'000);
    schedule.take();
  }
  EXPECT_EQ(schedule.taken(), 6U);
}

}  // namespace
}  // namespace herald::load
