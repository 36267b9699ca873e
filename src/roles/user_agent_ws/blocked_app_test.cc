// An app whose notifications a device does not ack costs the device's other apps nothing, in every generation.

#include <gtest/gtest.h>

#include "protocol/user_agent/flow2012/frame.h"
#include "roles/user_agent_ws/newer_device.h"

namespace herald::roles::user_agent_ws {
namespace {

using test::count;
using test::Device;
using test::World;

AppId app_of(std::uint8_t name) {
  AppId app;
  app.bytes.fill(name);
  return app;
}

class BlockedApp : public testing::Test {
 protected:
  static Limits small() {
    Limits limits;
    limits.unacked_window = 3;
    limits.webpush_unacked_window = 3;
    limits.unacked_per_device = 6;
    limits.pending_page = 2;
    limits.pull_page = 4;
    return limits;
  }
  MessagePtr store(PayloadKind kind, std::uint8_t app, std::chrono::seconds ttl = std::chrono::hours(1)) {
    Message message;
    message.kind = kind;
    message.app = app_of(app);
    message.expires_at = world.clock.wall() + ttl;
    if (kind == PayloadKind::kWebPush) {
      message.meta = protocol::subscription::WebPushMeta{std::string(test::kChannel), "", "", ""}.encode();
    } else if (kind == PayloadKind::kSimplePush) {
      message.meta = protocol::subscription::SimplePushMeta{"c" + std::to_string(app)}.encode();
      message.body = std::to_string(++version);
    }
    return world.store_message({1}, std::move(message));
  }
  MessagePtr announce(PayloadKind kind, std::uint8_t app, std::chrono::seconds ttl = std::chrono::hours(1)) {
    const auto message = store(kind, app, ttl);
    world.announce(message, {1});
    world.executor.run();
    return message;
  }
  std::string hello(PayloadKind kind) const {
    if (kind == PayloadKind::kFlow2012) {
      return R"({"data":{"uatoken":")" + world.token(1) + R"("},"command":"register/ua"})";
    }
    return R"({"messageType":"hello","uaid":")" + world.token(1) +
           (kind == PayloadKind::kWebPush ? R"(","use_webpush":true})" : R"(","wakeup_hostport":{}})");
  }
  // Those of the 2012 flow are known by their ids, since their messageType is the sender's to give.
  static std::size_t notifications(std::string_view frames) {
    return count(frames, R"("messageType":"notification")") + count(frames, R"("messageId":)");
  }

  World world{small()};
  std::uint64_t version = 0;
};

class BlockedAppOfEachGeneration : public BlockedApp, public testing::WithParamInterface<PayloadKind> {};

TEST_P(BlockedAppOfEachGeneration, WhileConnected) {
  Device device(world);
  device.ask(hello(GetParam()));
  for (int n = 0; n < 12; ++n) announce(GetParam(), 1);
  EXPECT_EQ(notifications(device.take()), 3u);
  for (int n = 0; n < 3; ++n) {
    announce(GetParam(), 2);
    EXPECT_EQ(notifications(device.take()), 1u) << "at once";
  }
  announce(GetParam(), 3);
  EXPECT_EQ(notifications(device.take()), 1u) << "past unacked_per_device one at a time";
  announce(GetParam(), 3);
  EXPECT_EQ(notifications(device.take()), 0u);
}

TEST_P(BlockedAppOfEachGeneration, WhenTheDeviceComesBack) {
  for (int n = 0; n < 40; ++n) store(GetParam(), 1);
  for (int n = 0; n < 2; ++n) store(GetParam(), 2);
  for (int visit = 0; visit < 3; ++visit) {
    Device device(world);
    EXPECT_EQ(notifications(device.ask(hello(GetParam()))), 5u) << "three of one app, both of the other";
  }
}

TEST_P(BlockedAppOfEachGeneration, WhatExpiresMakesRoom) {
  Device device(world);
  device.ask(hello(GetParam()));
  for (int n = 0; n < 3; ++n) announce(GetParam(), 1, std::chrono::seconds(60));
  announce(GetParam(), 1);
  EXPECT_EQ(notifications(device.take()), 3u);
  world.timers.advance(std::chrono::seconds(59));
  world.executor.run();
  EXPECT_EQ(notifications(device.take()), 0u);
  world.timers.advance(std::chrono::seconds(1));
  world.executor.run();
  EXPECT_EQ(notifications(device.take()), 1u);
}

INSTANTIATE_TEST_SUITE_P(Generations, BlockedAppOfEachGeneration,
                         testing::Values(PayloadKind::kFlow2012, PayloadKind::kSimplePush, PayloadKind::kWebPush));

TEST_F(BlockedApp, ANackIsDoneLikeAnAck) {
  Device device(world);
  device.ask(hello(PayloadKind::kWebPush));
  std::vector<MessagePtr> sent;
  for (int n = 0; n < 4; ++n) sent.push_back(announce(PayloadKind::kWebPush, 1));
  device.take();
  const std::string answer =
      device.ask(R"({"messageType":"nack","version":")" + sent[0]->id.hex() + R"(","code":301})");
  EXPECT_EQ(count(answer, sent[3]->id.hex()), 1u);
  ASSERT_EQ(world.queue.events().size(), 1u);
  EXPECT_EQ(world.queue.events()[0].message, sent[0]->id);
  EXPECT_EQ(world.queue.events()[0].state, DeliveryState::kAcked);
}

TEST_F(BlockedApp, LeavingAnAppFreesItsPlaces) {
  const AppId left = protocol::flow2012::app_id("w", "");
  Device device(world);
  device.register_ua();
  device.ask(device.wa_frame("w"));
  for (int n = 0; n < 3; ++n) {
    Message message;
    message.app = left;
    world.announce(world.store_message({1}, message), {1});
  }
  for (int n = 0; n < 3; ++n) announce(PayloadKind::kFlow2012, 2);
  announce(PayloadKind::kFlow2012, 3);
  announce(PayloadKind::kFlow2012, 3);
  EXPECT_EQ(notifications(device.take()), 7u) << "the device has all that it may have";
  EXPECT_EQ(notifications(device.ask(device.wa_frame("w", "unregister/wa"))), 1u);
}

TEST_F(BlockedApp, AnAnswerToGetAllMessagesHasSomethingOfEachApp) {
  for (int n = 0; n < 20; ++n) store(PayloadKind::kFlow2012, 1);
  const auto second = store(PayloadKind::kFlow2012, 2);
  const auto third = store(PayloadKind::kFlow2012, 3);
  Device device(world);
  const std::string reply =
      device.ask(R"({"data":{"uatoken":")" + world.token(1) + R"("},"messageType":"getAllMessages"})");
  EXPECT_EQ(notifications(reply), 4u);
  EXPECT_EQ(count(reply, second->id.hex()), 1u);
  EXPECT_EQ(count(reply, third->id.hex()), 1u);
}

TEST_F(BlockedApp, AnAnswerCutToTheSendBufferHasSomethingOfEachApp) {
  Limits limits;
  limits.send_buffer_max_bytes = 16'384;
  World narrow(limits);
  for (int n = 0; n < 60; ++n) narrow.store_message({1});
  Message other;
  other.app = app_of(2);
  const auto last = narrow.store_message({1}, other);
  Device device(narrow);
  const std::string reply =
      device.ask(R"({"data":{"uatoken":")" + narrow.token(1) + R"("},"messageType":"getAllMessages"})");
  EXPECT_LT(reply.size(), 16'384u);
  EXPECT_EQ(count(reply, last->id.hex()), 1u);
}

}  // namespace
}  // namespace herald::roles::user_agent_ws
