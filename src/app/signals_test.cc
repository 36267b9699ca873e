#include "app/signals.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <future>

namespace herald::app {
namespace {

// In a process of its own each, since signals are the process's. Exits with 0 if all went as it should.
template <class Body>
void in_child(Body body) {
  EXPECT_EXIT(
      {
        block_signals();
        body();
        std::_Exit(0);
      },
      testing::ExitedWithCode(0), "");
}

void expect(bool holds) {
  if (!holds) std::_Exit(1);
}

TEST(Signals, FirstIsATaskOfTheLoopAndTheSecondEndsThoughTheLoopIsBusy) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  in_child([] {
    const SystemClock clock;
    transport::EventLoop loop(clock);
    const auto signals = Signals::watch([] { std::_Exit(0); });
    expect(signals.has_value());
    (*signals)->deliver_to(loop, {.terminate =
                                      [] {
                                        ::kill(::getpid(), SIGTERM);
                                        ::pause();  // stuck for good
                                      },
                                  .reload = [] {}});
    ::kill(::getpid(), SIGTERM);
    loop.run();
    std::_Exit(1);
  });
}

TEST(Signals, HangUpIsATaskEachTime) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  in_child([] {
    const SystemClock clock;
    transport::EventLoop loop(clock);
    const auto signals = Signals::watch([] { std::_Exit(1); });
    int reloads = 0;
    (*signals)->deliver_to(loop, {.terminate = [] { std::_Exit(1); },
                                  .reload =
                                      [&] {
                                        if (++reloads == 3) return loop.stop();
                                        ::kill(::getpid(), SIGHUP);
                                      }});
    ::kill(::getpid(), SIGHUP);
    loop.run();
    expect(reloads == 3);
    (*signals)->stop_delivery();
  });
}

TEST(Signals, WithoutALoopTheFirstEnds) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  in_child([] {
    const auto signals = Signals::watch([] { std::_Exit(0); });
    ::kill(::getpid(), SIGINT);
    ::pause();
    std::_Exit(1);
  });
}

}  // namespace
}  // namespace herald::app
