#include "roles/user_agent_ws/user_agent_ws.h"

#include <gtest/gtest.h>

#include "roles/user_agent_ws/connection.h"
#include "roles/user_agent_ws/test_world.h"

namespace herald::roles::user_agent_ws {
namespace {

using std::chrono::milliseconds;
using test::Device;
using test::World;
using transport::CloseCode;
using transport::HttpResponse;

std::variant<transport::WebSocketAccept, HttpResponse> upgrade(World& world, std::string_view protocols) {
  transport::HttpRequest request;
  request.method = "GET";
  if (!protocols.empty()) request.headers = {{"Sec-WebSocket-Protocol", protocols}};
  return world.role.on_upgrade(request);
}

// Which of the stored messages the device was sent, in order, by the last byte of their ids.
std::vector<int> received(Device& device) {
  std::vector<int> numbers;
  for (const auto& text : std::exchange(device.socket.texts, {})) {
    const auto at = text.find(R"("message":")");
    if (at != std::string::npos) numbers.push_back(std::stoi(text.substr(at + 11)));
  }
  return numbers;
}

TEST(UserAgentWs, AnIdleDeviceIsSmall) {
  EXPECT_LE(sizeof(Connection), 88u);
}

TEST(UserAgentWs, SelectsTheSubprotocolOrNone) {
  World world;
  auto accepted = upgrade(world, "chat, push-notification");
  ASSERT_TRUE(std::holds_alternative<transport::WebSocketAccept>(accepted));
  EXPECT_EQ(std::get<transport::WebSocketAccept>(accepted).subprotocol, "push-notification");
  auto without = upgrade(world, "");
  ASSERT_TRUE(std::holds_alternative<transport::WebSocketAccept>(without)) << "some Web Push clients offer none";
  EXPECT_EQ(std::get<transport::WebSocketAccept>(without).subprotocol, "");
  for (const auto* offered : {"chat", "push-notification2"}) {
    auto refused = upgrade(world, offered);
    ASSERT_TRUE(std::holds_alternative<HttpResponse>(refused));
    EXPECT_EQ(std::get<HttpResponse>(refused).status, 400);
    EXPECT_NE(std::get<HttpResponse>(refused).body.find("push-notification"), std::string::npos);
  }
}

TEST(UserAgentWs, OnlyWebPushDoesWithoutTheSubprotocol) {
  World world;
  Device flow(world, 1, false);
  EXPECT_EQ(flow.ask(flow.register_frame()),
            R"({ "error": "The WebSocket subprotocol push-notification is required" })");
  EXPECT_EQ(flow.socket.closed, CloseCode::kPolicyViolation);
  Device simple(world, 1, false);
  EXPECT_EQ(simple.ask(R"({"messageType":"hello","channelIDs":[]})"),
            R"({"messageType":"hello","status":460,"reason":"Failed registering UAID"})");
  EXPECT_EQ(simple.socket.closed, CloseCode::kPolicyViolation);
  Device web(world, 1, false);
  EXPECT_NE(web.ask(R"({"messageType":"hello","use_webpush":true})").find("\"status\":200"), std::string::npos);
}

TEST(UserAgentWs, AFirstFrameThatTellsNothingIsRefused) {
  World world;
  for (const auto* text : {"{oops", "[]", "5"}) {
    Device device(world);
    EXPECT_EQ(device.ask(text), R"({ "error": "Data received is not a valid JSON package" })");
    EXPECT_EQ(device.socket.closed, CloseCode::kInternalError);
    EXPECT_EQ(device.socket.close_reason, "Json");
  }
  Device binary(world);
  binary.send_binary();
  EXPECT_EQ(binary.take(), R"({ "error": "Binary messages not yet supported" })");
  EXPECT_EQ(binary.socket.closed, CloseCode::kUnsupportedData);
}

TEST(UserAgentWs, RefusesNewConnectionsWhileDraining) {
  World world;
  Device device(world);
  world.role.drain();
  auto refused = upgrade(world, "push-notification");
  ASSERT_TRUE(std::holds_alternative<HttpResponse>(refused));
  EXPECT_EQ(std::get<HttpResponse>(refused).status, 503);
  device.register_ua();
}

TEST(UserAgentWs, DeliversAnAnnouncedNotificationAndReportsTheAck) {
  World world;
  Device device(world);
  device.register_ua();
  const auto message = world.store_message({1});
  world.announce(message, {1});
  world.executor.run();
  const std::string frame = device.take();
  EXPECT_TRUE(frame.starts_with("[{")) << frame;
  EXPECT_NE(frame.find(message->id.hex()), std::string::npos);
  EXPECT_NE(frame.find("https://push.example.com/notify/" + message->app.hex()), std::string::npos);

  const WallTime sent_at = world.clock.wall();
  world.timers.advance(milliseconds(10));
  device.ack(message);
  ASSERT_EQ(world.queue.events().size(), 1u);
  const auto event = world.queue.events()[0];
  EXPECT_EQ(event.message, message->id);
  EXPECT_EQ(event.user_agent, world.user_agent(1));
  EXPECT_EQ(event.state, DeliveryState::kAcked);
  EXPECT_EQ(event.sent_at, sent_at);
  EXPECT_EQ(event.at, world.clock.wall());
  world.timers.advance(milliseconds(5'000));
  world.executor.run();
  EXPECT_EQ(world.queue.events().size(), 1u) << "no sent event after the ack";
}

TEST(UserAgentWs, OneFetchServesAllThatGathered) {
  World world;
  Device one(world, 1);
  Device two(world, 2);
  one.register_ua();
  two.register_ua();
  const auto a = world.store_message({1, 2});
  const auto b = world.store_message({1});
  const auto c = world.store_message({2});
  world.announce(a, {1, 2});
  world.announce(b, {1});
  world.role.deliver({world.announcement(c, {2}), world.announcement(c, {3})});
  EXPECT_EQ(world.store.fetches.size(), 1u) << "one in flight";
  world.executor.run();
  ASSERT_EQ(world.store.fetches.size(), 2u);
  EXPECT_EQ(world.store.fetches[1], (std::vector<MessageId>{b->id, c->id}));
  EXPECT_EQ(received(one), (std::vector{1, 2}));
  EXPECT_EQ(received(two), (std::vector{1, 3}));
}

TEST(UserAgentWs, WhatEndedMeanwhileIsNotSent) {
  World world;
  Device device(world);
  device.register_ua();
  const auto message = world.store_message({1});
  world.store.messages.erase(message->id);
  world.store.waiting.clear();
  world.announce(message, {1});
  world.executor.run();
  EXPECT_TRUE(received(device).empty());
}

TEST(UserAgentWs, TheWindowIsBoundedAndAcksOpenIt) {
  Limits limits;
  limits.unacked_window = 4;
  limits.pending_page = 2;
  World world(limits);
  Device device(world);
  device.register_ua();
  std::vector<MessagePtr> sent;
  for (int n = 0; n < 10; ++n) {
    sent.push_back(world.store_message({1}));
    world.announce(sent.back(), {1});
  }
  world.executor.run();
  EXPECT_EQ(received(device), (std::vector{1, 2, 3, 4}));
  for (int n = 0; n < 10; ++n) device.ack(sent[static_cast<std::size_t>(n)]);
  EXPECT_EQ(received(device), (std::vector{5, 6, 7, 8, 9, 10}));
}

TEST(UserAgentWs, ASlowReaderCostsOnlyItself) {
  World world;
  Device slow(world, 1);
  Device quick(world, 2);
  slow.register_ua();
  quick.register_ua();
  slow.socket.unsent = kUnsentHighWaterBytes + 1;
  for (int n = 0; n < 3; ++n) world.announce(world.store_message({1, 2}), {1, 2});
  world.executor.run();
  EXPECT_TRUE(received(slow).empty());
  EXPECT_EQ(received(quick), (std::vector{1, 2, 3}));
  slow.drained();
  EXPECT_EQ(received(slow), (std::vector{1, 2, 3}));
}

TEST(UserAgentWs, ASocketThatBlocksDuringTheFetchGetsItLater) {
  World world;
  Device device(world);
  device.register_ua();
  world.announce(world.store_message({1}), {1});
  device.socket.unsent = kUnsentHighWaterBytes + 1;
  world.executor.run();
  EXPECT_TRUE(received(device).empty());
  device.drained();
  EXPECT_EQ(received(device), std::vector{1});
}

TEST(UserAgentWs, UnackedMessagesComeAgainOnTheNextConnection) {
  World world;
  const auto message = world.store_message({1});
  {
    Device first(world);
    first.register_ua();
  }
  ASSERT_EQ(world.queue.events().size(), 1u) << "reported as sent when the connection ended";
  EXPECT_EQ(world.queue.events()[0].state, DeliveryState::kSent);
  EXPECT_EQ(world.store.locations[world.user_agent(1)].kind, LocationKind::kDisconnected);
  Device second(world);
  EXPECT_NE(second.ask(second.register_frame()).find(message->id.hex()), std::string::npos);
}

TEST(UserAgentWs, WhatWasAckedDoesNotComeAgainWhileTheStoreIsBehind) {
  World world;
  const auto acked = world.store_message({1, 2});
  {
    Device first(world);
    first.register_ua();
    first.ack_unrecorded(acked);
  }
  const auto open = world.store_message({1, 2});
  Device second(world);
  second.send(second.register_frame());
  world.executor.run();
  EXPECT_EQ(received(second), std::vector{2}) << "from the store";
  second.ack_unrecorded(open);
  world.announce(acked, {1});
  world.announce(open, {1});
  world.executor.run();
  EXPECT_EQ(received(second), std::vector<int>{}) << "announced late";
  Device other(world, 2);
  other.send(other.register_frame());
  world.executor.run();
  EXPECT_EQ(received(other), (std::vector{1, 2})) << "another device acked nothing";
}

// The store had nothing to record it for.
TEST(UserAgentWs, AnAckThatCameBeforeItsMessageIsReportedAgain) {
  World world;
  Device device(world);
  device.register_ua();
  const auto message = world.store_message({});
  device.ack(message);
  const auto reported = world.queue.events().size();
  world.store.waiting[world.user_agent(1)].insert(message->id);
  world.announce(message, {1});
  world.executor.run();
  EXPECT_EQ(received(device), std::vector<int>{});
  world.timers.advance(milliseconds(1'000));
  world.executor.run();
  ASSERT_EQ(world.queue.events().size(), reported + 1);
  EXPECT_EQ(world.queue.events().back().state, DeliveryState::kAcked);
  EXPECT_EQ(world.queue.events().back().message, message->id);
}

TEST(UserAgentWs, WhatWasAckedComesAgainWhenTheAckMayBeLost) {
  World world;
  const auto message = world.store_message({1});
  Device device(world);
  device.register_ua();
  device.ack_unrecorded(message);
  world.recent_acks.forget_all();
  (void)device.take();
  world.role.look_again();
  world.executor.run();
  EXPECT_EQ(received(device), std::vector{1});
}

TEST(UserAgentWs, WhatStaysUnackedIsReportedAsSentOnce) {
  World world;
  world.store_message({1});
  Device device(world);
  device.register_ua();
  const WallTime sent_at = world.clock.wall();
  world.timers.advance(milliseconds(999));
  world.executor.run();
  EXPECT_TRUE(world.queue.events().empty());
  world.timers.advance(milliseconds(1));
  world.executor.run();
  ASSERT_EQ(world.queue.events().size(), 1u);
  EXPECT_EQ(world.queue.events()[0].state, DeliveryState::kSent);
  EXPECT_EQ(world.queue.events()[0].sent_at, sent_at);
  device.drop();
  EXPECT_EQ(world.queue.events().size(), 1u);
}

TEST(UserAgentWs, EventsOfOneTurnShareOneEnvelope) {
  World world;
  Device device(world);
  device.register_ua();
  std::string ids;
  for (int n = 0; n < 5; ++n) {
    const auto message = world.store_message({1});
    device.send(R"({"messageType":"ack","messageId":")" + message->id.hex() + "\"}");
  }
  world.executor.run();
  EXPECT_EQ(world.queue.publishes, 1u);
  EXPECT_EQ(world.queue.events().size(), 5u);
}

TEST(UserAgentWs, EventsWaitForTheQueueInTheirOrder) {
  World world;
  Device device(world);
  device.register_ua();
  world.queue.failing = true;
  std::vector<MessagePtr> messages;
  for (int n = 0; n < 3; ++n) {
    messages.push_back(world.store_message({1}));
    device.ack(messages.back());
  }
  EXPECT_EQ(world.queue.publishes, 1u) << "no busy repetition";
  world.timers.advance(kRetryDelay);
  world.executor.run();
  EXPECT_EQ(world.queue.publishes, 2u);
  world.queue.failing = false;
  world.timers.advance(kRetryDelay);
  world.executor.run();
  ASSERT_EQ(world.queue.events().size(), 3u);
  for (std::size_t n = 0; n < 3; ++n) EXPECT_EQ(world.queue.events()[n].message, messages[n]->id);
}

TEST(UserAgentWs, AStoreThatFailsDelaysButLosesNothing) {
  World world;
  Device device(world);
  device.register_ua();
  world.store.failing = true;
  world.announce(world.store_message({1}), {1});
  world.announce(world.store_message({1}), {1});
  world.executor.run();
  world.timers.advance(kRetryDelay);
  world.executor.run();
  EXPECT_TRUE(received(device).empty());
  world.store.failing = false;
  world.timers.advance(kRetryDelay);
  world.executor.run();
  EXPECT_EQ(received(device), (std::vector{1, 2}));
  EXPECT_FALSE(device.socket.closed);
}

TEST(UserAgentWs, ASecondConnectionHereTakesOver) {
  World world;
  const auto message = world.store_message({1});
  Device first(world);
  first.register_ua();
  Device second(world);
  second.send(second.register_frame());
  EXPECT_FALSE(first.socket.closed);
  world.executor.run();
  EXPECT_EQ(first.socket.closed, CloseCode::kNormal);
  EXPECT_FALSE(second.socket.closed);
  EXPECT_NE(second.take().find(message->id.hex()), std::string::npos);
  first.drop();
  EXPECT_EQ(world.store.leaves, 0u);
  EXPECT_EQ(world.store.locations[world.user_agent(1)].kind, LocationKind::kWebSocket);
  second.ack(message);
  world.announce(world.store_message({1}), {1});
  world.executor.run();
  EXPECT_EQ(received(second), std::vector{2});
}

TEST(UserAgentWs, AConnectionOnAnotherShardIsToldThere) {
  World world({}, 3);
  world.store.locations[world.user_agent(1)] = {LocationKind::kWebSocket, "WS1", 1, 77};
  Device device(world);
  device.register_ua();
  ASSERT_EQ(world.told.size(), 1u);
  EXPECT_EQ(world.told[0].first, 1u);
  EXPECT_EQ(world.told[0].second.connection, 77u);
  EXPECT_EQ(world.told[0].second.user_agent, world.user_agent(1));
  EXPECT_EQ(world.store.locations[world.user_agent(1)].shard, 3u);
}

TEST(UserAgentWs, AConnectionOnAnotherServerIsToldByItsQueue) {
  World world;
  world.store.locations[world.user_agent(1)] = {LocationKind::kWebSocket, "WS2", 1, 77};
  Device device(world);
  device.register_ua();
  ASSERT_EQ(world.queue.published.size(), 1u);
  EXPECT_EQ(world.queue.published[0].first, "WS2");
  const auto envelope = protocol::queue::decode_for_server(world.queue.published[0].second);
  ASSERT_TRUE(envelope);
  EXPECT_EQ(std::get<protocol::queue::TakenOver>(*envelope).connection, 77u);
}

TEST(UserAgentWs, IsTakenOverByNumberEvenWhileItRegisters) {
  World world;
  Device device(world);
  device.send(device.register_frame());
  const Location here = world.store.locations[world.user_agent(1)];
  world.store.locations[world.user_agent(1)] = {LocationKind::kWebSocket, "WS2", 0, 5};
  world.role.taken_over({world.user_agent(1), 0, here.connection});
  EXPECT_EQ(device.socket.closed, CloseCode::kNormal);
  world.executor.run();
  EXPECT_TRUE(device.socket.texts.empty());
  EXPECT_EQ(world.store.locations[world.user_agent(1)].server, "WS2");
  world.role.taken_over({world.user_agent(1), 0, here.connection});
  world.role.taken_over({world.user_agent(1), 0, 0});
}

TEST(UserAgentWs, ALateNoticeDoesNotCloseTheSuccessor) {
  World world;
  Device first(world);
  first.register_ua();
  const auto old = world.store.locations[world.user_agent(1)].connection;
  first.drop();
  Device second(world);
  second.register_ua();
  world.role.taken_over({world.user_agent(1), 0, old});
  EXPECT_FALSE(second.socket.closed);
}

TEST(UserAgentWs, AConnectionThatEndsWhileItRegistersLeavesNoTrace) {
  World world;
  Device device(world);
  device.send(device.register_frame());
  device.drop();
  EXPECT_EQ(world.store.locations[world.user_agent(1)].kind, LocationKind::kDisconnected);
}

TEST(UserAgentWs, LeavingIsRepeatedUntilTheStoreTakesIt) {
  World world;
  Device device(world);
  device.register_ua();
  world.store.failing = true;
  device.drop();
  EXPECT_EQ(world.store.locations[world.user_agent(1)].kind, LocationKind::kWebSocket);
  world.store.failing = false;
  world.timers.advance(kRetryDelay);
  world.executor.run();
  EXPECT_EQ(world.store.locations[world.user_agent(1)].kind, LocationKind::kDisconnected);
}

TEST(UserAgentWs, LocationThatWasWrittenTooLateIsTakenBack) {
  World world;
  const Location late{LocationKind::kWebSocket, "WS1", 0, 4'711};
  world.store.locations[world.user_agent(1)] = late;
  world.role.located_late(world.user_agent(1), late, Location{});
  world.executor.run();
  EXPECT_EQ(world.store.locations[world.user_agent(1)].kind, LocationKind::kDisconnected);
}

TEST(UserAgentWs, LocationThatWasWrittenLateStaysWhileItsDeviceIsOnlineThere) {
  World world;
  Device device(world);
  device.register_ua();
  const Location here = world.store.locations[world.user_agent(1)];
  world.role.located_late(world.user_agent(1), here, Location{});
  world.executor.run();
  EXPECT_EQ(world.store.locations[world.user_agent(1)], here);
}

TEST(UserAgentWs, ConnectionThatALateLocationReplacedIsTakenOver) {
  World world;
  Device device(world);
  device.register_ua();
  const Location here = world.store.locations[world.user_agent(1)];
  world.role.located_late(world.user_agent(1), {LocationKind::kWebSocket, "WS1", 0, 4'711}, here);
  world.executor.run();
  EXPECT_EQ(device.socket.close_reason, "taken over");
}

// The messages on UDP1's queue, all for device `n`; 0: for any.
std::vector<MessageId> announced_to_the_waker(const World& world, std::uint8_t n = 1) {
  std::vector<MessageId> ids;
  for (const auto& [queue, body] : world.queue.published) {
    if (queue != "UDP1") continue;
    const auto deliver = std::get<protocol::queue::Deliver>(*protocol::queue::decode_for_server(body));
    if (n != 0) {
      EXPECT_EQ(deliver.targets.at(0).user_agent, world.user_agent(n));
    }
    ids.push_back(deliver.message);
  }
  return ids;
}

TEST(UserAgentWs, WhatIsPendingWhenADeviceFallsAsleepIsAnnouncedToItsWaker) {
  World world;
  const auto before = world.store_message({1});
  Device device(world);
  device.ask(device.register_frame(R"(,"interface":{"ip":"127.0.0.1"})"));
  const auto announced = [&] { return announced_to_the_waker(world); };
  EXPECT_EQ(announced(), std::vector{before->id});
  world.queue.published.clear();

  Device awake(world);
  awake.register_ua();
  EXPECT_EQ(world.store.locations[world.user_agent(1)].kind, LocationKind::kWebSocket);
  awake.drop();
  EXPECT_EQ(world.store.locations[world.user_agent(1)].kind, LocationKind::kSleeping);
  EXPECT_EQ(announced(), std::vector{before->id});
  world.queue.published.clear();

  Device acking(world);
  acking.register_ua();
  acking.ack_unrecorded(before);
  acking.drop();
  EXPECT_EQ(announced(), std::vector<MessageId>{}) << "nothing to wake it for";
}

// An app that is not acked fills the first page; what wakes the device stands behind it.
TEST(UserAgentWs, AnUrgentMessageBehindAnAppThatIsNotAckedIsAnnouncedToTheWaker) {
  Limits limits;
  limits.pending_page = 4;
  World world(limits);
  Message message;
  message.priority = Priority::kPassive;
  for (int i = 0; i < 9; ++i) (void)world.store_message({1}, message);
  message.priority = Priority::kRealTime;
  const auto urgent = world.store_message({1}, message);
  Device device(world);
  device.ask(device.register_frame(R"(,"interface":{"ip":"127.0.0.1"})"));
  EXPECT_EQ(announced_to_the_waker(world), std::vector{urgent->id});
}

TEST(UserAgentWs, AnAnnouncementToTheWakerIsRepeatedUntilItIsTaken) {
  World world;
  const auto before = world.store_message({1});
  Device device(world);
  world.queue.failing = true;
  device.ask(device.register_frame(R"(,"interface":{"ip":"127.0.0.1"})"));
  world.store.failing = true;
  world.timers.advance(kRetryDelay);
  world.executor.run();
  world.queue.failing = false;
  world.timers.advance(kRetryDelay);
  world.executor.run();
  EXPECT_EQ(announced_to_the_waker(world), std::vector<MessageId>{}) << "the store is still away";
  world.store.failing = false;
  world.timers.advance(kRetryDelay);
  world.executor.run();
  EXPECT_EQ(announced_to_the_waker(world), std::vector{before->id});
  world.queue.published.clear();
  world.timers.advance(kRetryDelay);
  world.executor.run();
  EXPECT_EQ(announced_to_the_waker(world), std::vector<MessageId>{}) << "once";
}

TEST(UserAgentWs, ADeviceThatIsBackIsNotAnnouncedToTheWaker) {
  World world;
  (void)world.store_message({1});
  Device asleep(world);
  world.queue.failing = true;
  asleep.ask(asleep.register_frame(R"(,"interface":{"ip":"127.0.0.1"})"));
  Device awake(world);
  awake.register_ua();
  world.queue.failing = false;
  world.timers.advance(kRetryDelay);
  world.executor.run();
  EXPECT_EQ(announced_to_the_waker(world), std::vector<MessageId>{});
}

TEST(UserAgentWs, ManyAnnouncementsThatWereRefusedFollowOverTime) {
  World world;
  world.queue.failing = true;
  constexpr int kDevices = 300;
  for (int i = 1; i <= kDevices; ++i) {
    UserAgentId id;
    id.bytes.fill(0x77);
    id.bytes[0] = static_cast<std::uint8_t>(i);
    id.bytes[1] = static_cast<std::uint8_t>(i >> 8);
    const auto message = world.store_message({});
    world.store.waiting[id].insert(message->id);
    world.store.wakes[id] = {"127.0.0.1", 5000};
    world.store.locations[id] = {LocationKind::kWebSocket, "WS1", 0, 99};
    world.role.deliver({{message->id, message->app, message->priority, message->expires_at, {{id, 0}}}});
  }
  world.executor.run();
  world.queue.failing = false;
  world.timers.advance(kRetryDelay);
  world.executor.run();
  EXPECT_LT(announced_to_the_waker(world, 0).size(), kDevices);
  world.timers.advance(kRetryDelay);
  world.executor.run();
  EXPECT_EQ(announced_to_the_waker(world, 0).size(), kDevices);
}

TEST(UserAgentWs, ALocationLeftOverFromAnEarlierRunIsTakenBack) {
  World world;
  const auto message = world.store_message({1, 2, 3});
  world.store.wakes[world.user_agent(1)] = {"127.0.0.1", 5000};
  world.store.locations[world.user_agent(1)] = {LocationKind::kWebSocket, "WS1", 0, 77};
  world.store.locations[world.user_agent(2)] = {LocationKind::kWebSocket, "WS1", 9, 78};
  world.store.locations[world.user_agent(3)] = {LocationKind::kWebSocket, "WS1", 1, 79};
  world.announce(message, {1, 2, 3});
  world.executor.run();
  EXPECT_EQ(world.store.locations[world.user_agent(1)].kind, LocationKind::kSleeping);
  EXPECT_EQ(world.store.locations[world.user_agent(2)].kind, LocationKind::kDisconnected);
  EXPECT_EQ(world.store.locations[world.user_agent(3)].kind, LocationKind::kWebSocket) << "another shard's";
  ASSERT_EQ(world.queue.published.size(), 1u);
  EXPECT_EQ(world.queue.published[0].first, "UDP1");
}

TEST(UserAgentWs, ADeviceThatIsJustRegisteringIsNotTakenForALeftOver) {
  World world;
  const auto message = world.store_message({1});
  Device device(world);
  device.send(device.register_frame());
  world.announce(message, {1});
  world.executor.run();
  EXPECT_EQ(world.store.locations[world.user_agent(1)].kind, LocationKind::kWebSocket);
  EXPECT_EQ(received(device), std::vector{1});
}

TEST(UserAgentWs, CountsWhatPeopleWatch) {
  World world;
  const auto message = world.store_message({1});
  world.clock.advance(milliseconds(2'000));
  Device device(world);
  device.register_ua();
  EXPECT_EQ(world.metrics.gauges["herald_devices_connected"].value(), 1);
  EXPECT_EQ(world.metrics.counters["herald_notifications_sent_total"].value(), 1u);
  EXPECT_EQ(world.metrics.histograms.at("herald_delivery_seconds priority=1").sum(), 2.0);
  world.clock.advance(milliseconds(500));
  device.ack(message);
  EXPECT_EQ(world.metrics.counters["herald_acks_total"].value(), 1u);
  EXPECT_EQ(world.metrics.histograms.at("herald_ack_seconds").sum(), 0.5);
  device.ask("{oops");
  EXPECT_EQ(world.metrics.counters["herald_refusals_total reason=not_json"].value(), 1u);
  device.drop();
  EXPECT_EQ(world.metrics.gauges["herald_devices_connected"].value(), 0);
  EXPECT_EQ(world.metrics.gauges["herald_device_connections"].value(), 0);
}

TEST(UserAgentWs, AtMostSoManyPagesAreReadAtATime) {
  World world;
  std::vector<std::unique_ptr<Device>> devices;
  for (std::uint8_t n = 1; n <= 200; ++n) {
    world.store_message({n});
    devices.push_back(std::make_unique<Device>(world, n));
    devices.back()->send(devices.back()->register_frame());
  }
  devices[150]->drop();
  world.executor.run();
  EXPECT_EQ(world.store.page_reads, 199u);
  for (std::size_t n = 0; n < 200; ++n) {
    if (n != 150) {
      EXPECT_EQ(received(*devices[n]).size(), 1u) << n;
    }
  }
}

}  // namespace
}  // namespace herald::roles::user_agent_ws
