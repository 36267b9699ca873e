#include "app/relayed_timers.h"

#include <gtest/gtest.h>

#include <chrono>
#include <map>

namespace herald::app {
namespace {

using namespace std::chrono_literals;

// Runs what is due when told to.
class ManualTimers final : public TimerService {
 public:
  TimerId run_after(std::chrono::milliseconds delay, Task task) override {
    due_.emplace(delay, std::move(task));
    return ++last_;
  }
  void cancel(TimerId /*id*/) override {}
  void advance(std::chrono::milliseconds to) {
    while (!due_.empty() && due_.begin()->first <= to) due_.extract(due_.begin()).mapped()();
  }

 private:
  TimerId last_ = 0;
  std::multimap<std::chrono::milliseconds, Task> due_;
};

struct RelayedTimersTest : testing::Test {
  ManualExecutor loop;
  ManualTimers loop_timers;
  ManualExecutor home;
  RelayedTimers timers{loop, loop_timers, home};
};

TEST_F(RelayedTimersTest, TheTaskRunsWhereItBelongsWhenItsTimeHasCome) {
  int ran = 0;
  timers.run_after(20ms, [&] { ++ran; });
  loop.run();
  loop_timers.advance(19ms);
  EXPECT_TRUE(home.idle());
  loop_timers.advance(20ms);
  EXPECT_EQ(ran, 0) << "not on the loop that waited";
  home.run();
  EXPECT_EQ(ran, 1);
}

TEST_F(RelayedTimersTest, WhatIsCancelledNeverRuns) {
  int ran = 0;
  const TimerId first = timers.run_after(20ms, [&] { ran += 1; });
  timers.run_after(20ms, [&] { ran += 10; });
  loop.run();
  loop_timers.advance(20ms);
  timers.cancel(first);
  home.run();
  EXPECT_EQ(ran, 10) << "even if it was on its way";
  timers.cancel(first);
}

TEST_F(RelayedTimersTest, ATaskMayStartAnother) {
  int ran = 0;
  timers.run_after(20ms, [&] { timers.run_after(20ms, [&] { ++ran; }); });
  for (int i = 0; i < 2; ++i) {
    loop.run();
    loop_timers.advance(20ms);
    home.run();
  }
  EXPECT_EQ(ran, 1);
}

}  // namespace
}  // namespace herald::app
