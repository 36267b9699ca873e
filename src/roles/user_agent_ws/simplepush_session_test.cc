#include "roles/user_agent_ws/simplepush_session.h"

#include <gtest/gtest.h>

#include "roles/user_agent_ws/newer_device.h"

namespace herald::roles::user_agent_ws {
namespace {

using std::chrono::milliseconds;
using test::count;
using test::Device;
using test::member;
using test::version_message;
using test::World;
using transport::CloseCode;

constexpr std::string_view kC1 = "6ba7b810-dad1-41d1-80b4-00c04fd430c8";
constexpr std::string_view kWake =
    R"(,"wakeup_hostport":{"ip":"127.0.0.1","port":5000},"mobilenetwork":{"mcc":"214","mnc":"07"})";

std::string hello_of(const std::string& uaid, std::string_view channels = "[]", std::string_view more = "") {
  return R"({"messageType":"hello","uaid":")" + uaid + R"(","channelIDs":)" + std::string(channels) +
         std::string(more) + "}";
}
std::string channel_frame(std::string_view type, std::string_view channel = kC1) {
  return R"({"messageType":")" + std::string(type) + R"(","channelID":")" + std::string(channel) + "\"}";
}
std::string ack_frame(std::string_view channel, std::string_view version) {
  return R"({"messageType":"ack","updates":[{"channelID":")" + std::string(channel) + R"(","version":)" +
         std::string(version) + "}]}";
}
std::string updated(std::string_view channel, std::uint64_t version) {
  return R"({"messageType":"notification","updates":[{"channelID":")" + std::string(channel) + R"(","version":)" +
         std::to_string(version) + "}]}";
}
std::string listed(std::string_view channel) {
  return "[\"" + std::string(channel) + "\"]";
}
// The ids that were acked so far.
std::set<MessageId> acked(const World& world) {
  std::set<MessageId> ids;
  for (const auto& event : world.queue.events()) {
    if (event.state == DeliveryState::kAcked) ids.insert(event.message);
  }
  return ids;
}
// A device with the channel kC1.
void set_up(World& world, Device& device) {
  device.ask(hello_of(world.token(1)));
  ASSERT_EQ(member(device.ask(channel_frame("register")), "status"), "200");
}

TEST(SimplePushSession, A1HelloMakesAUaid) {
  World world;
  Device device(world);
  const std::string reply = device.ask(R"({"messageType":"hello","uaid":null,"channelIDs":[]})");
  EXPECT_EQ(reply, R"({"messageType":"hello","uaid":")" + member(reply, "uaid") + R"(","status":200})");
  EXPECT_TRUE(world.tokens.verify(member(reply, "uaid")));
}

TEST(SimplePushSession, A2RegisterGivesAnEndpoint) {
  World world;
  Device device(world);
  device.ask(hello_of(world.token(1)));
  const std::string reply = device.ask(channel_frame("register"));
  const auto url = member(reply, "pushEndpoint");
  EXPECT_EQ(reply, R"({"messageType":"register","status":200,"pushEndpoint":")" + url +
                       R"(","channelID":"6ba7b810-dad1-41d1-80b4-00c04fd430c8"})");
  ASSERT_TRUE(url.starts_with("https://push.example.com/spush/v1/"));
  const auto endpoint = world.endpoints.read_simplepush(url.substr(24));
  ASSERT_TRUE(endpoint);
  EXPECT_EQ(endpoint->user_agent, world.user_agent(1));
  EXPECT_EQ(endpoint->channel, kC1);
  EXPECT_EQ(world.store.registered.at(0).first.id, endpoint->app());
  EXPECT_EQ(world.store.registered.at(0).first.kind, PayloadKind::kSimplePush);
  EXPECT_EQ(device.ask(channel_frame("register")), reply) << "the same endpoint again";
}

TEST(SimplePushSession, A3ToA5AVersionAndItsAck) {
  World world;
  Device device(world);
  set_up(world, device);
  const auto message = version_message(world, 1, std::string(kC1), 5);
  world.announce(message, {1});
  world.executor.run();
  EXPECT_EQ(device.take(), updated(kC1, 5));
  world.store.waiting.clear();
  EXPECT_EQ(device.ask(ack_frame(kC1, "5")), "");
  EXPECT_EQ(acked(world), std::set{message->id});
  EXPECT_EQ(device.ask("{}"), "{}") << "nothing is pending";
}

