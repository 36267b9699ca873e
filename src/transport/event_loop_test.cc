#include "transport/event_loop.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace herald::transport {
namespace {

using namespace std::chrono_literals;

// Two connected sockets.
struct Pair {
  Pair() { EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0); }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;
  ~Pair() {
    close(ends[0]);
    if (ends[1] >= 0) close(ends[1]);
  }
  void send() const { EXPECT_EQ(write(ends[1], "x", 1), 1); }
  void hang_up() {
    close(ends[1]);
    ends[1] = -1;
  }
  std::array<int, 2> ends{-1, -1};
};

class Recorder final : public IoHandler {
 public:
  void on_ready(bool readable, bool writable, bool hung_up) override {
    ++calls;
    was_readable = readable;
    was_writable = writable;
    was_hung_up = hung_up;
    if (then) then();
  }
  int calls = 0;
  bool was_readable = false;
  bool was_writable = false;
  bool was_hung_up = false;
  std::function<void()> then;
};

class EventLoopTest : public testing::Test {
 protected:
  void turn() { loop.run_once(0ms); }
  ManualClock clock;
  EventLoop loop{clock};
};

TEST_F(EventLoopTest, TellsOfReadingUntilItIsRead) {
  const Pair pair;
  Recorder recorder;
  ASSERT_TRUE(loop.watch(pair.ends[0], recorder).has_value());
  turn();
  EXPECT_EQ(recorder.calls, 0);
  pair.send();
  turn();
  turn();
  EXPECT_EQ(recorder.calls, 2);
  EXPECT_TRUE(recorder.was_readable);
  EXPECT_FALSE(recorder.was_writable);
  loop.unwatch(pair.ends[0]);
}

TEST_F(EventLoopTest, TellsOfWritingOnlyIfAsked) {
  const Pair pair;
  Recorder recorder;
  ASSERT_TRUE(loop.watch(pair.ends[0], recorder).has_value());
  loop.rewatch(pair.ends[0], recorder, true);
  turn();
  EXPECT_TRUE(recorder.was_writable);
  loop.rewatch(pair.ends[0], recorder, false);
  turn();
  EXPECT_EQ(recorder.calls, 1);
  loop.unwatch(pair.ends[0]);
}

TEST_F(EventLoopTest, WithoutInterestOnlyAHangUpIsTold) {
  Pair pair;
  Recorder recorder;
  ASSERT_TRUE(loop.watch(pair.ends[0], recorder).has_value());
  loop.rewatch(pair.ends[0], recorder, false, false);
  pair.send();
  turn();
  EXPECT_EQ(recorder.calls, 0);
  pair.hang_up();
  turn();
  EXPECT_TRUE(recorder.was_hung_up);
  EXPECT_FALSE(recorder.was_readable);
  loop.unwatch(pair.ends[0]);
}

TEST_F(EventLoopTest, AnUnwatchedHandlerIsNotCalledThoughItsEventWasReported) {
  const Pair one;
  const Pair two;
  Recorder first;
  Recorder second;
  first.then = [&] { loop.unwatch(two.ends[0]); };
  second.then = [&] { loop.unwatch(one.ends[0]); };
  ASSERT_TRUE(loop.watch(one.ends[0], first).has_value());
  ASSERT_TRUE(loop.watch(two.ends[0], second).has_value());
  one.send();
  two.send();
  turn();
  EXPECT_EQ(first.calls + second.calls, 1);
  loop.unwatch(first.calls == 1 ? one.ends[0] : two.ends[0]);
}

TEST_F(EventLoopTest, AnOldEventIsNotForTheDescriptorsNextOwner) {
  const Pair one;
  auto two = std::make_unique<Pair>();
  std::unique_ptr<Pair> three;
  Recorder first;
  Recorder second;
  Recorder third;
  const auto replace = [&] {
    if (three) return;
    loop.unwatch(two->ends[0]);
    two.reset();
    three = std::make_unique<Pair>();  // takes the numbers of `two`
    ASSERT_TRUE(loop.watch(three->ends[0], third).has_value());
  };
  first.then = replace;
  ASSERT_TRUE(loop.watch(one.ends[0], first).has_value());
  ASSERT_TRUE(loop.watch(two->ends[0], second).has_value());
  one.send();
  two->send();
  turn();
  EXPECT_EQ(third.calls, 0);
  loop.unwatch(one.ends[0]);
  loop.unwatch(three->ends[0]);
}

TEST_F(EventLoopTest, PostedTasksRunInOrderAndNeverInline) {
  std::string order;
  loop.post([&] {
    order += "a";
    loop.post([&] { order += "d"; });
    order += "b";
  });
  std::vector<Task> batch;
  batch.emplace_back([&] { order += "c"; });
  loop.post_batch(std::move(batch));
  EXPECT_EQ(order, "");
  turn();
  EXPECT_EQ(order, "abc");
  turn();
  EXPECT_EQ(order, "abcd");
}

