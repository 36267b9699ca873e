#include "operations/health.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace herald::operations {
namespace {

TEST(Health, StartsServesAndDrainsWithTheStatusOfEach) {
  const ManualClock clock;
  Health health("0.1.0", clock);
  EXPECT_EQ(health.report().http_status, 503);
  EXPECT_EQ(health.report().json, R"({"status":"starting","version":"0.1.0","uptime_s":0,"components":{}})");
  health.start_serving();
  EXPECT_EQ(health.report().http_status, 200);
  EXPECT_EQ(health.report().json, R"({"status":"ok","version":"0.1.0","uptime_s":0,"components":{}})");
  health.start_draining();
  EXPECT_EQ(health.report().http_status, 503);
  EXPECT_EQ(health.report().json, R"({"status":"draining","version":"0.1.0","uptime_s":0,"components":{}})");
}

TEST(Health, ADrainHasNoWayBack) {
  const ManualClock clock;
  Health health("0.1.0", clock);
  health.start_draining();
  health.start_serving();
  EXPECT_EQ(health.state(), HealthState::kDraining);
}

TEST(Health, AComponentThatIsNotWellDegradesAndRecovers) {
  ManualClock clock;
  Health health("0.1.0", clock);
  health.start_serving();
  health.set_ok("store");
  health.set_not_ok("queue", "the \"broker\" is away");
  clock.advance(std::chrono::milliseconds(12'999));
  EXPECT_EQ(health.state(), HealthState::kDegraded);
  EXPECT_EQ(health.report().http_status, 200);
  EXPECT_EQ(health.report().json, R"({"status":"degraded","version":"0.1.0","uptime_s":12,"components":)"
                                  R"({"queue":{"ok":false,"reason":"the \"broker\" is away"},"store":{"ok":true}}})");
  health.set_ok("queue");
  EXPECT_EQ(health.state(), HealthState::kOk);
}

TEST(Health, NotWellWithoutAReasonIsStillNotWell) {
  const ManualClock clock;
  Health health("0.1.0", clock);
  health.start_serving();
  health.set_not_ok("store", "");
  EXPECT_EQ(health.state(), HealthState::kDegraded);
}

TEST(Health, BadComponentsDoNotHideThatItStartsOrDrains) {
  const ManualClock clock;
  Health health("0.1.0", clock);
  health.set_not_ok("store", "opening");
  EXPECT_EQ(health.state(), HealthState::kStarting);
  health.start_draining();
  EXPECT_EQ(health.state(), HealthState::kDraining);
}

TEST(Health, AnyThreadMaySpeak) {
  const ManualClock clock;
  Health health("0.1.0", clock);
  health.start_serving();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&health, name = std::to_string(i)] {
      for (int n = 0; n < 200; ++n) {
        health.set_not_ok(name, "busy");
        (void)health.report();
        health.set_ok(name);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(health.state(), HealthState::kOk);
}

TEST(Health, ShowsWhatItIsToldBesides) {
  ManualClock clock;
  Health health("0.1.0", clock);
  health.set_info("server", "WS1");
  health.set_info("roles", "\"all\"");
  EXPECT_EQ(health.report().json,
            R"({"status":"starting","version":"0.1.0","uptime_s":0,"roles":"\"all\"","server":"WS1","components":{}})");
}

TEST(Health, ProbeTellsHowAComponentIsAtThatMoment) {
  const ManualClock clock;
  Health health("1", clock);
  std::string reason;
  health.set_probe("store", [&reason] { return reason; });
  health.start_serving();
  EXPECT_EQ(health.state(), HealthState::kOk);
  EXPECT_THAT(health.report().json, testing::HasSubstr(R"("store":{"ok":true})"));
  reason = "full";
  EXPECT_EQ(health.state(), HealthState::kDegraded);
  EXPECT_THAT(health.report().json, testing::HasSubstr(R"("store":{"ok":false,"reason":"full"})"));
  health.set_ok("store");
  EXPECT_EQ(health.state(), HealthState::kDegraded) << "the probe goes first";
  reason.clear();
  health.set_not_ok("store", "slow");
  EXPECT_THAT(health.report().json, testing::HasSubstr("slow"));
  health.set_ok("store");
  EXPECT_EQ(health.state(), HealthState::kOk);
}

}  // namespace
}  // namespace herald::operations
