#include "roles/monitor/monitor.h"

#include <gtest/gtest.h>

#include "roles/monitor/test_world.h"

namespace herald::roles::monitor {
namespace {

using std::chrono::milliseconds;

Location on(LocationKind kind, const ServerId& server, std::uint32_t shard = 0) {
  return {kind, server, shard, 1};
}

struct MonitorTest : testing::Test {
  TestWorld world;
  MonitorConfig config;
  std::unique_ptr<Monitor> monitor;

  void start() {
    monitor = std::make_unique<Monitor>(config, world.ports());
    monitor->start();
    world.loop.run();
    world.trace.clear();
  }
  void put_device(std::uint8_t of, std::uint32_t n, const Location& location) {
    world.nodes[app(of)].push_back(device(n));
    world.locations[device(n)] = location;
  }
};

TEST_F(MonitorTest, WritesTheDeliveriesBeforeItLooksWhereTheDevicesAre) {
  put_device(1, 1, on(LocationKind::kWebSocket, "WS1"));
  start();
  world.hold_add = true;
  world.announce({{message(1), app(1)}});
  EXPECT_EQ(world.trace, (std::vector<std::string>{"nodes_of", "add"}));
  world.release();
  EXPECT_EQ(world.trace, (std::vector<std::string>{"nodes_of", "add", "locate", "publish WS1"}));
}

TEST_F(MonitorTest, TellsEachServerThatHoldsADevice) {
  put_device(1, 1, on(LocationKind::kWebSocket, "WS1", 3));
  put_device(1, 2, on(LocationKind::kSleeping, "UDP1"));
  put_device(1, 3, on(LocationKind::kDisconnected, ""));
  put_device(1, 4, on(LocationKind::kWebSocket, "WS1", 1));
  start();
  world.announce({{message(1), app(1)}});
  ASSERT_EQ(world.published.size(), 2U);
  const auto& [udp, to_udp] = world.published[0];
  const auto& [ws, to_ws] = world.published[1];
  EXPECT_EQ(udp, "UDP1");
  EXPECT_EQ(ws, "WS1");
  ASSERT_EQ(to_udp.targets.size(), 1U);
  EXPECT_EQ(to_udp.targets[0].user_agent, device(2));
  ASSERT_EQ(to_ws.targets.size(), 2U);
  EXPECT_EQ(to_ws.targets[0].user_agent, device(1));
  EXPECT_EQ(to_ws.targets[0].shard, 3U);
  EXPECT_EQ(to_ws.targets[1].user_agent, device(4));
  EXPECT_EQ(to_ws.message, message(1));
  EXPECT_EQ(to_ws.app, app(1));
  EXPECT_EQ(to_ws.priority, Priority::kRealTime);
  EXPECT_EQ(to_ws.expires_at, world.clock.wall() + std::chrono::hours(1));
  ASSERT_EQ(world.adds.size(), 1U);
  EXPECT_EQ(world.adds[0][0].user_agents.size(), 4U);
  EXPECT_TRUE(world.adds[0][0].last_page);
}

TEST_F(MonitorTest, RoutesABatchWithOneLookAndOneWrite) {
  put_device(1, 1, on(LocationKind::kWebSocket, "WS1"));
  put_device(2, 2, on(LocationKind::kWebSocket, "WS1"));
  start();
  world.announce({{message(1), app(1)}, {message(2), app(2)}, {message(3), app(1)}});
  EXPECT_EQ(world.trace, (std::vector<std::string>{"nodes_of", "nodes_of", "add", "locate", "publish WS1"}));
  EXPECT_EQ(world.adds[0].size(), 3U);
  EXPECT_EQ(world.settled, 1);
}

TEST_F(MonitorTest, SettlesTheBatchAfterThePublishesWereAnswered) {
  put_device(1, 1, on(LocationKind::kWebSocket, "WS1"));
  start();
  world.hold_publish = true;
  world.announce({{message(1), app(1)}});
  EXPECT_EQ(world.settled, 0);
  world.release();
  EXPECT_EQ(world.settled, 1);
  EXPECT_TRUE(monitor->idle());
}

TEST_F(MonitorTest, KeepsOneRoundInFlight) {
  put_device(1, 1, on(LocationKind::kWebSocket, "WS1"));
  start();
  world.hold_add = true;
  world.announce({{message(1), app(1)}});
  world.announce({{message(2), app(1)}});
  world.announce({{message(3), app(1)}});
  EXPECT_EQ(world.adds.size(), 1U);
  world.release();
  EXPECT_EQ(world.adds.size(), 2U);
  EXPECT_EQ(world.sent_to("WS1"), (std::vector{1, 2, 3}));
  EXPECT_EQ(world.settled, 3);
}

TEST_F(MonitorTest, MarksAMessageWithoutDevicesAsRouted) {
  start();
  world.announce({{message(1), app(9)}});
  ASSERT_EQ(world.adds.size(), 1U);
  EXPECT_TRUE(world.adds[0][0].last_page);
  EXPECT_TRUE(world.published.empty());
  EXPECT_EQ(world.settled, 1);
}

TEST_F(MonitorTest, WalksALargeAppPageByPage) {
  config.limits.route_page = 10;
  for (std::uint32_t n = 1; n <= 25; ++n) put_device(1, n, on(LocationKind::kWebSocket, "WS1"));
  start();
  world.announce({{message(1), app(1)}});
  ASSERT_EQ(world.adds.size(), 4U);
  for (const std::size_t page : {0, 1, 2}) EXPECT_FALSE(world.adds[page][0].last_page);
  EXPECT_EQ(world.adds[2][0].user_agents.size(), 5U);
  EXPECT_TRUE(world.adds[3][0].last_page);
  EXPECT_TRUE(world.adds[3][0].user_agents.empty());
  EXPECT_EQ(world.published.size(), 3U);
}

// Its place in newMessages is settled after the first page: what ends this process before the last device was told
// leaves it to the sweep.
TEST_F(MonitorTest, AMessageOfALargeAppIsRoutedOnceItsLastDeviceWasTold) {
  config.limits.route_page = 10;
  for (std::uint32_t n = 1; n <= 15; ++n) put_device(1, n, on(LocationKind::kWebSocket, "WS1"));
  start();
  world.trace.clear();
  world.announce({{message(1), app(1)}});
  const auto last_add = std::ranges::find(world.trace.rbegin(), world.trace.rend(), "add");
  const auto last_look = std::ranges::find(world.trace.rbegin(), world.trace.rend(), "locate");
  EXPECT_LT(last_add, last_look) << "from the end";
  EXPECT_TRUE(world.adds.back()[0].last_page);
  for (std::size_t i = 0; i + 1 < world.adds.size(); ++i) EXPECT_FALSE(world.adds[i][0].last_page);
}

TEST_F(MonitorTest, ASmallAppDoesNotWaitForAllPagesOfALargeOne) {
  config.limits.route_page = 2;
  for (std::uint32_t n = 1; n <= 20; ++n) put_device(1, n, on(LocationKind::kWebSocket, "WS1"));
  put_device(2, 99, on(LocationKind::kWebSocket, "WS2"));
  start();
  world.hold_add = true;
  world.announce({{message(1), app(1)}});
  world.announce({{message(2), app(2)}});
  world.release();
  ASSERT_GE(world.adds.size(), 2U);
  ASSERT_EQ(world.adds[1].size(), 2U);
  EXPECT_EQ(world.adds[1][1].message, message(2));
  EXPECT_EQ(world.adds.size(), 11U);
}

TEST_F(MonitorTest, AnEarlierMessageReachesEachDeviceOfALargeAppFirst) {
  config.limits.route_page = 2;
  for (std::uint32_t n = 1; n <= 9; ++n) put_device(1, n, on(LocationKind::kWebSocket, "WS1"));
  start();
  world.hold_add = true;
  world.announce({{message(1), app(1)}});
  world.announce({{message(2), app(1)}});
  world.release();
  std::map<UserAgentId, std::vector<int>> received;
  for (const auto& [queue, envelope] : world.published) {
    for (const auto& target : envelope.targets) received[target.user_agent].push_back(envelope.message.bytes[15]);
  }
  ASSERT_EQ(received.size(), 9U);
  for (const auto& [id, order] : received) EXPECT_EQ(order, (std::vector{1, 2}));
}

TEST_F(MonitorTest, BoundsTheTargetsOfAnEnvelopeAndTheSizeOfAWrite) {
  config.targets_per_envelope = 3;
  config.deliveries_per_write = 8;
  for (std::uint32_t n = 1; n <= 7; ++n) put_device(1, n, on(LocationKind::kWebSocket, "WS1"));
  start();
  world.announce({{message(1), app(1)}, {message(2), app(1)}});
  EXPECT_EQ(world.adds.size(), 2U);
  ASSERT_EQ(world.published.size(), 6U);
  for (const auto& [queue, envelope] : world.published) EXPECT_LE(envelope.targets.size(), 3U);
  EXPECT_EQ(world.sent_to("WS1"), (std::vector{1, 1, 1, 2, 2, 2}));
}

TEST_F(MonitorTest, WaitsForAStoreThatIsAwayAndLosesNothing) {
  put_device(1, 1, on(LocationKind::kWebSocket, "WS1"));
  start();
  world.timers.waiting.clear();
  world.nodes_fault.failures = 2;
  world.add_fault.failures = 2;
  world.locate_fault.failures = 2;
  world.announce({{message(1), app(1)}});
  std::vector<milliseconds> delays;
  while (world.published.empty() && !world.timers.waiting.empty()) {
    EXPECT_EQ(world.settled, 0);
    delays.push_back(world.timers.waiting.front().delay);
    world.timers.fire();
    world.loop.run();
  }
  EXPECT_EQ(delays, (std::vector{milliseconds(100), milliseconds(200), milliseconds(400), milliseconds(800),
                                 milliseconds(100), milliseconds(200)}));
  EXPECT_EQ(world.sent_to("WS1"), (std::vector{1}));
  EXPECT_EQ(world.settled, 1);
}

TEST_F(MonitorTest, AnAppThatCanNotBeReadIsLeftToTheSweepAndHoldsUpNobody) {
  put_device(2, 2, on(LocationKind::kWebSocket, "WS1"));
  world.damaged_apps[app(1)] = Error{ErrorKind::kCorrupt, "damaged"};
  start();
  world.announce({{message(1), app(1)}, {message(2), app(2)}});
  ASSERT_EQ(world.adds.size(), 1U);
  ASSERT_EQ(world.adds[0].size(), 1U);
  EXPECT_EQ(world.adds[0][0].message, message(2));
  EXPECT_EQ(world.sent_to("WS1"), (std::vector{2}));
  EXPECT_EQ(world.settled, 1);
  EXPECT_TRUE(monitor->idle());
}

TEST_F(MonitorTest, GivesAnExpiredMessageToNoDevice) {
  put_device(1, 1, on(LocationKind::kWebSocket, "WS1"));
  start();
  world.announce_bodies({protocol::queue::encode(
      protocol::queue::NewMessage{message(1), app(1), Priority::kRealTime, world.clock.wall()})});
  ASSERT_EQ(world.adds.size(), 1U);
  EXPECT_TRUE(world.adds[0][0].user_agents.empty());
  EXPECT_TRUE(world.published.empty());
}

TEST_F(MonitorTest, LeavesOutADamagedEnvelope) {
  put_device(1, 1, on(LocationKind::kWebSocket, "WS1"));
  start();
  world.announce_bodies({"nonsense"});
  EXPECT_TRUE(world.adds.empty());
  EXPECT_EQ(world.settled, 1);
}

// A server whose queue refuses what is for it.

TEST_F(MonitorTest, LooksAgainForDevicesWhoseServerDidNotTakeTheirEnvelope) {
  put_device(1, 1, on(LocationKind::kWebSocket, "WS1"));
  start();
  world.timers.waiting.clear();
  world.refuse_publish["WS1"] = 1;
  world.announce({{message(1), app(1)}});
  EXPECT_EQ(world.settled, 0) << "another monitor goes on should this process end";
  EXPECT_TRUE(world.published.empty());
  world.locations[device(1)] = on(LocationKind::kWebSocket, "WS2");
  ASSERT_TRUE(world.timers.fire());
  world.loop.run();
  EXPECT_EQ(world.sent_to("WS2"), (std::vector{1}));
  EXPECT_EQ(world.settled, 1);
  EXPECT_TRUE(world.timers.waiting.empty());
}

TEST_F(MonitorTest, AQueueThatTakesNothingForLongHoldsUpNoMoreThanItsShare) {
  config.unsettled_max = 2;
  put_device(1, 1, on(LocationKind::kWebSocket, "WS1"));
  put_device(2, 2, on(LocationKind::kWebSocket, "WS2"));
  start();
  world.timers.waiting.clear();
  world.refuse_publish["WS1"] = 1;
  world.announce({{message(1), app(1)}});
  world.announce({{message(2), app(2)}});
  EXPECT_EQ(world.settled, 0) << "at the limit";
  world.announce({{message(3), app(2)}});
  EXPECT_EQ(world.settled, 1) << "past it the oldest goes";
  while (world.timers.fire()) world.loop.run();
  EXPECT_EQ(world.settled, 3);
}

TEST_F(MonitorTest, ALargeAppsMessageIsNotRoutedWhileAServerDidNotTakeItsPart) {
  config.limits.route_page = 1;
  put_device(1, 1, on(LocationKind::kWebSocket, "WS1"));
  put_device(1, 2, on(LocationKind::kWebSocket, "WS2"));
  start();
  world.timers.waiting.clear();
  world.refuse_publish["WS2"] = 1;
  world.announce({{message(1), app(1)}});
  ASSERT_EQ(world.adds.size(), 2U);
  EXPECT_FALSE(world.adds[1][0].last_page);
  while (world.timers.fire()) world.loop.run();
  ASSERT_EQ(world.adds.size(), 3U);
  EXPECT_TRUE(world.adds[2][0].last_page);
  EXPECT_EQ(world.sent_to("WS2"), (std::vector{1}));
}

TEST_F(MonitorTest, LaterEnvelopesWaitBehindRefusedOnesOfTheSameServerOnly) {
  put_device(1, 1, on(LocationKind::kWebSocket, "WS1"));
  put_device(2, 2, on(LocationKind::kWebSocket, "WS2"));
  start();
  world.timers.waiting.clear();
  world.refuse_publish["WS1"] = 3;
  world.announce({{message(1), app(1)}});
  world.announce({{message(2), app(1)}, {message(3), app(2)}});
  EXPECT_EQ(world.sent_to("WS2"), (std::vector{3}));
  EXPECT_TRUE(world.sent_to("WS1").empty());
  std::vector<milliseconds> delays;
  while (!world.timers.waiting.empty()) {
    delays.push_back(world.timers.waiting.front().delay);
    world.timers.fire();
    world.loop.run();
  }
  EXPECT_EQ(delays, (std::vector{milliseconds(100), milliseconds(200), milliseconds(400)}));
  EXPECT_EQ(world.sent_to("WS1"), (std::vector{1, 2}));
}

TEST_F(MonitorTest, KeepsABoundedNumberOfRefusedEnvelopes) {
  config.backlog_max = 2;
  put_device(1, 1, on(LocationKind::kWebSocket, "WS1"));
  start();
  world.timers.waiting.clear();
  world.refuse_publish["WS1"] = 1;
  world.announce({{message(1), app(1)}, {message(2), app(1)}, {message(3), app(1)}});
  world.announce({{message(4), app(1)}});
  while (world.timers.fire()) world.loop.run();
  EXPECT_EQ(world.sent_to("WS1"), (std::vector{1, 2}));
}

TEST_F(MonitorTest, ForgetsARefusedEnvelopeWhenItsMessageExpires) {
  put_device(1, 1, on(LocationKind::kWebSocket, "WS1"));
  start();
  world.timers.waiting.clear();
  world.refuse_publish["WS1"] = 1;
  world.announce({{message(1), app(1)}});
  world.clock.advance(std::chrono::hours(1));
  while (world.timers.fire()) world.loop.run();
  EXPECT_TRUE(world.published.empty());
  EXPECT_EQ(world.settled, 1);
}

// The sweep.

struct SweepTest : MonitorTest {
  void lose(std::uint8_t n, std::uint8_t of, Priority priority) {
    Message lost;
    lost.id = message(n);
    lost.app = app(of);
    lost.priority = priority;
    lost.expires_at = world.clock.wall() + std::chrono::hours(2);
    world.not_routed.push_back({lost.id, lost.app});
    world.messages[lost.id] = std::make_shared<const Message>(lost);
  }
  // Runs the sweep timer once.
  void tick() {
    world.clock.advance(milliseconds(config.limits.sweep_interval_ms));
    ASSERT_TRUE(world.timers.fire());
    world.loop.run();
  }
};

TEST_F(SweepTest, RoutesOnStartWhatAnEarlierRunLeftAndOnlyThenTakesFromTheQueue) {
  config.sweep_page = 2;
  put_device(1, 1, on(LocationKind::kSleeping, "UDP1"));
  for (std::uint8_t n = 1; n <= 5; ++n) lose(n, 1, Priority::kGathered);
  monitor = std::make_unique<Monitor>(config, world.ports());
  monitor->start();
  EXPECT_FALSE(monitor->idle());
  world.loop.run();
  EXPECT_EQ(world.sent_to("UDP1"), (std::vector{1, 2, 3, 4, 5}));
  EXPECT_EQ(world.published[0].second.priority, Priority::kGathered);
  EXPECT_EQ(world.published[0].second.expires_at, world.clock.wall() + std::chrono::hours(2));
  EXPECT_EQ(world.swept_before.front(), world.clock.wall());
  const auto subscribed = std::find(world.trace.begin(), world.trace.end(), "subscribe");
  ASSERT_NE(subscribed, world.trace.end());
  EXPECT_EQ(std::find(subscribed, world.trace.end(), "publish UDP1"), world.trace.end());
}

TEST_F(SweepTest, LaterLooksOnlyForMessagesPastTheSweepAge) {
  put_device(1, 1, on(LocationKind::kWebSocket, "WS1"));
  start();
  lose(7, 1, Priority::kRealTime);
  tick();
  EXPECT_EQ(world.swept_before.back(), world.clock.wall() - milliseconds(config.limits.sweep_age_ms));
  EXPECT_EQ(world.sent_to("WS1"), (std::vector{7}));
}

TEST_F(SweepTest, TriesTheFirstSweepUntilTheStoreAnswers) {
  put_device(1, 1, on(LocationKind::kWebSocket, "WS1"));
  lose(1, 1, Priority::kRealTime);
  world.unrouted_fault.failures = 2;
  world.fetch_fault.failures = 1;
  monitor = std::make_unique<Monitor>(config, world.ports());
  monitor->start();
  world.loop.run();
  for (const auto delay : {milliseconds(100), milliseconds(200), milliseconds(400)}) {
    EXPECT_EQ(world.count("subscribe"), 0U);
    ASSERT_FALSE(world.timers.waiting.empty());
    EXPECT_EQ(world.timers.waiting.front().delay, delay);
    world.timers.fire();
    world.loop.run();
  }
  EXPECT_EQ(world.sent_to("WS1"), (std::vector{1}));
  EXPECT_EQ(world.count("subscribe"), 1U);
}

TEST_F(SweepTest, DoesNotRouteAgainWhatTheQueueBringsAfterTheSweep) {
  put_device(1, 1, on(LocationKind::kWebSocket, "WS1"));
  lose(1, 1, Priority::kRealTime);
  start();
  world.announce({{message(1), app(1)}, {message(2), app(1)}});
  EXPECT_EQ(world.sent_to("WS1"), (std::vector{1, 2}));
}

TEST_F(SweepTest, LeavesAloneWhatIsBeingRouted) {
  put_device(1, 1, on(LocationKind::kWebSocket, "WS1"));
  start();
  lose(1, 1, Priority::kRealTime);
  world.hold_publish = true;
  world.announce({{message(1), app(1)}});
  world.not_routed.push_back({message(1), app(1)});
  tick();
  world.release();
  EXPECT_EQ(world.sent_to("WS1"), (std::vector{1}));
}

TEST_F(SweepTest, MarksAMessageThatHasEndedWithoutDelivery) {
  put_device(1, 1, on(LocationKind::kWebSocket, "WS1"));
  world.not_routed.push_back({message(1), app(1)});
  start();
  ASSERT_FALSE(world.adds.empty());
  for (const auto& add : world.adds) EXPECT_TRUE(add[0].user_agents.empty());
  EXPECT_TRUE(world.adds.back()[0].last_page);
  EXPECT_TRUE(world.published.empty());
}

TEST_F(SweepTest, MarksAFoundMessageAsRoutedOnceEverybodyWasTold) {
  put_device(1, 1, on(LocationKind::kWebSocket, "WS1"));
  lose(1, 1, Priority::kRealTime);
  world.refuse_publish["WS1"] = 1;
  start();
  ASSERT_EQ(world.adds.size(), 1U);
  EXPECT_FALSE(world.adds[0][0].last_page);
  while (world.adds.size() < 2 && world.timers.fire()) world.loop.run();
  ASSERT_EQ(world.adds.size(), 2U);
  EXPECT_TRUE(world.adds[1][0].last_page);
  EXPECT_EQ(world.sent_to("WS1"), (std::vector{1}));
}

TEST_F(SweepTest, PurgesUntilNothingIsLeftOrTheTickHasHadItsShare) {
  config.purges_per_tick = 4;
  start();
  EXPECT_EQ(world.count("purge"), 0U);
  world.purges_left = 3;
  tick();
  EXPECT_EQ(world.count("purge"), 3U);
  world.trace.clear();
  world.purges_left = 100;
  tick();
  EXPECT_EQ(world.count("purge"), 4U);
}

TEST_F(SweepTest, GoesOnAfterAFailedSweepOrPurge) {
  put_device(1, 1, on(LocationKind::kWebSocket, "WS1"));
  start();
  world.purge_fault.failures = 1;
  world.unrouted_fault.failures = 1;
  lose(1, 1, Priority::kRealTime);
  tick();
  EXPECT_TRUE(world.published.empty());
  tick();
  EXPECT_EQ(world.count("purge"), 2U);
  EXPECT_EQ(world.sent_to("WS1"), (std::vector{1}));
}

TEST_F(SweepTest, StopsWithNothingLeftInFlight) {
  start();
  monitor->stop();
  EXPECT_TRUE(monitor->idle());
  EXPECT_TRUE(world.timers.waiting.empty());
}

TEST_F(MonitorTest, AsksLessOfAStoreThatHadNoTimeForAll) {
  put_device(1, 1, on(LocationKind::kWebSocket, "WS1"));
  start();
  world.add_fault.failures = 2;
  world.announce({{message(1), app(1)}, {message(2), app(1)}, {message(3), app(1)}, {message(4), app(1)}});
  while (world.timers.fire() && world.published.size() < 4) world.loop.run();
  world.loop.run();
  EXPECT_EQ(world.sent_to("WS1"), (std::vector{1, 2, 3, 4}));
  ASSERT_GE(world.adds.size(), 3U);
  EXPECT_EQ(world.adds[0].size(), 1U);
  EXPECT_EQ(world.adds[1].size(), 1U);
  EXPECT_EQ(world.adds[2].size(), 2U);
}

TEST_F(MonitorTest, ABacklogIsWrittenInGrowingParts) {
  put_device(1, 1, on(LocationKind::kWebSocket, "WS1"));
  start();
  world.add_fault.failures = 3;
  std::vector<std::pair<MessageId, AppId>> all;
  for (std::uint8_t i = 1; i <= 64; ++i) all.emplace_back(message(i), app(1));
  world.announce(all);
  while (world.published.size() < 64 && world.timers.fire()) world.loop.run();
  world.loop.run();
  // 64, 32 and 16 were too much.
  ASSERT_GE(world.adds.size(), 4U);
  EXPECT_EQ(world.adds[0].size(), 8U);
  std::size_t written = 0;
  for (const auto& add : world.adds) written += add.size();
  EXPECT_EQ(written, 64U);
  for (std::size_t i = 1; i < world.adds.size(); ++i) EXPECT_LE(world.adds[i].size(), 2 * world.adds[i - 1].size());
}

TEST_F(MonitorTest, AMessageThatCanNotBeReadIsLeftToTheSweepAndHoldsUpNobody) {
  put_device(1, 1, on(LocationKind::kWebSocket, "WS1"));
  start();
  world.damaged_messages.insert(message(3));
  world.announce({{message(1), app(1)}, {message(2), app(1)}, {message(3), app(1)}, {message(4), app(1)}});
  EXPECT_EQ(world.sent_to("WS1"), (std::vector{1, 2, 4}));
  EXPECT_EQ(world.settled, 1);
  EXPECT_TRUE(monitor->idle());
}

TEST_F(MonitorTest, ADeviceOfAServerThatIsGoneIsDisconnected) {
  put_device(1, 1, on(LocationKind::kWebSocket, "WS1"));
  put_device(1, 2, on(LocationKind::kWebSocket, "WS2"));
  world.holds("WS1", LocationKind::kWebSocket, false);
  start();
  world.announce({{message(1), app(1)}});
  EXPECT_TRUE(world.sent_to("WS1").empty());
  EXPECT_EQ(world.sent_to("WS2"), std::vector{1});
  EXPECT_EQ(world.adds[0][0].user_agents.size(), 2U) << "its pending delivery waits";
  EXPECT_EQ(world.locations[device(1)].server, "WS1") << "nobody else has it";
}

TEST_F(MonitorTest, ADeviceOfADeadServerThatCanBeWokenGoesToAServerThatLives) {
  put_device(1, 1, on(LocationKind::kWebSocket, "WS1"));
  put_device(1, 2, on(LocationKind::kSleeping, "UDP1"));
  world.wakes[device(1)] = world.wakes[device(2)] = {"10.0.0.1", 5000};
  world.holds("WS1", LocationKind::kWebSocket, false);
  world.holds("UDP1", LocationKind::kSleeping, false);
  start();
  world.announce({{message(1), app(1)}});
  EXPECT_EQ(world.sent_to("UDP2"), std::vector{1});
  ASSERT_EQ(world.published.size(), 1U);
  EXPECT_EQ(world.published[0].second.targets.size(), 2U);
  EXPECT_EQ(world.locations[device(1)], (Location{LocationKind::kSleeping, "UDP2", 0, 0}));
  EXPECT_EQ(world.locations[device(2)].server, "UDP1") << "it may come back";
}

TEST_F(MonitorTest, ADeviceThatConnectsElsewhereMeanwhileIsToldThere) {
  put_device(1, 1, on(LocationKind::kWebSocket, "WS1"));
  world.wakes[device(1)] = {"10.0.0.1", 5000};
  world.holds("WS1", LocationKind::kWebSocket, false);
  start();
  world.before_leave = [this] { world.locations[device(1)] = {LocationKind::kWebSocket, "WS2", 0, 9}; };
  world.announce({{message(1), app(1)}});
  EXPECT_EQ(world.sent_to("WS2"), std::vector{1});
  EXPECT_EQ(world.published.size(), 1U);
}

TEST_F(MonitorTest, WhereNoWakeUpServerLivesTheDeliveryWaitsForOneToComeBack) {
  put_device(1, 1, on(LocationKind::kWebSocket, "WS1"));
  put_device(1, 2, on(LocationKind::kSleeping, "UDP1"));
  world.wakes[device(1)] = world.wakes[device(2)] = {"10.0.0.1", 5000};
  world.leases.clear();
  world.holds("UDP1", LocationKind::kSleeping, false);
  start();
  world.announce({{message(1), app(1)}});
  EXPECT_TRUE(world.published.empty()) << "UDP1 goes through its sleepers when it starts";
  EXPECT_EQ(world.locations[device(1)], (Location{LocationKind::kSleeping, "UDP1", 0, 0}));
}

// A server reads its devices' pending deliveries after it has its lease again: it may count as gone only by a reading
// that was made after the deliveries were written.
TEST_F(MonitorTest, AServerIsNeverTakenForGoneByAnOlderReading) {
  put_device(1, 1, on(LocationKind::kWebSocket, "WS1"));
  world.holds("WS1", LocationKind::kWebSocket, false);
  start();
  world.announce({{message(1), app(1)}});
  EXPECT_TRUE(world.sent_to("WS1").empty());
  world.holds("WS1", LocationKind::kWebSocket);
  world.announce({{message(2), app(1)}});
  EXPECT_EQ(world.sent_to("WS1"), std::vector{2});
  EXPECT_EQ(world.listed, 2);
}

TEST_F(MonitorTest, LeasesAreReadOnceWhileTheyLast) {
  put_device(1, 1, on(LocationKind::kWebSocket, "WS1"));
  start();
  for (std::uint8_t n = 1; n <= 20; ++n) world.announce({{message(n), app(1)}});
  EXPECT_EQ(world.listed, 1);
  world.clock.advance(std::chrono::hours(24));
  world.announce({{message(21), app(1)}});
  EXPECT_EQ(world.listed, 2);
}

TEST_F(MonitorTest, LooksAgainWhenTheLeasesCannotBeRead) {
  put_device(1, 1, on(LocationKind::kWebSocket, "WS1"));
  put_device(1, 2, on(LocationKind::kWebSocket, "WS9"));
  world.wakes[device(2)] = {"10.0.0.1", 5000};
  start();
  world.list_fault.failures = 1;
  world.leave_fault.failures = 1;
  world.announce({{message(1), app(1)}});
  EXPECT_TRUE(world.published.empty());
  while (world.timers.fire() && world.published.empty()) world.loop.run();
  EXPECT_EQ(world.sent_to("WS1"), std::vector{1});
}

}  // namespace
}  // namespace herald::roles::monitor
