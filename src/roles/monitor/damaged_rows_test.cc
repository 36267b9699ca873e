// One damaged row of the store holds up nothing but what it belongs to.

#include <gtest/gtest.h>

#include "roles/monitor/monitor.h"
#include "roles/monitor/test_world.h"

namespace herald::roles::monitor {
namespace {

struct DamagedRowsTest : testing::Test {
  TestWorld world;
  MonitorConfig config;
  std::unique_ptr<Monitor> monitor;

  DamagedRowsTest() {
    for (std::uint32_t n = 1; n <= 5; ++n) {
      world.nodes[app(1)].push_back(device(n));
      world.locations[device(n)] = {LocationKind::kWebSocket, "WS1", 0, n};
    }
  }
  void start() {
    monitor = std::make_unique<Monitor>(config, world.ports());
    monitor->start();
    world.loop.run();
  }
  void lose(std::uint8_t n) {
    Message lost;
    lost.id = message(n);
    lost.app = app(1);
    lost.expires_at = world.clock.wall() + std::chrono::hours(2);
    world.not_routed.push_back({lost.id, lost.app});
    world.messages[lost.id] = std::make_shared<const Message>(lost);
  }
};

TEST_F(DamagedRowsTest, DeviceWhoseLocationIsDamagedHoldsUpNoOther) {
  start();
  world.damaged_nodes.insert(device(3));
  world.announce({{message(1), app(1)}});
  ASSERT_EQ(world.published.size(), 1U);
  std::vector<UserAgentId> told;
  for (const auto& target : world.published[0].second.targets) told.push_back(target.user_agent);
  EXPECT_EQ(told, (std::vector{device(1), device(2), device(4), device(5)}));
  EXPECT_TRUE(monitor->idle());
}

TEST_F(DamagedRowsTest, OrphanThatCanNotBeTakenOverHoldsUpNoOther) {
  start();
  world.holds("WS1", LocationKind::kWebSocket, false);
  for (std::uint32_t n = 1; n <= 5; ++n) world.wakes[device(n)] = {"10.0.0.1", 5000};
  world.leave_fault = {1, {ErrorKind::kCorrupt, "damaged"}};
  world.announce({{message(1), app(1)}});
  std::size_t told = 0;
  for (const auto& [server, envelope] : world.published) told += envelope.targets.size();
  EXPECT_EQ(told, 4U);
  EXPECT_TRUE(monitor->idle());
}

TEST_F(DamagedRowsTest, WriteThatCanNeverSucceedIsLeftToTheSweep) {
  start();
  world.add_fault = {1, {ErrorKind::kInternal, "not understood"}};
  world.announce({{message(1), app(1)}});
  EXPECT_TRUE(monitor->idle()) << "no retry on the way of others";
  world.announce({{message(2), app(1)}});
  EXPECT_EQ(world.sent_to("WS1"), std::vector{2});
}

TEST_F(DamagedRowsTest, FirstSweepPassesOverADamagedMessage) {
  for (std::uint8_t n = 1; n <= 7; ++n) lose(n);
  world.damaged_messages.insert(message(4));
  start();
  EXPECT_EQ(world.sent_to("WS1"), (std::vector{1, 2, 3, 5, 6, 7}));
  EXPECT_EQ(world.count("subscribe"), 1U);
  EXPECT_TRUE(monitor->idle());
}

TEST_F(DamagedRowsTest, NewMessagesAreRoutedThoughTheListOfUnroutedOnesIsDamaged) {
  world.unrouted_fault = {1'000'000, {ErrorKind::kCorrupt, "damaged"}};
  start();
  EXPECT_EQ(world.count("subscribe"), 1U);
  world.announce({{message(1), app(1)}});
  EXPECT_EQ(world.sent_to("WS1"), std::vector{1});
}

}  // namespace
}  // namespace herald::roles::monitor
