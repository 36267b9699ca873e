#include "roles/user_agent_udp/user_agent_udp.h"

#include <gtest/gtest.h>

#include "roles/user_agent_udp/test_world.h"

namespace herald::roles::user_agent_udp {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

struct UserAgentUdpTest : testing::Test {
  TestWorld world;
  ManualExecutor loop;
  ManualClock clock;
  ManualTimers timers{clock};
  SeededRandom random{3};
  NullLog log;
  NullMetrics metrics;
  UserAgentUdpConfig config;
  std::unique_ptr<UserAgentUdp> role;

  void start() {
    role = std::make_unique<UserAgentUdp>(
        config, UserAgentUdpPorts{world, world, world, world, loop, timers, clock, random, log, metrics});
    role->start();
    loop.run();
  }
  void pass(milliseconds time) {
    timers.advance(time, [this] { loop.run(); });
  }
  // The monitor writes the pending delivery before it tells.
  void deliver(std::uint8_t n, Priority priority, milliseconds lives = hours(24)) {
    wait_for(n, 1, priority, lives);
    protocol::queue::Deliver envelope{message_id(1), {}, priority, clock.wall() + lives, {{device(n), 0}}};
    give({protocol::queue::encode(envelope)});
  }
  void give(std::vector<std::string> bodies) {
    world.consumer(ports::QueueBatch{std::move(bodies), [this] { ++world.settled; }});
    loop.run();
    pass(milliseconds(0));
  }
  void wait_for(std::uint8_t n, std::uint8_t id, Priority priority, milliseconds lives = hours(24)) {
    Message message;
    message.id = message_id(id);
    message.priority = priority;
    message.expires_at = clock.wall() + lives;
    world.waiting[device(n)].push_back(std::make_shared<const Message>(message));
  }
};

TEST_F(UserAgentUdpTest, PingsADeviceThatSleepsHere) {
  world.sleeps(1);
  start();
  EXPECT_EQ(world.queue_name, "UDP1");
  deliver(1, Priority::kRealTime);
  ASSERT_EQ(world.sent.size(), 1U);
  EXPECT_EQ(world.sent[0].first, (WakeInterface{"10.0.0.1", 5000}));
  EXPECT_TRUE(world.sent[0].second.starts_with("NOTIFY "));
  EXPECT_EQ(world.settled, 1);
}

TEST_F(UserAgentUdpTest, PingsNobodyWhoIsElsewhereOrUnknown) {
  world.sleeps(1);
  world.connects(1);
  world.sleeps(3);
  world.nodes[device(3)].wake.reset();
  start();
  for (std::uint8_t n = 1; n <= 4; ++n) deliver(n, Priority::kRealTime);
  EXPECT_TRUE(world.sent.empty());
  EXPECT_EQ(world.settled, 4);
}

TEST_F(UserAgentUdpTest, PingsOnlyAllowedNetworks) {
  world.sleeps(1);
  world.nodes[device(1)].wake = WakeInterface{"8.8.8.8", 5000};
  start();
  deliver(1, Priority::kRealTime);
  pass(hours(1));
  EXPECT_TRUE(world.sent.empty());
}

TEST_F(UserAgentUdpTest, GathersPriorityTwoAndNeverWakesForThree) {
  world.sleeps(1);
  world.sleeps(2);
  start();
  deliver(1, Priority::kGathered);
  deliver(2, Priority::kPassive);
  pass(milliseconds(59'000));
  EXPECT_TRUE(world.sent.empty());
  pass(milliseconds(2'000));
  EXPECT_EQ(world.pings_of(1), 1);
  EXPECT_EQ(world.pings_of(2), 0);
}

TEST_F(UserAgentUdpTest, RepeatsThePingUntilTheDevicePulls) {
  world.sleeps(1);
  start();
  deliver(1, Priority::kRealTime);
  pass(milliseconds(16'000));
  EXPECT_EQ(world.pings_of(1), 3);
  role->pulled({device(1), false, clock.mono()});
  pass(hours(2));
  EXPECT_EQ(world.pings_of(1), 3);
  EXPECT_EQ(role->devices(), 0U);
}

TEST_F(UserAgentUdpTest, TheNonceOfThePingProvesThatItCame) {
  config.proof = [](const UserAgentId&, const WakeInterface&, MonoTime) { return false; };
  world.sleeps(1);
  world.sleeps(2);
  start();
  deliver(1, Priority::kRealTime);
  deliver(2, Priority::kRealTime);
  pass(milliseconds(16'000));
  ASSERT_EQ(world.sent.size(), 2U) << "one each, since nothing is proved";
  const std::string others = world.sent[1].second.substr(7);
  for (const std::string& wrong : {std::string(), others, std::string(16, '0')}) {
    role->pulled({device(1), true, clock.mono(), wrong});
    pass(milliseconds(16'000));
    EXPECT_EQ(world.pings_of(1), 1) << wrong;
  }
  role->pulled({device(1), true, clock.mono(), world.sent[0].second.substr(7)});
  pass(milliseconds(16'000));
  EXPECT_EQ(world.pings_of(1), 3);
  EXPECT_EQ(world.pings_of(2), 1);
}

TEST_F(UserAgentUdpTest, StopsAtTheEndOfTheMessage) {
  world.sleeps(1);
  start();
  deliver(1, Priority::kRealTime, milliseconds(12'000));
  pass(hours(2));
  EXPECT_EQ(world.pings_of(1), 2);
}

TEST_F(UserAgentUdpTest, LooksAgainBeforeALaterPing) {
  world.sleeps(1);
  world.sleeps(2);
  start();
  deliver(1, Priority::kRealTime);
  deliver(2, Priority::kRealTime);
  world.connects(1);
  world.nodes[device(2)].wake = WakeInterface{"10.0.0.22", 5001};
  pass(milliseconds(6'000));
  EXPECT_EQ(world.pings_of(1), 1);
  EXPECT_EQ(world.pings_of(2), 1);
  EXPECT_EQ(world.pings_of(22), 1);
}

TEST_F(UserAgentUdpTest, LocatesOnceForAFreshPing) {
  world.sleeps(1);
  start();
  deliver(1, Priority::kRealTime);
  EXPECT_EQ(world.located, 1);
}

TEST_F(UserAgentUdpTest, SettlesNothingWhileTheDirectoryIsAway) {
  world.sleeps(1);
  start();
  world.locate_failures = 3;
  deliver(1, Priority::kRealTime);
  EXPECT_EQ(world.settled, 0);
  pass(milliseconds(699));
  EXPECT_EQ(world.settled, 0);
  pass(milliseconds(2));
  EXPECT_EQ(world.settled, 1);
  EXPECT_EQ(world.pings_of(1), 1);
}

TEST_F(UserAgentUdpTest, RepeatsWhatCouldNotBeSent) {
  world.sleeps(1);
  start();
  world.send_error = Error{ErrorKind::kUnavailable, "buffers full"};
  deliver(1, Priority::kRealTime);
  world.send_error.reset();
  pass(milliseconds(5'100));
  EXPECT_EQ(world.pings_of(1), 1);
}

TEST_F(UserAgentUdpTest, LeavesOutADamagedEnvelopeAndATakeOver) {
  start();
  give({"nonsense", protocol::queue::encode(protocol::queue::TakenOver{device(1), 0, 1})});
  EXPECT_EQ(world.settled, 1);
  EXPECT_TRUE(world.sent.empty());
}

TEST_F(UserAgentUdpTest, WakesAfterAStartWhoeverHasSomethingToWakeFor) {
  config.sleepers_page = 2;
  for (std::uint8_t n = 1; n <= 5; ++n) world.sleeps(n);
  wait_for(1, 1, Priority::kPassive);
  wait_for(1, 2, Priority::kRealTime);
  wait_for(2, 3, Priority::kGathered);
  wait_for(3, 4, Priority::kPassive);
  wait_for(5, 5, Priority::kRealTime);
  world.sleepers_failures = 1;
  world.pending_failures = 1;
  start();
  pass(milliseconds(1'000));
  EXPECT_EQ(world.pings_of(1), 1);
  EXPECT_EQ(world.pings_of(5), 1);
  EXPECT_EQ(world.sent.size(), 2U);
  pass(milliseconds(60'000));
  EXPECT_EQ(world.pings_of(2), 1);
  EXPECT_EQ(world.pings_of(3), 0);
  EXPECT_EQ(world.pings_of(4), 0);
}

// An app that is not acked fills the first pages.
TEST_F(UserAgentUdpTest, WakesAfterAStartForAnUrgentMessageBehindManyOthers) {
  config.limits.pending_page = 4;
  world.sleeps(1);
  for (std::uint8_t id = 1; id <= 9; ++id) wait_for(1, id, Priority::kPassive);
  wait_for(1, 10, Priority::kRealTime);
  start();
  pass(milliseconds(1'000));
  EXPECT_EQ(world.pings_of(1), 1);
}

TEST_F(UserAgentUdpTest, ComesBackToDevicesThatFoundNoRoom) {
  config.devices_max = 1;
  world.sleeps(1);
  world.sleeps(2);
  start();
  deliver(1, Priority::kRealTime);
  wait_for(2, 9, Priority::kRealTime);
  deliver(2, Priority::kRealTime);
  EXPECT_EQ(world.pings_of(2), 0);
  pass(milliseconds(2'000));
  world.waiting[device(1)].clear();
  role->pulled({device(1), false, clock.mono()});
  pass(milliseconds(66'000));
  EXPECT_GE(world.pings_of(2), 1);
}

TEST_F(UserAgentUdpTest, PingsNobodyAfterStop) {
  world.sleeps(1);
  start();
  deliver(1, Priority::kRealTime);
  role->stop();
  pass(hours(1));
  EXPECT_EQ(world.pings_of(1), 1);
}

TEST_F(UserAgentUdpTest, StopsWhenTheDevicePulledFromAnotherServer) {
  world.sleeps(1);
  start();
  deliver(1, Priority::kRealTime);
  pass(milliseconds(config.limits.ping_retry_first_ms));
  EXPECT_EQ(world.pings_of(1), 2);
  world.waiting[device(1)].clear();
  wait_for(1, 2, Priority::kPassive);
  pass(hours(24));
  EXPECT_EQ(world.pings_of(1), 2) << "what is left does not wake";
}

TEST_F(UserAgentUdpTest, PingsAgainWhenThePendingCannotBeRead) {
  world.sleeps(1);
  start();
  deliver(1, Priority::kRealTime);
  world.pending_failures = 1;
  pass(milliseconds(config.limits.ping_retry_first_ms));
  EXPECT_EQ(world.pings_of(1), 1);
  pass(milliseconds(config.limits.ping_retry_first_ms) * 2);
  EXPECT_EQ(world.pings_of(1), 2);
}

TEST_F(UserAgentUdpTest, WakesWhoeverIsAnnouncedHereAndGoesOnWhileTheirServerIsGone) {
  bool gone = true;
  config.adopts = [&gone](const UserAgentId& user_agent, const ServerId& server) {
    return gone && user_agent == device(1) && server == "UDP2";
  };
  world.sleeps(1, "UDP2");
  world.sleeps(2, "UDP2");
  start();
  deliver(1, Priority::kRealTime);
  deliver(2, Priority::kRealTime);
  EXPECT_EQ(world.pings_of(1), 1);
  EXPECT_EQ(world.pings_of(2), 1) << "the monitor chose";
  pass(milliseconds(config.limits.ping_retry_first_ms));
  EXPECT_EQ(world.pings_of(1), 2);
  EXPECT_EQ(world.pings_of(2), 1) << "another server's by now";
  gone = false;
  pass(hours(24));
  EXPECT_EQ(world.pings_of(1), 2);
}

TEST_F(UserAgentUdpTest, GoesThroughTheSleepersOfAServerThatIsGone) {
  config.adopts = [](const UserAgentId& user_agent, const ServerId& server) {
    return user_agent != device(2) && server == "UDP2";
  };
  start();
  for (std::uint8_t n = 1; n <= 3; ++n) {
    world.sleeps(n, "UDP2");
    wait_for(n, n, Priority::kRealTime);
  }
  world.sleeps(4);
  wait_for(4, 4, Priority::kRealTime);
  role->look_through("UDP2");
  role->look_through("UDP1");
  loop.run();
  EXPECT_EQ(world.pings_of(1), 1);
  EXPECT_EQ(world.pings_of(2), 0) << "another server takes it";
  EXPECT_EQ(world.pings_of(3), 1);
  EXPECT_EQ(world.pings_of(4), 1) << "announced by a message that was lost";
}

TEST_F(UserAgentUdpTest, DeviceWhoseLocationIsDamagedHoldsUpNoOther) {
  for (std::uint8_t n = 1; n <= 4; ++n) world.sleeps(n);
  start();
  world.damaged_node = device(2);
  protocol::queue::Deliver envelope{message_id(1), {}, Priority::kRealTime, clock.wall() + hours(1), {}};
  for (std::uint8_t n = 1; n <= 4; ++n) {
    wait_for(n, 1, Priority::kRealTime);
    envelope.targets.push_back({device(n), 0});
  }
  give({protocol::queue::encode(envelope)});
  for (const std::uint8_t n : std::vector<std::uint8_t>{1, 3, 4}) EXPECT_EQ(world.pings_of(n), 1) << int{n};
  EXPECT_EQ(world.settled, 1);
  pass(milliseconds(6'000));
  for (const std::uint8_t n : std::vector<std::uint8_t>{1, 3, 4})
    EXPECT_EQ(world.pings_of(n), 2) << "located again before the second ping";
}

TEST_F(UserAgentUdpTest, SleeperWhoseMessagesAreDamagedHoldsUpNoOther) {
  config.sleepers_page = 2;
  for (std::uint8_t n = 1; n <= 4; ++n) {
    world.sleeps(n);
    wait_for(n, 1, Priority::kRealTime);
  }
  world.damaged_messages = device(1);
  start();
  pass(milliseconds(0));
  for (const std::uint8_t n : std::vector<std::uint8_t>{2, 3, 4}) EXPECT_EQ(world.pings_of(n), 1) << int{n};
}

TEST_F(UserAgentUdpTest, DamagedListOfOneServerHoldsUpNoOtherServer) {
  world.damaged_list = "UDP0";
  world.sleeps(1, "UDP9");
  wait_for(1, 1, Priority::kRealTime);
  config.adopts = [](const UserAgentId&, const ServerId& server) { return server == "UDP9"; };
  start();
  role->look_through("UDP0");
  role->look_through("UDP9");
  loop.run();
  pass(milliseconds(0));
  EXPECT_EQ(world.pings_of(1), 1);
}

}  // namespace
}  // namespace herald::roles::user_agent_udp
