#include "roles/user_agent_ws/webpush_session.h"

#include <gtest/gtest.h>

#include <random>

#include "roles/user_agent_ws/newer_device.h"

namespace herald::roles::user_agent_ws {
namespace {

using std::chrono::milliseconds;
using test::count;
using test::Device;
using test::kChannel;
using test::member;
using test::webpush_message;
using test::World;
using transport::CloseCode;

constexpr std::string_view kHello = R"({"messageType":"hello","broadcasts":{},"use_webpush":true})";
constexpr std::string_view kKey =
    "BHaua9FjTgFEve4UZM4B3ybm2X--1A9cJ0aOJW167zhTpaPpa1fHEWC4wpPYQUxCeQKkRAky5iTVzXqXuBgA5R8";

std::string hello_of(const std::string& uaid, std::string_view more = "") {
  return R"({"messageType":"hello","uaid":")" + uaid + R"(","use_webpush":true)" + std::string(more) + "}";
}
std::string channel_frame(std::string_view type, std::string_view more = "") {
  return R"({"messageType":")" + std::string(type) + R"(","channelID":")" + std::string(kChannel) + "\"" +
         std::string(more) + "}";
}
std::string ack_frame(const MessagePtr& message, int code = 100) {
  return R"({"messageType":"ack","updates":[{"channelID":")" + std::string(kChannel) + R"(","version":")" +
         message->id.hex() + R"(","code":)" + std::to_string(code) + "}]}";
}
void ack(World& world, Device& device, const MessagePtr& message, int code = 100) {
  world.store.waiting[world.user_agent(1)].erase(message->id);
  device.send(ack_frame(message, code));
  world.executor.run();
}
// The device of user agent 1, which the store knows.
void say_hello(World& world, Device& device) {
  EXPECT_EQ(member(device.ask(hello_of(world.token(1))), "status"), "200");
}
void expect_closed(Device& device, CloseCode code, std::string_view reason) {
  EXPECT_EQ(device.socket.closed, code);
  EXPECT_EQ(device.socket.close_reason, reason);
}

TEST(WebPushSession, V1HelloMakesAUaid) {
  World world;
  Device device(world);
  const std::string reply = device.ask(kHello);
  EXPECT_EQ(reply, R"({"messageType":"hello","uaid":")" + member(reply, "uaid") +
                       R"(","status":200,"use_webpush":true,"broadcasts":{}})");
  EXPECT_TRUE(world.tokens.verify(member(reply, "uaid")));
}

TEST(WebPushSession, AUaidThatWasNeverUsedIsNotWrittenDown) {
  World world;
  {
    Device device(world);
    device.ask(kHello);
    device.ask(channel_frame("unregister"));
  }
  EXPECT_TRUE(world.store.locations.empty());
  EXPECT_EQ(world.store.leaves, 0u);
}

TEST(WebPushSession, V2TheFirstRegisterMakesTheDeviceKnown) {
  World world;
  Device device(world);
  const auto uaid = member(device.ask(kHello), "uaid");
  const auto user_agent = *world.tokens.verify(uaid);
  const std::string reply = device.ask(channel_frame("register"));
  const auto url = member(reply, "pushEndpoint");
  EXPECT_EQ(reply, R"({"messageType":"register","channelID":"d9b74644-4f97-46aa-b8fa-9393985cd6cd","status":200,)"
                   R"("pushEndpoint":")" +
                       url + "\"}");
  ASSERT_TRUE(url.starts_with("https://push.example.com/wpush/v1/"));
  const auto endpoint = world.endpoints.read_webpush(url.substr(24));
  ASSERT_TRUE(endpoint);
  EXPECT_EQ(endpoint->user_agent, user_agent);
  EXPECT_EQ(endpoint->channel, test::channel_id());
  EXPECT_EQ(endpoint->restricted_to, std::nullopt);
  ASSERT_EQ(world.store.registered.size(), 1u);
  EXPECT_EQ(world.store.registered[0].first.id, endpoint->app());
  EXPECT_EQ(world.store.registered[0].first.kind, PayloadKind::kWebPush);
  EXPECT_EQ(world.store.locations[user_agent].kind, LocationKind::kWebSocket);
  EXPECT_EQ(device.ask(channel_frame("register")), reply) << "repeating it changes nothing";
}

