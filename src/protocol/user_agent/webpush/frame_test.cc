#include "protocol/user_agent/webpush/frame.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "protocol/json.h"
#include "protocol/subscription/webpush_meta.h"

namespace herald::protocol::webpush {
namespace {

using subscription::ChannelId;

constexpr std::string_view kChannel = "d9b74644-4f97-46aa-b8fa-9393985cd6cd";
constexpr std::string_view kKey =
    "BHaua9FjTgFEve4UZM4B3ybm2X--1A9cJ0aOJW167zhTpaPpa1fHEWC4wpPYQUxCeQKkRAky5iTVzXqXuBgA5R8";

auto parse(std::string_view text) {
  return parse_frame(text, Limits{});
}
template <class T>
T read(std::string_view text) {
  const auto request = parse(text);
  EXPECT_TRUE(request && std::holds_alternative<T>(*request)) << text;
  return std::get<T>(*request);
}
std::string close_reason(std::string_view text) {
  const auto request = parse(text);
  return request ? "accepted" : std::string(request.error().close_reason);
}
ChannelId channel() {
  return *subscription::parse_channel_id(kChannel);
}
std::string with_channel(std::string_view type, std::string_view more = "") {
  return R"({"messageType":")" + std::string(type) + R"(","channelID":")" + std::string(kChannel) + "\"" +
         std::string(more) + "}";
}
Message message(std::string body, subscription::WebPushMeta meta) {
  Message made;
  made.id.bytes.fill(0x5a);
  made.kind = PayloadKind::kWebPush;
  made.body = std::move(body);
  made.meta = meta.encode();
  return made;
}

TEST(WebPushFrame, HelloGivesUaidAndBroadcasts) {
  const auto hello =
      read<Hello>(R"({"messageType":"hello","uaid":"U","broadcasts":{"a":"1","b":""},"use_webpush":true})");
  EXPECT_EQ(hello.uaid, "U");
  EXPECT_EQ(hello.broadcasts, (BroadcastVersions{{"a", "1"}, {"b", ""}}));
}

TEST(WebPushFrame, AUaidThatIsNoneIsNoError) {
  for (const auto* uaid : {"\"\"", "null", "5", "[]"}) {
    EXPECT_EQ(read<Hello>(R"({"messageType":"hello","uaid":)" + std::string(uaid) + "}").uaid, "") << uaid;
  }
  EXPECT_EQ(read<Hello>(R"({"messageType":"hello"})").uaid, "");
}

TEST(WebPushFrame, RegisterTakesAKeyWithAndWithoutPadding) {
  const auto plain = read<Register>(with_channel("register"));
  EXPECT_EQ(plain.channel, channel());
  EXPECT_FALSE(plain.key || plain.bad_key);
  const auto hash = sha256(*from_base64url(kKey));
  for (const auto* padding : {"", "="}) {
    const auto request = read<Register>(with_channel("register", R"(,"key":")" + std::string(kKey) + padding + "\""));
    EXPECT_EQ(request.key, hash) << padding;
    EXPECT_FALSE(request.bad_key);
  }
}

TEST(WebPushFrame, RowsW8AndW9KeysThatCanNotBeUsed) {
  auto point = *from_base64url(kKey);
  auto compressed = point;
  compressed[0] = 0x02;
  auto off_curve = point;
  off_curve[64] ^= 1;
  const std::vector<std::uint8_t> shorter(point.begin(), point.end() - 1);
  for (const std::string& key : {std::string("!!!"), std::string(), to_base64url(compressed), to_base64url(off_curve),
                                 to_base64url(shorter), to_base64url(std::vector<std::uint8_t>(65, 4))}) {
    EXPECT_TRUE(read<Register>(with_channel("register", R"(,"key":")" + key + "\"")).bad_key) << key;
  }
  EXPECT_TRUE(read<Register>(with_channel("register", R"(,"key":5)")).bad_key);
  EXPECT_FALSE(read<Register>(with_channel("register", R"(,"key":null)")).bad_key);
}

TEST(WebPushFrame, RowsW3AndW4WhatCanNotBeRead) {
  for (const auto* text : {"", "{oops", "[]", "\"x\"", "5", "null", R"({"messageType":"dance"})",
                           R"({"messageType":"Hello"})", R"({"messageType":5})", R"({"x":1})"}) {
    EXPECT_EQ(close_reason(text), "Json") << text;
  }
}