TEST_F(EventLoopTest, APostedTaskEndsTheWait) {
  bool ran = false;
  loop.post([&] { ran = true; });
  loop.run_once(1h);
  EXPECT_TRUE(ran);
}

TEST_F(EventLoopTest, TimersFollowTheClock) {
  int ran = 0;
  loop.run_after(1s, [&] { ++ran; });
  const TimerId cancelled = loop.run_after(1s, [&] { ran += 100; });
  loop.cancel(cancelled);
  clock.advance(999ms);
  turn();
  EXPECT_EQ(ran, 0);
  clock.advance(20ms);
  turn();
  EXPECT_EQ(ran, 1);
}

TEST(EventLoopThreadTest, TakesTasksFromManyThreadsAndStops) {
  const SystemClock clock;
  EventLoop loop(clock);
  int ran = 0;
  std::vector<int> last(4, -1);
  std::thread runner([&] { loop.run(); });
  {
    std::vector<std::jthread> producers;
    for (std::size_t p = 0; p < last.size(); ++p) {
      producers.emplace_back([&, p] {
        for (int i = 0; i < 1000; ++i) {
          loop.post([&, p, i] {
            EXPECT_EQ(last[p], i - 1);
            last[p] = i;
            ++ran;
          });
        }
      });
    }
  }
  loop.post([&] { loop.stop(); });
  runner.join();
  EXPECT_EQ(ran, 4000);
}

TEST(EventLoopThreadTest, TimersRunOnARealClock) {
  const SystemClock clock;
  EventLoop loop(clock);
  loop.run_after(1ms, [&] { loop.stop(); });
  loop.run();
}

class CountingRoundEnd final : public RoundEnd {
 public:
  explicit CountingRoundEnd(std::function<void()> then) : then_(std::move(then)) {}
  void on_round_end() override {
    ++calls;
    then_();
  }
  int calls = 0;

 private:
  std::function<void()> then_;
};

TEST(EventLoopRoundEnd, ComesOnceAfterTheTasksOfTheRound) {
  const SystemClock clock;
  EventLoop loop(clock);
  int tasks = 0;
  CountingRoundEnd listener([&] { EXPECT_EQ(tasks, 2); });
  loop.post([&] {
    ++tasks;
    loop.call_at_round_end(listener);
  });
  loop.post([&] { ++tasks; });
  loop.run_once(0ms);
  loop.run_once(0ms);
  EXPECT_EQ(listener.calls, 1);
}

TEST(EventLoopRoundEnd, AskedForOutsideARoundItDoesNotWaitForAnEvent) {
  const SystemClock clock;
  EventLoop loop(clock);
  CountingRoundEnd listener([] {});
  loop.call_at_round_end(listener);
  loop.run_once(1h);
  EXPECT_EQ(listener.calls, 1);
}

TEST(EventLoopRoundEnd, MayBeTakenBackAndMayAskForAnother) {
  const SystemClock clock;
  EventLoop loop(clock);
  CountingRoundEnd taken_back([] {});
  loop.call_at_round_end(taken_back);
  loop.forget_round_end(taken_back);
  CountingRoundEnd second([] {});
  CountingRoundEnd first([&] { loop.call_at_round_end(second); });
  loop.call_at_round_end(first);
  loop.run_once(0ms);
  EXPECT_EQ(taken_back.calls, 0);
  EXPECT_EQ(first.calls, 1);
  EXPECT_EQ(second.calls, 1);
}

TEST(EventLoopRoundEnd, WhatIsToBeDoneBeforeSendingComesFirst) {
  const SystemClock clock;
  EventLoop loop(clock);
  int before = 0;
  CountingRoundEnd sending([&] { EXPECT_EQ(before, 2) << "and what it asks for itself"; });
  loop.post([&] {
    loop.call_at_round_end(sending);
    loop.post_before_sending([&] {
      ++before;
      loop.post_before_sending([&] { ++before; });
    });
    EXPECT_EQ(before, 0) << "not inline";
  });
  loop.run_once(0ms);
  EXPECT_EQ(sending.calls, 1);
}

TEST(EventLoopRoundEnd, WhatIsToBeDoneBeforeSendingDoesNotWaitForAnEvent) {
  const SystemClock clock;
  EventLoop loop(clock);
  bool done = false;
  loop.post_before_sending([&] { done = true; });
  loop.run_once(1h);
  EXPECT_TRUE(done);
}

TEST(EventLoopThreadTest, ATaskThatIsNeverRunIsDestroyed) {
  const SystemClock clock;
  const auto token = std::make_shared<int>(0);
  {
    EventLoop loop(clock);
    loop.post([token] { FAIL(); });
    loop.run_after(1h, [token] { FAIL(); });
    EXPECT_EQ(token.use_count(), 3);
  }
  EXPECT_EQ(token.use_count(), 1);
}

}  // namespace
}  // namespace herald::transport