TEST(WebPushSession, V3AKeyRestrictsTheEndpoint) {
  World world;
  Device device(world);
  say_hello(world, device);
  std::string url;
  for (const auto* padding : {"=", ""}) {
    url = member(device.ask(channel_frame("register", R"(,"key":")" + std::string(kKey) + padding + "\"")),
                 "pushEndpoint");
    ASSERT_TRUE(url.starts_with("https://push.example.com/wpush/v2/")) << url;
    EXPECT_EQ(world.endpoints.read_webpush(url.substr(24))->restricted_to, sha256(*from_base64url(kKey)));
  }
  EXPECT_NE(member(device.ask(channel_frame("register")), "pushEndpoint"), url);
}

TEST(WebPushSession, V4AKeyThatCanNotBeUsedIsRefusedAndTheConnectionStays) {
  World world;
  Device device(world);
  say_hello(world, device);
  EXPECT_EQ(device.ask(channel_frame("register", R"(,"key":"!!!")")),
            R"({"messageType":"register","channelID":"d9b74644-4f97-46aa-b8fa-9393985cd6cd","status":400,)"
            R"("pushEndpoint":"Failed to generate endpoint"})");
  EXPECT_TRUE(world.store.registered.empty());
  EXPECT_EQ(member(device.ask(channel_frame("register")), "status"), "200");
}

TEST(WebPushSession, V5ANotificationAndItsAck) {
  World world;
  Device device(world);
  say_hello(world, device);
  const auto message = webpush_message(world, 1, "\x0c\x6b\xfa\xad");
  world.announce(message, {1});
  world.executor.run();
  EXPECT_EQ(device.take(), R"({"messageType":"notification","channelID":"d9b74644-4f97-46aa-b8fa-9393985cd6cd",)"
                           R"("version":")" +
                               message->id.hex() + R"(","data":"DGv6rQ","headers":{"encoding":"aes128gcm"}})");
  ack(world, device, message, 101);
  EXPECT_EQ(device.take(), "");
  ASSERT_EQ(world.queue.events().size(), 1u);
  EXPECT_EQ(world.queue.events()[0].message, message->id);
  EXPECT_EQ(world.queue.events()[0].state, DeliveryState::kAcked) << "an undecipherable one is done too";
  EXPECT_EQ(world.metrics.counters["herald_device_reports_total kind=ack code=101"].value(), 1u);
}

TEST(WebPushSession, V6AnEmptyBodyHasNeitherDataNorHeaders) {
  World world;
  Device device(world);
  say_hello(world, device);
  world.announce(webpush_message(world, 1, ""), {1});
  world.executor.run();
  const std::string frame = device.take();
  EXPECT_EQ(member(frame, "messageType"), "notification");
  EXPECT_EQ(member(frame, "data"), "<none>");
  EXPECT_EQ(member(frame, "headers"), "<none>");
}

TEST(WebPushSession, V7AndV8StoredMessagesFollowTheHelloReplyTenAtATime) {
  World world;
  std::vector<MessagePtr> messages;
  for (int n = 0; n < 25; ++n) messages.push_back(webpush_message(world, 1));
  Device device(world);
  const std::string first = device.ask(hello_of(world.token(1)));
  EXPECT_TRUE(first.starts_with(R"({"messageType":"hello")")) << "nothing may be sent before it";
  EXPECT_EQ(count(first, "notification"), 10u);
  std::size_t got = 10;
  for (const auto& message : messages) {
    ack(world, device, message);
    got += count(device.take(), "notification");
  }
  EXPECT_EQ(got, 25u) << "each ack makes room for another one";
}

TEST(WebPushSession, V12UnackedOnesComeAgainWithTheSameVersion) {
  World world;
  const auto message = webpush_message(world, 1);
  std::string first;
  {
    Device device(world);
    first = device.ask(hello_of(world.token(1)));
  }
  Device again(world);
  EXPECT_EQ(again.ask(hello_of(world.token(1))), first);
  EXPECT_NE(first.find(message->id.hex()), std::string::npos);
}

TEST(WebPushSession, V10AndV13TransientMessagesReachOnlyWhoIsConnected) {
  World world;
  {
    Device device(world);
    say_hello(world, device);
    const auto message = webpush_message(world, 1, "now", Urgency::kNormal, true);
    world.announce(message, {1});
    world.executor.run();
    EXPECT_EQ(count(device.take(), message->id.hex()), 1u);
    EXPECT_EQ(world.queue.events().at(0).state, DeliveryState::kSent) << "not tracked for an ack";
  }
  Device again(world);
  EXPECT_EQ(count(again.ask(hello_of(world.token(1))), "notification"), 0u);
}

