#include "app/deadline_store.h"

#include <gtest/gtest.h>

#include <deque>

#include "adapters/in_memory/in_memory_store.h"
#include "app/health_check.h"
#include "app/silent_stores_test.h"

namespace herald::app {
namespace {

using std::chrono::milliseconds;

struct DeadlineStoreTest : testing::Test {
  ManualClock clock;
  SteppedTimers timers{clock};
  ManualExecutor loop;
  NullMetrics metrics;
  SilentStores stores;
  int stalls = 0;
  ports::StoreDeadline deadline{store_deadline(limits()), timers, clock, metrics, [this] { ++stalls; }};
  DeadlineStore store{stores, deadline};
  std::vector<Result<App>> found;
  std::vector<Result<Location>> located;

  static Limits limits() {
    Limits limits;
    limits.store_timeout_ms = 10'000;
    limits.store_overdue_max = 2;
    return limits;
  }
  void find() {
    store.find_app(AppId{}, Reply<Result<App>>(loop, [this](Result<App> app) { found.push_back(std::move(app)); }));
  }
  void set_location() {
    store.set_location(UserAgentId{}, {LocationKind::kWebSocket, "WS1", 0, 7}, std::nullopt,
                       Reply<Result<Location>>(loop, [this](auto before) { located.push_back(std::move(before)); }));
  }
  void pass(int ms) {
    timers.pass(milliseconds(ms));
    loop.run();
  }
  void answer() {
    stores.answer_all();
    loop.run();
  }
};

TEST_F(DeadlineStoreTest, AnswerInTimeIsPassedOnAndNothingElse) {
  find();
  pass(9'999);
  EXPECT_TRUE(found.empty());
  answer();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_TRUE(found[0].has_value());
  pass(60'000);
  EXPECT_EQ(found.size(), 1U);
  EXPECT_EQ(stalls, 0);
}

TEST_F(DeadlineStoreTest, CallThatIsNotAnsweredInTimeFailsAsUnavailableOnce) {
  find();
  pass(10'000);
  ASSERT_EQ(found.size(), 1U);
  ASSERT_FALSE(found[0].has_value());
  EXPECT_EQ(found[0].error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(deadline.overdue(), 1U);
  answer();
  EXPECT_EQ(found.size(), 1U) << "the late answer is nobody's";
  EXPECT_EQ(deadline.overdue(), 0U);
}

TEST_F(DeadlineStoreTest, EachCallHasItsOwnTime) {
  find();
  pass(6'000);
  find();
  pass(4'000);
  EXPECT_EQ(found.size(), 1U);
  pass(6'000);
  EXPECT_EQ(found.size(), 2U);
}

TEST_F(DeadlineStoreTest, StallIsToldWhenItBegins) {
  find();
  find();
  pass(10'000);
  EXPECT_EQ(stalls, 1);
  answer();
  find();
  pass(10'000);
  EXPECT_EQ(stalls, 2);
}

TEST_F(DeadlineStoreTest, TooManyOverdueCallsKeepFurtherOnesFromTheStore) {
  find();
  find();
  pass(10'000);
  find();
  loop.run();
  ASSERT_EQ(found.size(), 3U) << "at the limit: answered at once";
  EXPECT_EQ(stores.silent(), 2U);
  answer();
  find();
  EXPECT_EQ(stores.silent(), 1U) << "one less than the limit: asked";
}

TEST_F(DeadlineStoreTest, LocationThatIsWrittenLateIsTold) {
  std::vector<std::uint64_t> late;
  store.on_late_location(
      [&](const UserAgentId&, const Location& written, const Location&) { late.push_back(written.connection); });
  set_location();
  pass(10'000);
  ASSERT_EQ(located.size(), 1U);
  EXPECT_FALSE(located[0].has_value());
  answer();
  EXPECT_EQ(late, std::vector<std::uint64_t>{7});
  set_location();
  answer();
  EXPECT_EQ(late.size(), 1U);
}

TEST_F(DeadlineStoreTest, LeavingWaitsAsLongAsItTakes) {
  std::vector<Result<Location>> left;
  store.leave(UserAgentId{}, "WS1", 7, "UDP1",
              Reply<Result<Location>>(loop, [&](auto now) { left.push_back(std::move(now)); }));
  pass(60'000);
  EXPECT_TRUE(left.empty());
  answer();
  EXPECT_EQ(left.size(), 1U);
}

struct HealthCheckTest : testing::Test {
  ManualClock clock;
  SteppedTimers timers{clock};
  ManualExecutor loop;
  NullMetrics metrics;
  CountingLog log;
  Limits limits;
  SilentStores stores;
  NoQueue queue;
  operations::Health health{"1", clock};
  HealthCheck check{{stores, queue, health, limits, loop, timers, clock, log, metrics}};

  void SetUp() override {
    check.start();
    health.start_serving();
  }
  void pass(int ms) {
    for (int passed = 0; passed < ms; passed += 100) {
      timers.pass(milliseconds(100));
      if (answering) stores.answer_all();
      loop.run();
    }
  }
  bool answering = true;
};

TEST_F(HealthCheckTest, StoreThatDoesNotAnswerIsDegradedAfterItsTimeAndLoggedOnce) {
  pass(10'000);
  EXPECT_EQ(health.state(), operations::HealthState::kOk);
  answering = false;
  pass(5'000 + static_cast<int>(limits.store_timeout_ms));
  EXPECT_EQ(health.state(), operations::HealthState::kDegraded);
  pass(60'000);
  EXPECT_EQ(log.warnings, 1);
  EXPECT_EQ(health.state(), operations::HealthState::kDegraded);
  answering = true;
  pass(20'000);
  EXPECT_EQ(health.state(), operations::HealthState::kOk);
  EXPECT_EQ(log.warnings, 1);
}

TEST_F(HealthCheckTest, ClientThatWaitedInVainMakesItDegradedAtOnce) {
  pass(1'000);
  check.store_stalled();
  EXPECT_EQ(health.state(), operations::HealthState::kDegraded);
  pass(10'000);
  EXPECT_EQ(health.state(), operations::HealthState::kOk);
}

TEST_F(HealthCheckTest, ConditionOfTheStoreShowsAtOnce) {
  pass(1'000);
  stores.state.writable = false;
  EXPECT_EQ(health.state(), operations::HealthState::kDegraded);
  stores.state = {.writable = true, .unreadable_rows = 3};
  EXPECT_EQ(health.state(), operations::HealthState::kDegraded);
  EXPECT_NE(health.report().json.find("3 stored rows are damaged"), std::string::npos);
  stores.state = {};
  EXPECT_EQ(health.state(), operations::HealthState::kOk);
}

}  // namespace
}  // namespace herald::app
