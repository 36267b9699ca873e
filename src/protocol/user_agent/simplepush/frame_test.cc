#include "protocol/user_agent/simplepush/frame.h"

#include <gtest/gtest.h>

#include "protocol/subscription/webpush_meta.h"

namespace herald::protocol::simplepush {
namespace {

auto parse(std::string_view text) {
  return parse_frame(text, Limits{});
}
template <class T>
T read(std::string_view text) {
  const auto request = parse(text);
  EXPECT_TRUE(request && std::holds_alternative<T>(*request)) << text;
  return std::get<T>(*request);
}
std::string refusal(std::string_view text) {
  const auto request = parse(text);
  return request ? "accepted" : request.error().reply;
}
Hello hello(std::string_view members) {
  return read<Hello>(R"({"messageType":"hello",)" + std::string(members) + "}");
}

TEST(SimplePushFrame, HelloListsChannelsOrDoesNot) {
  const auto listed = hello(R"("uaid":"U","channelIDs":["c1","c2","c1",5,""])");
  EXPECT_EQ(listed.uaid, "U");
  EXPECT_EQ(listed.channels, (std::vector<std::string>{"c1", "c2"}));
  EXPECT_EQ(hello(R"("uaid":null,"channelIDs":[])").channels, std::vector<std::string>());
  EXPECT_EQ(hello(R"("uaid":null)").channels, std::nullopt);
  EXPECT_EQ(hello(R"("channelIDs":"c1")").channels, std::nullopt);
}

TEST(SimplePushFrame, ADeviceCanBeWokenWithAnAddressAndANetwork) {
  const std::string network = R"(,"mobilenetwork":{"mcc":"214","mnc":"07","netid":"x"})";
  const auto wake = hello(R"("wakeup_hostport":{"ip":"10.0.0.7","port":5000})" + network).wake;
  EXPECT_EQ(wake, (WakeInterface{"10.0.0.7", 5000}));
  EXPECT_EQ(hello(R"("wakeup_hostport":{"ip":"::ffff:10.0.0.7","port":"65534"})" + network).wake,
            (WakeInterface{"10.0.0.7", 65534}));
  EXPECT_EQ(hello(R"("wakeup_hostport":{"ip":"10.0.0.7","port":5000},"mobilenetwork":{"mcc":214,"mnc":7})").wake,
            (WakeInterface{"10.0.0.7", 5000}));
}

TEST(SimplePushFrame, RowP16WhatCanNotBeWokenStaysAwake) {
  const std::string network = R"(,"mobilenetwork":{"mcc":"214","mnc":"07"})";
  for (const auto* host : {R"({"ip":"10.0.0.7","port":0})", R"({"ip":"10.0.0.7","port":65535})", R"({"ip":"10.0.0.7"})",
                           R"({"ip":"999.1.1.1","port":5000})", R"({"ip":"phone","port":5000})", R"({"port":5000})",
                           R"({"ip":"10.0.0.7","port":"abc"})", "5"}) {
    EXPECT_EQ(hello(R"("wakeup_hostport":)" + std::string(host) + network).wake, std::nullopt) << host;
  }
  for (const auto* net : {"{}", R"({"mcc":"214"})", R"({"mcc":"x","mnc":"07"})", "null"}) {
    EXPECT_EQ(hello(R"("wakeup_hostport":{"ip":"10.0.0.7","port":5000},"mobilenetwork":)" + std::string(net)).wake,
              std::nullopt)
        << net;
  }
}

TEST(SimplePushFrame, RowsP3AndP4WhatIsNoObject) {
  for (const auto* text : {"", "{oops", "null", "5", "[]", "\"x\""}) {
    EXPECT_EQ(refusal(text), R"({"status":450,"reason":"Data received is not a valid JSON package"})") << text;
  }
}

TEST(SimplePushFrame, RowP6UnknownTypes) {
  for (const auto* text : {R"({"messageType":"dance"})", R"({"messageType":5})"}) {
    EXPECT_EQ(refusal(text), R"({"status":405,"reason":"messageType not recognized"})") << text;
  }
}

TEST(SimplePushFrame, RowP7ChannelsThatAreNone) {
  const std::string longest(128, 'c');
  EXPECT_EQ(read<Register>(R"({"messageType":"register","channelID":"c1"})").channel, "c1");
  EXPECT_EQ(read<Register>(R"({"messageType":"register","channelID":")" + longest + "\"}").channel, longest);
  EXPECT_EQ(read<Unregister>(R"({"messageType":"unregister","channelID":"c1"})").channel, "c1");
  for (const std::string type : {"register", "unregister"}) {
    for (const std::string& channel : {std::string(), std::string(R"(,"channelID":5)"),
                                       std::string(R"(,"channelID":"")"), R"(,"channelID":"c)" + longest + "\""}) {
      EXPECT_EQ(refusal(R"({"messageType":")" + type + "\"" + channel + "}"),
                R"({"messageType":")" + type + R"(","status":457,"reason":"Not valid channelID sent"})")
          << channel;
    }
  }
}