TEST(WebPushFrame, RowsW6AndW7ChannelsInAnotherSpelling) {
  EXPECT_EQ(close_reason(R"({"messageType":"register"})"), "Json");
  EXPECT_EQ(close_reason(R"({"messageType":"register","channelID":5})"), "Json");
  for (const auto* spelling : {"D9B74644-4F97-46AA-B8FA-9393985CD6CD", "d9b746444f9746aab8fa9393985cd6cd", "", "x",
                               "{d9b74644-4f97-46aa-b8fa-9393985cd6cd}", "d9b74644-4f97-46aa-b8fa-9393985cd6c"}) {
    EXPECT_EQ(close_reason(R"({"messageType":"register","channelID":")" + std::string(spelling) + "\"}"), "SM")
        << spelling;
  }
}

TEST(WebPushFrame, UnregisterTellsWhy) {
  EXPECT_EQ(read<Unregister>(with_channel("unregister", R"(,"code":202)")).code, 202);
  EXPECT_EQ(read<Unregister>(with_channel("unregister")).code, 0);
  EXPECT_EQ(close_reason(R"({"messageType":"unregister","channelID":"x"})"), "Json") << "W10";
  EXPECT_EQ(close_reason(R"({"messageType":"unregister"})"), "Json") << "W10";
}

TEST(WebPushFrame, AcksNameMessagesAndCodes) {
  const std::string id(32, 'a');
  const auto ack =
      read<Ack>(R"({"messageType":"ack","updates":[{"channelID":")" + std::string(kChannel) + R"(","version":")" + id +
                R"(","code":102},{"channelID":")" + std::string(kChannel) + R"(","version":"never sent"}]})");
  ASSERT_EQ(ack.updates.size(), 2u);
  EXPECT_EQ(ack.updates[0].message, *MessageId::from_hex(id));
  EXPECT_EQ(ack.updates[0].code, 102);
  EXPECT_EQ(ack.updates[1].message, std::nullopt);
  EXPECT_EQ(ack.updates[1].code, 100) << "delivered, if it does not say";
}

TEST(WebPushFrame, RowW11AcksThatCanNotBeRead) {
  for (const auto* text :
       {R"({"messageType":"ack"})", R"({"messageType":"ack","updates":{}})", R"({"messageType":"ack","updates":[5]})",
        R"({"messageType":"ack","updates":[{"version":"a"}]})",
        R"({"messageType":"ack","updates":[{"channelID":"d9b74644-4f97-46aa-b8fa-9393985cd6cd"}]})",
        R"({"messageType":"ack","updates":[{"channelID":"d9b74644-4f97-46aa-b8fa-9393985cd6cd","version":5}]})"}) {
    EXPECT_EQ(close_reason(text), "Json") << text;
  }
}

TEST(WebPushFrame, NackNeedsAVersion) {
  EXPECT_EQ(read<Nack>(R"({"messageType":"nack","version":"x","code":302})").code, 302);
  EXPECT_EQ(read<Nack>(R"({"messageType":"nack","version":"x"})").code, 0);
  EXPECT_EQ(read<Nack>(R"({"messageType":"nack","version":"x"})").message, std::nullopt);
  const std::string id(32, 'a');
  EXPECT_EQ(read<Nack>(R"({"messageType":"nack","version":")" + id + "\"}").message, *MessageId::from_hex(id));
  EXPECT_EQ(close_reason(R"({"messageType":"nack","code":301})"), "Json");
}

TEST(WebPushFrame, BothSpellingsOfAPing) {
  read<Ping>("{}");
  read<Ping>(R"({"messageType":"ping"})");
}

TEST(WebPushFrame, RowW15BroadcastsMustBeAnObjectOfStrings) {
  for (const auto* broadcasts : {"[]", "5", R"({"a":1})", R"({"a":null})"}) {
    for (const auto* type : {"hello", "broadcast_subscribe"}) {
      EXPECT_EQ(close_reason(R"({"messageType":")" + std::string(type) + R"(","broadcasts":)" + broadcasts + "}"),
                "Json")
          << type << broadcasts;
    }
  }
  EXPECT_TRUE(
      read<BroadcastSubscribe>(R"({"messageType":"broadcast_subscribe","broadcasts":null})").broadcasts.empty());
}