TEST(SimplePushSession, A7APingBringsTheUnackedAgain) {
  World world;
  Device device(world);
  set_up(world, device);
  version_message(world, 1, std::string(kC1), 7);
  device.drop();
  Device again(world);
  EXPECT_EQ(again.ask(hello_of(world.token(1), listed(kC1))),
            R"({"messageType":"hello","uaid":")" + world.token(1) + R"(","status":200} )" + updated(kC1, 7));
  for (int n = 0; n < 3; ++n) EXPECT_EQ(again.ask("{}"), "{} " + updated(kC1, 7));
}

TEST(SimplePushSession, AnAckThatCrossesWithANewerVersionLeavesThatPending) {
  World world;
  Device device(world);
  set_up(world, device);
  const auto older = version_message(world, 1, std::string(kC1), 5);
  const auto newer = version_message(world, 1, std::string(kC1), 6);
  world.announce(older, {1});
  world.announce(newer, {1});
  world.executor.run();
  device.ask(ack_frame(kC1, "4"));
  EXPECT_TRUE(acked(world).empty());
  device.ask(ack_frame("another", "9"));
  EXPECT_TRUE(acked(world).empty());
  device.ask(ack_frame(kC1, "\"5\""));
  EXPECT_EQ(acked(world), std::set{older->id});
  device.ask(ack_frame(kC1, "6"));
  EXPECT_EQ(acked(world), (std::set{older->id, newer->id}));
}

