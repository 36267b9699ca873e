#include "transport/timer_wheel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace herald::transport {
namespace {

using namespace std::chrono_literals;

constexpr MonoTime kStart{123'456'789'012};
constexpr auto kTick = std::chrono::nanoseconds(1 << 24);

std::size_t run_due(TimerWheel& wheel, MonoTime now) {
  wheel.advance(now);
  std::size_t ran = 0;
  while (Task task = wheel.take_due()) {
    task();
    ++ran;
  }
  return ran;
}

TEST(TimerWheelTest, RunsNothingEarlyAndNothingMoreThanATickLate) {
  for (const std::chrono::nanoseconds delay :
       std::initializer_list<std::chrono::nanoseconds>{0ns, 1ns, 1ms, 17ms, 1s, 2s, 1min, 5min, 2h, 24h, 24h * 400}) {
    TimerWheel wheel(kStart);
    wheel.add(kStart + delay, [] {});
    EXPECT_EQ(run_due(wheel, kStart + (delay - 1ns)), 0U) << delay.count();
    EXPECT_EQ(run_due(wheel, kStart + delay + kTick * 2), 1U) << delay.count();
    EXPECT_EQ(wheel.size(), 0U);
  }
}

TEST(TimerWheelTest, RunsInTheOrderOfDeadlinesHoweverTimePasses) {
  for (const std::chrono::nanoseconds step : std::initializer_list<std::chrono::nanoseconds>{10ms, 700ms, 1min, 24h}) {
    TimerWheel wheel(kStart);
    std::vector<std::int64_t> order;
    std::uint64_t random = 42;
    MonoTime now = kStart;
    for (int i = 0; i < 1000; ++i) {
      random = random * 6364136223846793005U + 1442695040888963407U;
      const auto delay = std::chrono::nanoseconds(static_cast<std::int64_t>(random >> 27));  // up to 137 s
      wheel.add(kStart + delay, [&, delay] {
        EXPECT_GE(now, kStart + delay);
        order.push_back(delay / kTick);
      });
    }
    for (; now < kStart + 138s; now = now + step) run_due(wheel, now);
    run_due(wheel, now);
    EXPECT_EQ(order.size(), 1000U);
    // Equal but for the rounding to ticks.
    EXPECT_TRUE(std::ranges::is_sorted(order, [](auto a, auto b) { return a + 1 < b; }));
  }
}

TEST(TimerWheelTest, ACancelledTimerDoesNotRunAndItsTaskIsDestroyed) {
  TimerWheel wheel(kStart);
  const auto token = std::make_shared<int>(0);
  const TimerId id = wheel.add(kStart + 1s, [token] { FAIL(); });
  const TimerId other = wheel.add(kStart + 1s, [] {});
  wheel.cancel(id);
  EXPECT_EQ(token.use_count(), 1);
  wheel.cancel(id);
  wheel.cancel(0);
  wheel.cancel(12345);
  EXPECT_EQ(run_due(wheel, kStart + 2s), 1U);
  // The name of one that ran, whose place another has taken.
  wheel.add(kStart + 3s, [] {});
  wheel.cancel(other);
  EXPECT_EQ(run_due(wheel, kStart + 4s), 1U);
}

TEST(TimerWheelTest, ATaskMayCancelOneThatIsDueToo) {
  TimerWheel wheel(kStart);
  TimerId second = 0;
  wheel.add(kStart + 1s, [&] { wheel.cancel(second); });
  second = wheel.add(kStart + 1s, [] { FAIL(); });
  EXPECT_EQ(run_due(wheel, kStart + 2s), 1U);
}

TEST(TimerWheelTest, ATaskMayAddTimersAndTheyWait) {
  TimerWheel wheel(kStart);
  int ran = 0;
  wheel.add(kStart + 1s, [&] { wheel.add(kStart, [&] { ++ran; }); });
  EXPECT_EQ(run_due(wheel, kStart + 2s), 1U);
  EXPECT_EQ(ran, 0);
  EXPECT_EQ(run_due(wheel, kStart + 3s), 1U);
  EXPECT_EQ(ran, 1);
}

TEST(TimerWheelTest, SaysWhenToLookAgain) {
  TimerWheel wheel(kStart);
  EXPECT_EQ(wheel.next(), std::nullopt);
  const TimerId id = wheel.add(kStart + 90s, [] {});
  // Following next() from one time to the next reaches the timer in a few steps.
  int steps = 0;
  while (wheel.size() == 1 && steps < 10) {
    const MonoTime next = wheel.next().value();
    ASSERT_LE(next, kStart + 90s + kTick);
    run_due(wheel, next);
    ++steps;
  }
  EXPECT_LE(steps, 6);
  EXPECT_EQ(wheel.next(), std::nullopt);
  wheel.cancel(id);
}

}  // namespace
}  // namespace herald::transport