TEST(WebPushFrame, UrgencyNeverEndsTheConnection) {
  EXPECT_EQ(read<SetUrgency>(R"({"messageType":"urgency","min":"very-low"})").least, Urgency::kVeryLow);
  EXPECT_EQ(read<SetUrgency>(R"({"messageType":"urgency","min":"high"})").least, Urgency::kHigh);
  EXPECT_EQ(read<SetUrgency>(R"({"messageType":"urgency","min":"utmost"})").least, std::nullopt);
  EXPECT_EQ(read<SetUrgency>(R"({"messageType":"urgency"})").least, std::nullopt);
}

TEST(WebPushFrame, RepliesByteForByte) {
  EXPECT_EQ(hello_reply("U", {}),
            R"({"messageType":"hello","uaid":"U","status":200,"use_webpush":true,"broadcasts":{}})");
  EXPECT_EQ(hello_reply("U", {{{"a", "\"1\""}}, {"b"}}),
            R"({"messageType":"hello","uaid":"U","status":200,"use_webpush":true,)"
            R"("broadcasts":{"a":"\"1\"","errors":{"b":"Broadcast not found"}}})");
  EXPECT_EQ(registered_reply(channel(), "https://h/wpush/v1/x"),
            R"({"messageType":"register","channelID":"d9b74644-4f97-46aa-b8fa-9393985cd6cd","status":200,)"
            R"("pushEndpoint":"https://h/wpush/v1/x"})");
  EXPECT_EQ(register_refusal(channel(), 400),
            R"({"messageType":"register","channelID":"d9b74644-4f97-46aa-b8fa-9393985cd6cd","status":400,)"
            R"("pushEndpoint":"Failed to generate endpoint"})");
  EXPECT_EQ(register_refusal(channel(), 500),
            R"({"messageType":"register","channelID":"d9b74644-4f97-46aa-b8fa-9393985cd6cd","status":500,)"
            R"("pushEndpoint":""})");
  EXPECT_EQ(unregister_reply(channel(), 200),
            R"({"messageType":"unregister","channelID":"d9b74644-4f97-46aa-b8fa-9393985cd6cd","status":200})");
  EXPECT_EQ(broadcast_frame({{}, {"nope"}}),
            R"({"messageType":"broadcast","broadcasts":{"errors":{"nope":"Broadcast not found"}}})");
  EXPECT_EQ(urgency_reply(Urgency::kLow), R"({"messageType":"urgency","min":"low","status":200})");
}

TEST(WebPushFrame, NotificationsCarryThePayloadAsBase64url) {
  const auto frame = notification_frame(message("\x0c\x6b\xfa\xad", {std::string(kChannel), "aes128gcm", "", ""}));
  EXPECT_EQ(*frame, R"({"messageType":"notification","channelID":"d9b74644-4f97-46aa-b8fa-9393985cd6cd","version":")"
                    R"(5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a","data":"DGv6rQ","headers":{"encoding":"aes128gcm"}})");
}

TEST(WebPushFrame, AnEmptyBodyHasNeitherDataNorHeaders) {
  const auto frame = notification_frame(message("", {std::string(kChannel), "", "", ""}));
  EXPECT_EQ(*frame, R"({"messageType":"notification","channelID":"d9b74644-4f97-46aa-b8fa-9393985cd6cd",)"
                    R"("version":"5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"})");
}

TEST(WebPushFrame, LegacyHeadersLoseQuotesAndPadding) {
  const auto frame =
      notification_frame(message("x", {std::string(kChannel), "aesgcm", R"(keyid=p256dh;salt="AAAA=="; rs=4096)",
                                       "keyid=p256dh;dh=BBB_-=,other=1"}));
  const auto document = JsonDocument::parse(*frame, 8);
  const auto headers = *document->root().get("headers");
  EXPECT_EQ(headers.get("encryption")->string(), "keyid=p256dh;salt=AAAA; rs=4096");
  EXPECT_EQ(headers.get("crypto_key")->string(), "keyid=p256dh;dh=BBB_-,other=1");
  EXPECT_EQ(headers.get("encoding")->string(), "aesgcm");
}

TEST(WebPushFrame, DamagedMetaMakesNoFrame) {
  Message damaged = message("x", {});
  damaged.meta = "?";
  EXPECT_EQ(notification_frame(damaged).error().kind, ErrorKind::kCorrupt);
}

}  // namespace
}  // namespace herald::protocol::webpush
