// The sweep while ids are ahead of the time, since the clock was ahead before.

#include <gtest/gtest.h>

#include "domain/message_id_source.h"
#include "roles/monitor/monitor.h"
#include "roles/monitor/test_world.h"

namespace herald::roles::monitor {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

struct ClockAheadTest : testing::Test {
  TestWorld world;
  MonitorConfig config;
  SeededRandom random{1};
  MessageIdSource ids{world.clock, random};
  std::unique_ptr<Monitor> monitor;

  ClockAheadTest() {
    world.nodes[app(1)].push_back(device(1));
    world.locations[device(1)] = {LocationKind::kWebSocket, "WS1", 0, 1};
  }
  void start() {
    monitor = std::make_unique<Monitor>(config, world.ports());
    monitor->start();
    world.loop.run();
  }
  // Accepted, and its announcement lost.
  MessageId lose(const MessageId& id) {
    Message lost;
    lost.id = id;
    lost.app = app(1);
    lost.expires_at = world.clock.wall() + hours(48);
    world.not_routed.push_back({id, lost.app});
    world.messages[id] = std::make_shared<const Message>(lost);
    world.newest_id = id;
    return id;
  }
  void tick() {
    world.clock.advance(milliseconds(config.limits.sweep_interval_ms));
    ASSERT_TRUE(world.timers.fire());
    world.loop.run();
  }
  [[nodiscard]] std::vector<MessageId> sent() const {
    std::vector<MessageId> all;
    for (const auto& [server, envelope] : world.published) all.push_back(envelope.message);
    return all;
  }
};

MessageId a_day_ahead(std::uint8_t n) {
  MessageId id = first_id_at(ManualClock().wall() + hours(24));
  id.bytes[15] = n;
  return id;
}

TEST_F(ClockAheadTest, StartRoutesMessagesThatWereAcceptedWhileTheClockWasAhead) {
  const auto first = lose(a_day_ahead(1));
  const auto second = lose(a_day_ahead(2));
  start();
  EXPECT_EQ(sent(), (std::vector{first, second}));
  EXPECT_GT(world.swept_before.front(), made_at(second));
}

TEST_F(ClockAheadTest, StartDoesNotRunAfterMessagesThatComeMeanwhile) {
  const auto before = lose(a_day_ahead(1));
  const auto after = lose(a_day_ahead(2));
  world.newest_id = before;  // when it was asked for
  start();
  EXPECT_EQ(sent(), std::vector{before});
  EXPECT_EQ(world.count("subscribe"), 1U);
  world.newest_id = after;
}

TEST_F(ClockAheadTest, SweepComesToThemThoughTheClockWasSetRightMeanwhile) {
  start();
  const auto lost = lose(a_day_ahead(1));
  tick();
  EXPECT_TRUE(sent().empty()) << "young";
  for (std::uint64_t passed = 0; passed <= 2 * config.limits.sweep_age_ms; passed += config.limits.sweep_interval_ms) {
    tick();
  }
  EXPECT_EQ(sent(), std::vector{lost});
}

TEST_F(ClockAheadTest, MessagesPastThemAreStillYoung) {
  start();
  lose(a_day_ahead(1));
  for (std::uint64_t passed = 0; passed <= 2 * config.limits.sweep_age_ms; passed += config.limits.sweep_interval_ms) {
    tick();
  }
  const auto young = lose(a_day_ahead(2));
  tick();
  EXPECT_EQ(sent().size(), 1U) << young.hex();
}

}  // namespace
}  // namespace herald::roles::monitor