TEST(SimplePushFrame, AcksTakeVersionsAsNumbersAndText) {
  const auto ack = read<Ack>(
      R"({"messageType":"ack","updates":[{"channelID":"c1","version":5},{"channelID":"c2","version":"9007199254740991"}]})");
  ASSERT_EQ(ack.updates.size(), 2u);
  EXPECT_EQ(ack.updates[0].channel, "c1");
  EXPECT_EQ(ack.updates[0].version, 5u);
  EXPECT_EQ(ack.updates[1].version, kVersionEnd - 1);
  EXPECT_TRUE(ack.refusals.empty());
}

TEST(SimplePushFrame, RowP9AnAckNeedsItsArray) {
  for (const auto* text : {R"({"messageType":"ack"})", R"({"messageType":"ack","updates":{}})"}) {
    EXPECT_EQ(refusal(text), R"({"messageType":"ack","status":457,"reason":"Not valid channelID sent"})");
  }
}

TEST(SimplePushFrame, RowP10BadElementsAreEchoedAndTheOthersHandled) {
  for (const auto* version : {"-1", "1.5", "9007199254740992", "\"abc\"", "null", "\"\""}) {
    const auto ack = read<Ack>(R"({"messageType":"ack","updates":[{"channelID":"c1","version":)" +
                               std::string(version) + R"(},{"channelID":"c2","version":1}]})");
    ASSERT_EQ(ack.refusals.size(), 1u) << version;
    EXPECT_EQ(ack.refusals[0],
              R"({"messageType":"ack","status":457,"reason":"Not valid channelID sent","channelID":"c1","version":)" +
                  std::string(version) + "}");
    ASSERT_EQ(ack.updates.size(), 1u);
    EXPECT_EQ(ack.updates[0].channel, "c2");
  }
  EXPECT_EQ(read<Ack>(R"({"messageType":"ack","updates":[{"version":5},7]})").refusals.size(), 2u);
}

TEST(SimplePushFrame, WhateverNamesNoTypeIsAPing) {
  read<Ping>("{}");
  read<Ping>(R"({"x":1})");
  read<Ping>(R"({"messageType":"ping"})");
}

TEST(SimplePushFrame, RepliesByteForByte) {
  EXPECT_EQ(hello_reply("U1", false), R"({"messageType":"hello","uaid":"U1","status":200})");
  EXPECT_EQ(hello_reply("U1", true), R"({"messageType":"hello","uaid":"U1","status":201})");
  EXPECT_EQ(registered_reply("c\"1", "https://h/spush/v1/x"),
            R"({"messageType":"register","status":200,"pushEndpoint":"https://h/spush/v1/x","channelID":"c\"1"})");
  EXPECT_EQ(register_refusal("c1", 500), R"({"messageType":"register","status":500,"channelID":"c1"})");
  EXPECT_EQ(unregister_reply("c1", 202), R"({"channelID":"c1","messageType":"unregister","status":202})");
  EXPECT_EQ(unknown_channel_reply("c1"),
            R"({"messageType":"unregister","status":457,"reason":"Not valid channelID sent","channelID":"c1"})");
}

TEST(SimplePushFrame, NotificationsGiveTheVersionAsANumber) {
  Message message;
  message.kind = PayloadKind::kSimplePush;
  message.meta = subscription::SimplePushMeta{"c1"}.encode();
  message.body = "9007199254740991";
  EXPECT_EQ(notification_frame(*read_update(message)),
            R"({"messageType":"notification","updates":[{"channelID":"c1","version":9007199254740991}]})");
  message.body = "7x";
  EXPECT_EQ(read_update(message).error().kind, ErrorKind::kCorrupt);
  message.body = "7";
  message.meta = "?";
  EXPECT_EQ(read_update(message).error().kind, ErrorKind::kCorrupt);
}

}  // namespace
}  // namespace herald::protocol::simplepush