TEST(SimplePushSession, A8AndA9BothSidesAgreeOnTheChannels) {
  World world;
  {
    Device device(world);
    set_up(world, device);
    ASSERT_EQ(member(device.ask(channel_frame("register", "stale")), "status"), "200");
  }
  const App other{{}, PayloadKind::kFlow2012, {}};
  world.store.registered.emplace_back(other, world.user_agent(1));
  version_message(world, 1, std::string(kC1), 5);
  Device device(world);
  const std::string replies = device.ask(hello_of(world.token(1), R"([")" + std::string(kC1) + R"(","new-chan"])"));
  EXPECT_TRUE(replies.starts_with(R"({"messageType":"hello","uaid":")" + world.token(1)));
  EXPECT_EQ(count(replies, R"("messageType":"register")"), 1u) << "only the new one is told";
  EXPECT_EQ(count(replies, R"("channelID":"new-chan"})"), 1u);
  EXPECT_TRUE(replies.ends_with(updated(kC1, 5))) << "what is pending comes last";
  std::set<AppId> apps;
  for (const auto& [app, user_agent] : world.store.registered) apps.insert(app.id);
  const auto app_of = [&](std::string_view channel) {
    return protocol::subscription::app_of_simplepush(world.user_agent(1), channel);
  };
  EXPECT_EQ(apps, (std::set{other.id, app_of(kC1), app_of("new-chan")})) << "other kinds of apps stay";
}

TEST(SimplePushSession, WithoutAListNothingIsDropped) {
  World world;
  {
    Device device(world);
    set_up(world, device);
  }
  Device device(world);
  device.ask(R"({"messageType":"hello","uaid":")" + world.token(1) + R"(","wakeup_hostport":{}})");
  EXPECT_EQ(world.store.registered.size(), 1u);
}

TEST(SimplePushSession, A10AnUnknownUaidLosesItsChannels) {
  World world;
  Device device(world);
  const std::string reply = device.ask(hello_of("garbage", R"(["x"])"));
  EXPECT_NE(member(reply, "uaid"), "garbage");
  EXPECT_EQ(count(reply, "register"), 0u);
  EXPECT_TRUE(world.store.registered.empty());
}

TEST(SimplePushSession, A11AndP8Unregister) {
  World world;
  Device device(world);
  set_up(world, device);
  EXPECT_EQ(device.ask(channel_frame("unregister")),
            R"({"channelID":"6ba7b810-dad1-41d1-80b4-00c04fd430c8","messageType":"unregister","status":202})");
  EXPECT_EQ(member(device.ask(channel_frame("unregister")), "status"), "457");
  EXPECT_FALSE(device.socket.closed);
}

TEST(SimplePushSession, B1ToB3ADeviceThatCanBeWokenIsSentToSleep) {
  World world;
  Device device(world);
  const std::string hello = hello_of(world.token(1), listed(kC1), kWake);
  EXPECT_EQ(count(device.ask(hello), R"("status":201)"), 1u);
  world.timers.advance(milliseconds(9'000));
  device.ask("{}");
  world.timers.advance(milliseconds(9'999));
  EXPECT_FALSE(device.socket.closed) << "a message from the device starts the time again";
  version_message(world, 1, std::string(kC1), 8);
  world.timers.advance(milliseconds(1));
  EXPECT_EQ(device.socket.closed, CloseCode::kUdpWakeup);
  EXPECT_EQ(device.socket.close_reason, "UDP Wakeup");
  device.drop();
  EXPECT_EQ(world.store.locations[world.user_agent(1)], (Location{LocationKind::kSleeping, "UDP1", 0, 0}));
  EXPECT_EQ(world.store.wakes[world.user_agent(1)], (WakeInterface{"127.0.0.1", 5000}));
  ASSERT_FALSE(world.queue.published.empty());
  EXPECT_EQ(world.queue.published.back().first, "UDP1") << "what is pending is announced to the waker";

  Device woken(world);
  const std::string replies = woken.ask(hello);
  EXPECT_EQ(count(replies, R"("status":201)"), 1u);
  EXPECT_EQ(count(replies, updated(kC1, 8)), 1u);
}

TEST(SimplePushSession, P16AnAddressThatMustNotBePingedKeepsTheDeviceAwake) {
  World world;
  Device device(world);
  const std::string elsewhere =
      R"(,"wakeup_hostport":{"ip":"8.8.8.8","port":5000},"mobilenetwork":{"mcc":"214","mnc":"07"})";
  EXPECT_EQ(count(device.ask(hello_of(world.token(1), "[]", elsewhere)), R"("status":200)"), 1u);
  world.timers.advance(milliseconds(60'000));
  EXPECT_FALSE(device.socket.closed) << "4774 is only for those who can be woken";
}

TEST(SimplePushSession, AHelloWithoutAnAddressEndsBeingWoken) {
  World world;
  {
    Device device(world);
    device.ask(hello_of(world.token(1), "[]", kWake));
  }
  {
    Device device(world);
    device.ask(hello_of(world.token(1)));
  }
  EXPECT_EQ(world.store.locations[world.user_agent(1)].kind, LocationKind::kDisconnected);
}

struct Row {
  const char* name;
  std::string frame;
  const char* reply;
};

TEST(SimplePushSession, RowsThatAreAnsweredAndEndTheConnection) {
  const std::vector<Row> rows = {
      {"P3", "{oops", R"({"status":450,"reason":"Data received is not a valid JSON package"})"},
      {"P4", "null", R"({"status":450,"reason":"Data received is not a valid JSON package"})"},
      {"P6", R"({"messageType":"dance"})", R"({"status":405,"reason":"messageType not recognized"})"},
      {"P7", R"({"messageType":"register"})",
       R"({"messageType":"register","status":457,"reason":"Not valid channelID sent"})"},
      {"P9", R"({"messageType":"ack"})", R"({"messageType":"ack","status":457,"reason":"Not valid channelID sent"})"},
  };
  for (const Row& row : rows) {
    World world;
    Device device(world);
    set_up(world, device);
    EXPECT_EQ(device.ask(row.frame), row.reply) << row.name;
    EXPECT_EQ(device.socket.closed, CloseCode::kPolicyViolation) << row.name;
  }
}

TEST(SimplePushSession, P2BinaryIsRefused) {
  World world;
  Device device(world);
  set_up(world, device);
  device.send_binary();
  EXPECT_EQ(device.take(), R"({"status":463,"reason":"Binary messages not yet supported"})");
  EXPECT_EQ(device.socket.closed, CloseCode::kUnsupportedData);
}

TEST(SimplePushSession, P10BadElementsOfAnAckAreEchoedAndTheOthersCount) {
  World world;
  Device device(world);
  set_up(world, device);
  const auto message = version_message(world, 1, std::string(kC1), 5);
  world.announce(message, {1});
  world.executor.run();
  device.take();
  const std::string frame = R"({"messageType":"ack","updates":[{"channelID":"c2","version":-1},{"channelID":")" +
                            std::string(kC1) + R"(","version":5}]})";
  EXPECT_EQ(device.ask(frame),
            R"({"messageType":"ack","status":457,"reason":"Not valid channelID sent","channelID":"c2","version":-1})");
  EXPECT_EQ(acked(world), std::set{message->id});
  EXPECT_FALSE(device.socket.closed);
}

TEST(SimplePushSession, P11ASecondHelloIsIgnored) {
  World world;
  Device device(world);
  set_up(world, device);
  EXPECT_EQ(device.ask(hello_of(world.token(2))), "");
  EXPECT_FALSE(device.socket.closed);
  EXPECT_EQ(world.store.registered.size(), 1u);
}

TEST(SimplePushSession, FramesBehindTheHelloWaitForItAndItsResync) {
  World world;
  Device device(world);
  device.send(hello_of(world.token(1), R"(["c1"])"));
  device.send(channel_frame("register", "c2"));
  device.send("{}");
  EXPECT_EQ(device.take(), "");
  world.executor.run();
  const std::string replies = device.take();
  EXPECT_LT(replies.find(R"("hello")"), replies.find(R"("channelID":"c1")"));
  EXPECT_LT(replies.find(R"("channelID":"c1")"), replies.find(R"("channelID":"c2")"));
}

TEST(SimplePushSession, AFailingStoreIsSaid) {
  World world;
  Device device(world);
  set_up(world, device);
  world.store.failing = true;
  EXPECT_EQ(member(device.ask(channel_frame("register", "c2")), "status"), "500");
  EXPECT_EQ(member(device.ask(channel_frame("unregister")), "status"), "500");
  EXPECT_FALSE(device.socket.closed);
  Device other(world, 2);
  EXPECT_EQ(other.ask(hello_of(world.token(2))),
            R"({"messageType":"hello","status":460,"reason":"Failed registering UAID"})");
  EXPECT_EQ(other.socket.closed, CloseCode::kPolicyViolation);
}

TEST(SimplePushSession, ConnectionsThatEndEarlyLeaveNoTimerAndNoAnswer) {
  World world;
  {
    Device device(world);
    device.ask(hello_of(world.token(1), "[]", kWake));
    device.send(channel_frame("register", "c2"));
  }
  {
    Device device(world);
    device.send(hello_of(world.token(1), listed(kC1), kWake));
  }
  world.timers.advance(milliseconds(60'000));
  world.executor.run();
}

// A hello of `bytes`.
std::string hello_of_bytes(World& world, std::size_t bytes) {
  const std::string frame = hello_of(world.token(1), "[\"\"]");
  return hello_of(world.token(1), "[\"" + std::string(bytes - frame.size(), 'x') + "\"]");
}

TEST(SimplePushSession, OnlyTheHelloMayBeLongerThanOtherMessages) {
  Limits limits;
  limits.websocket_message_max_bytes = 1'000;
  limits.simplepush_hello_max_bytes = 2'000;
  World world(limits);
  Device device(world);
  EXPECT_EQ(member(device.ask(hello_of_bytes(world, 2'000)), "status"), "200");
  device.send(R"({"messageType":"ping","x":")" + std::string(1'000 - 29, 'x') + "\"}");
  EXPECT_FALSE(device.socket.closed);
  device.send(R"({"messageType":"ping","x":")" + std::string(1'001 - 29, 'x') + "\"}");
  EXPECT_EQ(device.socket.closed, CloseCode::kTooBig);
}

TEST(SimplePushSession, NoOtherFirstFrameMayBeLonger) {
  Limits limits;
  limits.websocket_message_max_bytes = 1'000;
  World world(limits);
  for (const auto* start :
       {R"({"command":"register/ua","x":")", R"({"messageType":"hello","use_webpush":true,"x":")", "x"}) {
    Device device(world);
    device.send(start + std::string(1'000, 'x') + "\"}");
    EXPECT_EQ(device.socket.closed, CloseCode::kTooBig) << start;
  }
  Device bare(world, 1, false);
  bare.send(R"({"messageType":"hello","x":")" + std::string(1'000, 'x') + "\"}");
  EXPECT_EQ(bare.socket.closed, CloseCode::kTooBig);
}

}  // namespace
}  // namespace herald::roles::user_agent_ws
