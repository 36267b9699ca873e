#include "load/webpush.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "protocol/app_server/webpush/vapid.h"
#include "protocol/json.h"
#include "protocol/user_agent/webpush/frame.h"

namespace herald::load {
namespace {

namespace webpush = protocol::webpush;

template <typename Wanted>
Wanted read(const std::string& frame) {
  const auto parsed = webpush::parse_frame(frame, Limits{});
  EXPECT_TRUE(parsed) << frame;
  const auto* wanted = parsed ? std::get_if<Wanted>(&*parsed) : nullptr;
  EXPECT_NE(wanted, nullptr) << frame;
  return wanted != nullptr ? *wanted : Wanted{};
}

TEST(WebPushLoad, DevicesSpeakWhatTheServerReads) {
  ManualClock clock;
  const WebPushSender sender(clock);
  const std::string channel = webpush_channel(0xbadcafe, 7);
  EXPECT_EQ(channel, "0badcafe-0000-4000-8000-000000000007");
  EXPECT_EQ(read<webpush::Hello>(webpush_hello("")).uaid, "");
  EXPECT_EQ(read<webpush::Hello>(webpush_hello("AbCd")).uaid, "AbCd");
  const auto registering = read<webpush::Register>(webpush_register(channel, sender.public_key()));
  EXPECT_EQ(registering.key, sha256(*from_base64url(sender.public_key())));
  EXPECT_FALSE(registering.bad_key);
  const std::string id = "000639c1a2b3c4d5e6f708192a3b4c5d";
  EXPECT_EQ(read<webpush::Ack>(webpush_ack(channel, id)).updates.at(0).message, MessageId::from_hex(id));
}

TEST(WebPushLoad, DeliveriesAreFoundInTheirData) {
  std::string body;
  const Stamp stamp{7, 1234567890123, 42};
  append_stamped(body, 0xbadcafe, stamp, 100);
  const auto frame = [&body](std::string_view type) {
    return R"({"messageType":")" + std::string(type) + R"(","channelID":"c","version":"000a","data":")" +
           to_base64url(as_bytes(body)) + R"(","headers":{"encoding":"aes128gcm"}})";
  };
  const std::string whole = frame("notification");
  const auto found = webpush_delivery(whole, 0xbadcafe);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->stamp, stamp);
  EXPECT_EQ(found->message_id, "000a");
  EXPECT_FALSE(webpush_delivery(whole, 0xbadcaff)) << "of another run";
  EXPECT_FALSE(webpush_delivery(frame("broadcast"), 0xbadcafe));
  for (const char* other :
       {"{}", "", R"({"messageType":"notification","channelID":"c","version":"000a"})",
        R"({"messageType":"notification","data":"short"})", R"({"messageType":"notification","data":"!"})"}) {
    EXPECT_FALSE(webpush_delivery(other, 0xbadcafe)) << other;
  }
}

TEST(WebPushLoad, OneTokenIsForTheOriginOfTheFirstEndpoint) {
  ManualClock clock;
  WebPushSender sender(clock);
  EXPECT_EQ(sender.authorization(), "");
  sender.meet("http://127.0.0.1:8080/wpush/v2/abc");
  const std::string first(sender.authorization());
  sender.meet("http://other.example/wpush/v2/abc");
  EXPECT_EQ(sender.authorization(), first);
  const std::vector<std::pair<std::string_view, std::string_view>> headers{{"Authorization", first}};
  const auto claim = webpush::parse_vapid(webpush::HeaderList(headers));
  ASSERT_TRUE(claim && *claim);
  EXPECT_TRUE(webpush::check_vapid(**claim, "http://127.0.0.1:8080", clock.wall(), Limits{}));
  EXPECT_EQ(to_base64url((*claim)->key), sender.public_key());
}

TEST(WebPushLoad, MessagesSayWhatTheyWant) {
  EXPECT_EQ(webpush_fields("vapid x", 0, 0, ""),
            "TTL: 86400\r\nContent-Encoding: aes128gcm\r\nAuthorization: vapid x\r\n");
  EXPECT_EQ(webpush_fields("vapid x", 2, 1, "n0-1"),
            "TTL: 2\r\nContent-Encoding: aes128gcm\r\nAuthorization: vapid x\r\nUrgency: high\r\nTopic: n0-1\r\n");
}

}  // namespace
}  // namespace herald::load
