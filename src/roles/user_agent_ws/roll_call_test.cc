#include <gtest/gtest.h>

#include <deque>
#include <functional>

#include "roles/user_agent_ws/context.h"
#include "roles/user_agent_ws/test_world.h"

namespace herald::roles::user_agent_ws {
namespace {

using test::Device;
using test::World;

struct RollCallTest : testing::Test {
  World world;

  void look_again() {
    world.role.look_again();
    world.executor.run();
  }
  // Of two messages for the device only the later one is announced, and the earlier one comes first all the same.
  // `before` happens in between.
  void expect_order(Device& device, const std::function<void()>& before = [] {}) {
    const auto unannounced = world.store_message({1});
    const auto announced = world.store_message({1});
    before();
    world.announce(announced, {1});
    world.executor.run();
    const std::string frames = device.take();
    ASSERT_NE(frames.find(announced->id.hex()), std::string::npos);
    EXPECT_LT(frames.find(unannounced->id.hex()), frames.find(announced->id.hex()));
  }
  Location& location(std::uint8_t n) { return world.store.locations[world.user_agent(n)]; }
};

TEST_F(RollCallTest, FindsWhatNobodyAnnounced) {
  Device device(world);
  device.register_ua();
  const auto message = world.store_message({1});
  look_again();
  EXPECT_NE(device.take().find(message->id.hex()), std::string::npos);
  look_again();
  EXPECT_EQ(device.take(), "") << "sent already, and not acked";
}

TEST_F(RollCallTest, WhatNobodyAnnouncedComesBeforeWhatIsAnnouncedMeanwhile) {
  Device device(world);
  device.register_ua();
  expect_order(device, [this] { world.role.look_again(); });
}

// A monitor that takes this server for gone announces nothing; one that finds the lease renewed does again, before the
// server knows of it.
TEST_F(RollCallTest, WhileTheLeaseMayHaveLapsedWhatNobodyAnnouncedGoesFirst) {
  Device device(world);
  device.register_ua();
  for (const std::optional<std::uint64_t> lapses : {std::optional<std::uint64_t>(), std::optional<std::uint64_t>(1)}) {
    world.lease_lapses = lapses;
    expect_order(device);
  }
  look_again();
  const auto reads = world.store.page_reads;
  const auto message = world.store_message({1});
  world.announce(message, {1});
  world.executor.run();
  EXPECT_NE(device.take().find(message->id.hex()), std::string::npos);
  EXPECT_EQ(world.store.page_reads, reads) << "the lease is held again, and the lapse was noted";
}

// The location is written, and the monitor looks at it before this server has the answer.
TEST_F(RollCallTest, WhatWasRoutedBeforeALateLocationComesFirst) {
  world.store.full = true;
  Device device(world);
  device.ask(device.register_frame());
  expect_order(device);
}

TEST_F(RollCallTest, WritesALocationAgainThatWasTakenBack) {
  Device device(world);
  device.register_ua();
  const Location here = location(1);
  for (const Location& taken : {Location{}, Location{LocationKind::kSleeping, "UDP1", 0, 0}}) {
    location(1) = taken;
    const auto message = world.store_message({1});
    look_again();
    EXPECT_EQ(location(1), here);
    EXPECT_NE(device.take().find(message->id.hex()), std::string::npos);
  }
}

TEST_F(RollCallTest, LetsADeviceGoThatIsElsewhereByNow) {
  Device device(world);
  Device other(world, 2);
  device.register_ua();
  other.register_ua();
  const Location elsewhere{LocationKind::kWebSocket, "WS2", 0, 77};
  location(1) = elsewhere;
  look_again();
  EXPECT_EQ(device.socket.close_reason, "taken over");
  EXPECT_FALSE(other.socket.closed);
  device.drop();
  EXPECT_EQ(location(1), elsewhere);
}

TEST_F(RollCallTest, GoesOnUntilTheStoreAnswers) {
  Device device(world);
  device.register_ua();
  location(1) = Location{};
  const auto message = world.store_message({1});
  world.store.failing = true;
  look_again();
  world.timers.advance(kRetryDelay);
  world.executor.run();
  EXPECT_EQ(device.take(), "");
  world.store.failing = false;
  world.timers.advance(kRetryDelay);
  world.executor.run();
  EXPECT_NE(device.take().find(message->id.hex()), std::string::npos);
  EXPECT_EQ(location(1).server, "WS1");
}

TEST_F(RollCallTest, DeviceWhoseLocationIsDamagedHoldsUpNoOther) {
  std::deque<Device> devices;
  for (std::uint8_t n = 1; n <= 4; ++n) devices.emplace_back(world, n).register_ua();
  world.store.damaged_node = world.user_agent(3);
  const auto message = world.store_message({1, 2, 3, 4});
  look_again();
  for (Device& device : devices) EXPECT_NE(device.take().find(message->id.hex()), std::string::npos);
}

TEST_F(RollCallTest, DeviceOfAStoreThatTakesNoWritesIsServedAndLocatedLater) {
  const Location before{LocationKind::kWebSocket, "WS1", 0, 4'711};
  location(1) = before;
  world.store.full = true;
  const auto waiting = world.store_message({1});
  Device device(world);
  const std::string answer = device.ask(device.register_frame());
  EXPECT_NE(answer.find(waiting->id.hex()), std::string::npos) << answer;
  const auto unannounced = world.store_message({1});
  const auto pass = [&] {
    world.timers.advance(kRetryDelay);
    world.executor.run();
  };
  for (int i = 0; i < 3; ++i) pass();
  EXPECT_EQ(location(1), before);
  EXPECT_EQ(device.take(), "");
  EXPECT_FALSE(device.socket.closed);
  world.store.full = false;
  pass();
  EXPECT_NE(location(1), before);
  EXPECT_NE(device.take().find(unannounced->id.hex()), std::string::npos) << "store, then look";
  const auto reads = world.store.page_reads;
  pass();
  EXPECT_EQ(world.store.page_reads, reads) << "once";
}

TEST_F(RollCallTest, UnlocatedDeviceThatLeavesIsForgotten) {
  world.store.full = true;
  Device device(world);
  device.register_ua();
  device.drop();
  world.store.full = false;
  world.timers.advance(kRetryDelay);
  world.executor.run();
  EXPECT_EQ(location(1).kind, LocationKind::kDisconnected);
}

TEST(Deliverer, SendsNothingThatExpiredWhileTheStoreTookItsTime) {
  World world;
  Device device(world);
  device.register_ua();
  const auto message = world.store_message({1});
  world.announce(message, {1});
  world.timers.advance(std::chrono::hours(1));
  world.executor.run();
  EXPECT_EQ(device.take(), "");
}

}  // namespace
}  // namespace herald::roles::user_agent_ws
