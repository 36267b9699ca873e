// Which of two locations that servers write at the same time stays.

#include <gtest/gtest.h>

#include "roles/user_agent_ws/test_world.h"

namespace herald::roles::user_agent_ws::test {
namespace {

[[nodiscard]] Location elsewhere(std::uint64_t order) {
  return {LocationKind::kWebSocket, "WS2", 0, 77, order};
}

TEST(LocationOrder, IsTheTimeOfTheWriter) {
  World world;
  Device device(world);
  device.register_ua();
  EXPECT_EQ(world.store.locations[world.user_agent(1)].order, static_cast<std::uint64_t>(world.clock.wall().ms));
}

// The clock of the server that the device left is ahead.
TEST(LocationOrder, ALiveServerThatIsOverruledWritesAgain) {
  World world;
  const auto ahead = static_cast<std::uint64_t>(world.clock.wall().ms) + 60'000;
  world.store.locations[world.user_agent(1)] = elsewhere(ahead);
  Device device(world);
  device.register_ua();
  const Location& stored = world.store.locations[world.user_agent(1)];
  EXPECT_EQ(stored.server, "WS1");
  EXPECT_EQ(stored.order, ahead + 1);
  ASSERT_EQ(world.queue.published.size(), 1u) << "the other server is told once";
  EXPECT_EQ(world.queue.published[0].first, "WS2");
}

// It could not be written at first, and the device went elsewhere before it could.
TEST(LocationOrder, ALocationThatIsWrittenLaterDoesNotTakeADeviceBack) {
  World world;
  world.store.full = true;
  Device device(world);
  device.ask(device.register_frame());
  const auto asked = static_cast<std::uint64_t>(world.clock.wall().ms);
  world.clock.advance(std::chrono::milliseconds(10));
  world.store.locations[world.user_agent(1)] = elsewhere(asked + 5);
  world.store.full = false;
  world.timers.advance(kRetryDelay);
  world.executor.run();
  EXPECT_EQ(world.store.locations[world.user_agent(1)], elsewhere(asked + 5));
  EXPECT_TRUE(device.socket.closed);
  EXPECT_TRUE(world.queue.published.empty());
}

// What is there is from before it came.
TEST(LocationOrder, ALocationThatIsWrittenLaterTakesThePlaceOfAnOlderOne) {
  World world;
  world.store.full = true;
  Device device(world);
  const auto asked = static_cast<std::uint64_t>(world.clock.wall().ms);
  world.store.locations[world.user_agent(1)] = elsewhere(asked - 5);
  device.ask(device.register_frame());
  world.store.full = false;
  world.timers.advance(kRetryDelay);
  world.executor.run();
  EXPECT_EQ(world.store.locations[world.user_agent(1)].server, "WS1");
  EXPECT_FALSE(device.socket.closed);
  ASSERT_EQ(world.queue.published.size(), 1u) << "the other server is told";
}

TEST(LocationOrder, AnOverruledConnectionThatIsGoneLeavesTheOtherAlone) {
  World world;
  const auto ahead = static_cast<std::uint64_t>(world.clock.wall().ms) + 60'000;
  world.store.locations[world.user_agent(1)] = elsewhere(ahead);
  Device device(world);
  device.send(device.register_frame());
  device.drop();
  world.executor.run();
  EXPECT_EQ(world.store.locations[world.user_agent(1)], elsewhere(ahead));
  EXPECT_TRUE(world.queue.published.empty());
}

TEST(LocationOrder, ALateAnswerThatOverrulesTakesNothingOver) {
  World world;
  Device device(world);
  device.register_ua();
  Location before = world.store.locations[world.user_agent(1)];
  const Location late{LocationKind::kWebSocket, "WS1", 0, 4'711, before.order - 1};
  world.role.located_late(world.user_agent(1), late, before);
  world.executor.run();
  EXPECT_FALSE(device.socket.closed);
  EXPECT_EQ(world.store.locations[world.user_agent(1)], before);
}

}  // namespace
}  // namespace herald::roles::user_agent_ws::test