TEST(WebPushSession, ATransientMessageIsNotForWhoCameAfterIt) {
  World world;
  Device before(world);
  before.ask(hello_of(world.token(2)));
  const auto for_before = webpush_message(world, 2, "now", Urgency::kNormal, true);
  const auto message = webpush_message(world, 1, "now", Urgency::kNormal, true);
  world.clock.advance(milliseconds(1));
  Device after(world);
  say_hello(world, after);
  world.announce(for_before, {2});
  world.announce(message, {1});
  world.executor.run();
  EXPECT_EQ(count(before.take(), for_before->id.hex()), 1u) << "was there, whatever routing took";
  EXPECT_EQ(after.take(), "");
  const auto next = webpush_message(world, 1, "now", Urgency::kNormal, true);
  world.announce(next, {1});
  world.executor.run();
  EXPECT_EQ(count(after.take(), next->id.hex()), 1u);
}

TEST(WebPushSession, ATransientMessageFindsItsWayPastAFullWindow) {
  World world;
  Device device(world);
  for (int n = 0; n < 25; ++n) webpush_message(world, 1);
  device.ask(hello_of(world.token(1)));
  auto announcement = world.announcement(webpush_message(world, 1, "now", Urgency::kNormal, true), {1});
  announcement.expires_at = world.clock.wall() + milliseconds(1'000);
  world.role.deliver({announcement});
  world.executor.run();
  EXPECT_EQ(count(device.take(), announcement.message.hex()), 1u);
  const auto durable = world.announcement(webpush_message(world, 1), {1});
  world.role.deliver({durable});
  world.executor.run();
  EXPECT_EQ(device.take(), "") << "others wait for acks";
}

TEST(WebPushSession, V14PingsAreAnsweredButNotTooOften) {
  World world;
  Device device(world);
  say_hello(world, device);
  EXPECT_EQ(device.ask("{}"), "{}");
  world.timers.advance(milliseconds(45'000));
  EXPECT_EQ(device.ask(R"({"messageType":"ping"})"), "{}");
  world.timers.advance(milliseconds(44'999));
  EXPECT_EQ(device.ask("{}"), "") << "W12";
  expect_closed(device, CloseCode::kInternalError, "SM");
}

TEST(WebPushSession, TheIntervalOfPingsCanBeSet) {
  Limits limits;
  limits.webapp_ping_interval_min_ms = 0;
  World world(limits);
  Device device(world);
  say_hello(world, device);
  for (int n = 0; n < 3; ++n) EXPECT_EQ(device.ask("{}"), "{}");
}

TEST(WebPushSession, TheWindowHasALimitOfItsOwn) {
  Limits limits;
  limits.webpush_unacked_window = 3;
  limits.unacked_window = 5;
  World world(limits);
  for (int n = 0; n < 7; ++n) webpush_message(world, 1);
  for (int n = 0; n < 7; ++n) test::version_message(world, 2, "c", static_cast<std::uint64_t>(n) + 1);
  Device web(world);
  EXPECT_EQ(count(web.ask(hello_of(world.token(1))), "notification"), 3u);
  Device simple(world);
  EXPECT_EQ(count(simple.ask(R"({"messageType":"hello","uaid":")" + world.token(2) + R"(","wakeup_hostport":{}})"),
                  "notification"),
            5u);
}

TEST(WebPushSession, V15ASecondConnectionTakesOver) {
  World world;
  Device first(world);
  say_hello(world, first);
  Device second(world);
  say_hello(world, second);
  EXPECT_TRUE(first.socket.closed);
  EXPECT_FALSE(second.socket.closed);
  world.announce(webpush_message(world, 1), {1});
  world.executor.run();
  EXPECT_EQ(count(second.take(), "notification"), 1u);
}

TEST(WebPushSession, V16AndW16TheUaidIsKeptIfItVerifies) {
  World world;
  Device device(world);
  EXPECT_EQ(member(device.ask(hello_of(world.token(1))), "uaid"), world.token(1));
  const std::string own = world.token(1);
  for (const std::string& uaid :
       {std::string("11111111-1111-4111-8111-111111111111"), std::string("not-a-uuid"), std::string(),
        own.substr(0, own.size() - 1) + (own.back() == 'A' ? "B" : "A"), own + "A"}) {
    Device stranger(world);
    const std::string reply = stranger.ask(hello_of(uaid));
    EXPECT_EQ(member(reply, "status"), "200") << uaid;
    EXPECT_NE(member(reply, "uaid"), uaid);
    EXPECT_TRUE(world.tokens.verify(member(reply, "uaid")));
  }
  EXPECT_FALSE(device.socket.closed) << "nobody took it over";
}

TEST(WebPushSession, V17AndW18UnregisterIsAlways200) {
  World world;
  Device device(world);
  say_hello(world, device);
  device.ask(channel_frame("register"));
  const auto* reply = R"({"messageType":"unregister","channelID":"d9b74644-4f97-46aa-b8fa-9393985cd6cd","status":200})";
  EXPECT_EQ(device.ask(channel_frame("unregister", R"(,"code":200)")), reply);
  EXPECT_TRUE(world.store.registered.empty());
  EXPECT_EQ(device.ask(channel_frame("unregister", R"(,"code":777)")), reply);
  EXPECT_EQ(world.metrics.counters["herald_device_reports_total kind=unregister code=other"].value(), 1u);
}

TEST(WebPushSession, V19Broadcasts) {
  World world;
  world.role.set_broadcast("settings", "v2");
  Device device(world);
  EXPECT_EQ(count(device.ask(R"({"messageType":"hello","use_webpush":true,"broadcasts":{"settings":"v1","nope":"1"}})"),
                  R"("broadcasts":{"settings":"v2","errors":{"nope":"Broadcast not found"}})"),
            1u);
  EXPECT_EQ(device.ask(R"({"messageType":"broadcast_subscribe","broadcasts":{"settings":"v2"}})"), "") << "equal";
  EXPECT_EQ(device.ask(R"({"messageType":"broadcast_subscribe","broadcasts":{"nope":"1"}})"),
            R"({"messageType":"broadcast","broadcasts":{"errors":{"nope":"Broadcast not found"}}})");
  world.role.set_broadcast("settings", "v2");
  EXPECT_EQ(device.take(), "") << "no change";
  world.role.set_broadcast("settings", "v3");
  world.role.set_broadcast("other", "v1");
  EXPECT_EQ(device.take(), R"({"messageType":"broadcast","broadcasts":{"settings":"v3"}})");
  world.role.set_broadcast("settings", std::nullopt);
  world.role.set_broadcast("settings", "v4");
  EXPECT_EQ(count(device.take(), "v4"), 1u) << "it came back";
  device.drop();
  world.role.set_broadcast("settings", "v5");
}

TEST(WebPushSession, V20AndW17NacksAndAcksOfUnknownVersionsAreOnlyCounted) {
  World world;
  Device device(world);
  say_hello(world, device);
  EXPECT_EQ(device.ask(R"({"messageType":"nack","version":"x","code":302})"), "");
  EXPECT_EQ(device.ask(R"({"messageType":"nack","version":"x","code":999})"), "");
  EXPECT_EQ(device.ask(R"({"messageType":"ack","updates":[{"channelID":")" + std::string(kChannel) +
                       R"(","version":"never sent"}]})"),
            "");
  EXPECT_EQ(world.metrics.counters["herald_device_reports_total kind=nack code=302"].value(), 1u);
  EXPECT_EQ(world.metrics.counters["herald_device_reports_total kind=nack code=other"].value(), 1u);
  EXPECT_TRUE(world.queue.events().empty());
  EXPECT_FALSE(device.socket.closed);
}

struct Row {
  const char* name;
  bool after_hello;
  std::string frame;
  const char* reason;
};

TEST(WebPushSession, RowsThatEndTheConnectionWith1011) {
  const std::vector<Row> rows = {
      {"W1", false, "{}", "SM"},
      {"W1", false, channel_frame("register"), "SM"},
      {"W1", false, R"({"messageType":"ack","updates":[]})", "SM"},
      {"W3", true, "{oops", "Json"},
      {"W3", true, "[]", "Json"},
      {"W3", true, "\"x\"", "Json"},
      {"W3", true, "5", "Json"},
      {"W4", false, R"({"messageType":"dance"})", "Json"},
      {"W4", true, R"({"messageType":"dance"})", "Json"},
      {"W5", true, std::string(kHello), "SM"},
      {"W6", true, R"({"messageType":"register"})", "Json"},
      {"W7", true, R"({"messageType":"register","channelID":"D9B74644-4F97-46AA-B8FA-9393985CD6CD"})", "SM"},
      {"W10", true, R"({"messageType":"unregister","channelID":"x"})", "Json"},
      {"W11", true, R"({"messageType":"ack"})", "Json"},
      {"W15", false, R"({"messageType":"hello","use_webpush":true,"broadcasts":[]})", "Json"},
  };
  for (const Row& row : rows) {
    World world;
    Device device(world);
    if (row.after_hello) say_hello(world, device);
    EXPECT_EQ(device.ask(row.frame), "") << row.name << " " << row.frame;
    expect_closed(device, CloseCode::kInternalError, row.reason);
  }
}

TEST(WebPushSession, W13BinaryIsRefused) {
  World world;
  Device device(world);
  say_hello(world, device);
  device.send_binary();
  EXPECT_EQ(device.socket.closed, CloseCode::kUnsupportedData);
}

TEST(WebPushSession, TooManyBroadcastsAtOnce) {
  Limits limits;
  limits.broadcasts_per_device = 1;
  World world(limits);
  Device device(world);
  device.ask(R"({"messageType":"hello","use_webpush":true,"broadcasts":{"a":"1","b":"1"}})");
  EXPECT_EQ(device.socket.closed, CloseCode::kPolicyViolation);
}

TEST(WebPushSession, FramesBehindTheHelloWaitForIt) {
  World world;
  Device device(world);
  device.send(hello_of(world.token(1)));
  device.send(channel_frame("register"));
  EXPECT_EQ(device.take(), "");
  world.executor.run();
  const std::string replies = device.take();
  EXPECT_TRUE(replies.starts_with(R"({"messageType":"hello")")) << replies;
  EXPECT_EQ(count(replies, R"({"messageType":"register")"), 1u);

  Device twice(world);
  twice.send(hello_of(world.token(1)));
  twice.send(hello_of(world.token(1)));
  world.executor.run();
  EXPECT_EQ(count(twice.take(), R"({"messageType":"hello")"), 1u) << "never two replies";
  expect_closed(twice, CloseCode::kInternalError, "SM");
}

TEST(WebPushSession, AFloodOfFramesEndsTheConnection) {
  World world;
  Device device(world);
  device.send(hello_of(world.token(1)));
  for (std::size_t n = 0; n <= kRequestsWaitingMax; ++n) device.send(channel_frame("register"));
  EXPECT_EQ(device.socket.closed, CloseCode::kPolicyViolation);
  world.executor.run();
  EXPECT_EQ(device.take(), "");
}

TEST(WebPushSession, AFailingStoreIsSaid) {
  World world;
  Device device(world);
  say_hello(world, device);
  world.store.failing = true;
  EXPECT_EQ(member(device.ask(channel_frame("register")), "status"), "500");
  EXPECT_EQ(member(device.ask(channel_frame("unregister")), "status"), "500");
  EXPECT_FALSE(device.socket.closed);
  Device fresh(world, 3);
  fresh.ask(kHello);
  EXPECT_EQ(member(fresh.ask(channel_frame("register")), "status"), "500");
  world.store.failing = false;
  EXPECT_EQ(member(fresh.ask(channel_frame("register")), "status"), "200") << "later may work";
  world.store.failing = true;
  Device other(world, 2);
  EXPECT_EQ(other.ask(hello_of(world.token(2))), "");
  expect_closed(other, CloseCode::kInternalError, "SM");
}

TEST(WebPushSession, AnswersAfterTheEndAreDropped) {
  World world;
  Device device(world);
  say_hello(world, device);
  device.send(channel_frame("register"));
  device.drop();
  Device hasty(world);
  hasty.send(hello_of(world.token(1)));
  hasty.drop();
  world.executor.run();
}

TEST(WebPushSession, LessUrgentMessagesWaitUntilTheyAreWanted) {
  World world;
  Device device(world);
  say_hello(world, device);
  EXPECT_EQ(device.ask(R"({"messageType":"urgency","min":"high"})"),
            R"({"messageType":"urgency","min":"high","status":200})");
  const auto low = webpush_message(world, 1, "x", Urgency::kLow);
  const auto high = webpush_message(world, 1, "x", Urgency::kHigh);
  world.announce(low, {1});
  world.announce(high, {1});
  world.executor.run();
  std::string got = device.take();
  EXPECT_EQ(count(got, low->id.hex()), 0u);
  EXPECT_EQ(count(got, high->id.hex()), 1u);
  EXPECT_EQ(device.ask(R"({"messageType":"urgency","min":"utmost"})"), "");
  got = device.ask(R"({"messageType":"urgency","min":"low"})");
  EXPECT_EQ(count(got, low->id.hex()), 1u) << got;
  EXPECT_EQ(count(got, high->id.hex()), 0u) << "that one is on its way already";
}

TEST(WebPushSession, MessagesOfAnotherGenerationStayInTheStore) {
  World world;
  const auto old = world.store_message({1});
  const auto version = test::version_message(world, 1, "c1", 5);
  const auto own = webpush_message(world, 1);
  Device device(world);
  const std::string got = device.ask(hello_of(world.token(1)));
  EXPECT_EQ(count(got, own->id.hex()), 1u);
  EXPECT_EQ(count(got, "notification"), 1u);
  world.announce(old, {1});
  world.announce(version, {1});
  world.executor.run();
  EXPECT_EQ(device.take(), "");

  Device flow(world);
  const std::string as_2012 = flow.ask(flow.register_frame());
  EXPECT_EQ(count(as_2012, old->id.hex()), 1u);
  EXPECT_EQ(count(as_2012, own->id.hex()), 0u);
  const std::string all =
      flow.ask(R"({"data":{"uatoken":")" + world.token(1) + R"("},"messageType":"getAllMessages"})");
  EXPECT_EQ(count(all, old->id.hex()), 1u);
  EXPECT_EQ(count(all, own->id.hex()) + count(all, version->id.hex()), 0u);
}

TEST(WebPushSession, DamagedMessagesAreSkipped) {
  World world;
  Message damaged;
  damaged.kind = PayloadKind::kWebPush;
  damaged.meta = "?";
  world.store_message({1}, damaged);
  const auto good = webpush_message(world, 1);
  Device device(world);
  const std::string got = device.ask(hello_of(world.token(1)));
  EXPECT_EQ(count(got, "notification"), 1u);
  EXPECT_EQ(count(got, good->id.hex()), 1u);
}

// Whatever the order of posts, acks and reconnects: every message arrives, none after its ack, never more than ten
// unacked on one connection.
TEST(WebPushSession, RandomisedDeliveryLosesNothing) {
  for (unsigned seed = 1; seed <= 10; ++seed) {
    World world;
    std::mt19937 random(seed);
    auto device = std::make_unique<Device>(world);
    device->send(hello_of(world.token(1)));
    std::map<std::string, MessagePtr> known;
    std::set<std::string> unacked;
    std::set<std::string> acked;
    const auto drain = [&] {
      world.executor.run();
      for (const auto& frame : std::exchange(device->socket.texts, {})) {
        if (member(frame, "messageType") != "notification") continue;
        const auto version = member(frame, "version");
        ASSERT_FALSE(acked.contains(version)) << "seed " << seed;
        ASSERT_TRUE(unacked.insert(version).second) << "twice on one connection, seed " << seed;
      }
      ASSERT_LE(unacked.size(), 10u);
    };
    const auto ack_one = [&] {
      const auto at = std::next(unacked.begin(), static_cast<std::ptrdiff_t>(random() % unacked.size()));
      const std::string version = *at;
      unacked.erase(at);
      acked.insert(version);
      ack(world, *device, known.at(version));
    };
    for (int step = 0; step < 200; ++step) {
      const auto dice = random() % 10;
      if (dice < 4) {
        const auto message = webpush_message(world, 1);
        known[message->id.hex()] = message;
        world.announce(message, {1});
      } else if (dice < 8 && !unacked.empty()) {
        ack_one();
      } else if (dice == 9) {
        unacked.clear();
        device = std::make_unique<Device>(world);
        device->send(hello_of(world.token(1)));
      }
      if (random() % 2 == 0) drain();
    }
    for (drain(); !unacked.empty(); drain()) ack_one();
    EXPECT_EQ(acked.size(), known.size()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace herald::roles::user_agent_ws
