#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/command_line.h"
#include "app/commands/webpush_device.h"
#include "app/commands/webpush_push.h"
#include "protocol/app_server/webpush/vapid.h"
#include "protocol/json.h"

namespace herald::app {
namespace {

namespace webpush = protocol::webpush;
using testing::HasSubstr;

constexpr WallTime kNow{1'700'000'000'000};

struct WebPushCommandTest : testing::Test {
  SeededRandom random{1};
  WebPushIdentity identity = WebPushIdentity::make(random);
  WebPushDevice device{identity, "", true};
  SendCommand command;

  WebPushTarget subscribe() {
    (void)device.on_open();
    (void)device.on_text(R"({"messageType":"hello","status":200,"uaid":"u1","use_webpush":true})");
    const auto step = device.on_text(R"({"messageType":"register","status":200,"channelID":")" + identity.channel +
                                     R"(","pushEndpoint":"https://push.example.com/wpush/v1/abc"})");
    EXPECT_TRUE(step.registered);
    return *parse_subscription(*step.subscription);
  }
  static std::string header(const WebPushRequest& request, std::string_view name) {
    for (const auto& [key, value] : request.headers) {
      if (key == name) return value;
    }
    return "";
  }
  // The frame that a server makes of `request`.
  static std::string frame(const WebPushRequest& request, const std::string& version) {
    std::string out = R"({"messageType":"notification","channelID":"c","version":")" + version + R"(","data":")" +
                      to_base64url(as_bytes(request.body)) + R"(","headers":{"encoding":")" +
                      header(request, "Content-Encoding") + '"';
    if (!header(request, "Encryption").empty()) {
      out += R"(,"encryption":")" + header(request, "Encryption") + R"(","crypto_key":")" +
             header(request, "Crypto-Key") + '"';
    }
    return out + "}}";
  }
};

TEST_F(WebPushCommandTest, SaysHelloThenRegisters) {
  EXPECT_EQ(device.on_open().send, std::vector<std::string>{R"({"messageType":"hello","use_webpush":true})"});
  const auto step = device.on_text(R"({"messageType":"hello","status":200,"uaid":"u1"})");
  EXPECT_EQ(step.send,
            std::vector<std::string>{R"({"messageType":"register","channelID":")" + identity.channel + "\"}"});
  EXPECT_THAT(device.on_open().send[0], HasSubstr(R"("uaid":"u1")")) << "the same device after a reconnect";
  EXPECT_EQ(*device.on_text(R"({"messageType":"register","status":400})").error, "register 400");
}

TEST_F(WebPushCommandTest, WhatIsSentIsWhatArrives) {
  const auto target = subscribe();
  for (const bool aesgcm : {false, true}) {
    command.aesgcm = aesgcm;
    const auto request = make_webpush_request(command, target, "Dinner is ready", nullptr, random, kNow);
    ASSERT_TRUE(request) << request.error().message;
    const std::string version = aesgcm ? "v2" : "v1";
    const auto step = device.on_text(frame(*request, version));
    ASSERT_EQ(step.arrived.size(), 1U);
    EXPECT_EQ(step.arrived[0].message, "Dinner is ready");
    EXPECT_EQ(step.send, std::vector<std::string>{R"({"messageType":"ack","updates":[{"channelID":"c","version":")" +
                                                  version + R"(","code":100}]})"});
    EXPECT_TRUE(device.on_text(frame(*request, version)).arrived.empty()) << "a repeat is acked and not shown";
  }
}

TEST_F(WebPushCommandTest, SaysWhatItCannotDecrypt) {
  const auto target = subscribe();
  auto request = *make_webpush_request(command, target, "x", nullptr, random, kNow);
  request.body.back() ^= 1;
  const auto step = device.on_text(frame(request, "v1"));
  EXPECT_THAT(step.arrived.at(0).message, HasSubstr("can't be decrypted"));
  EXPECT_THAT(step.send.at(0), HasSubstr(R"("code":101)"));
}

TEST_F(WebPushCommandTest, SendsWhatTheOptionsSay) {
  const auto target = subscribe();
  command.ttl = 5;
  command.urgency = "high";
  command.topic = "news";
  command.receipt = true;
  const VapidKeys vapid{P256PrivateKey::generate(), "mailto:a@b.example"};
  const auto request = make_webpush_request(command, target, "", &vapid, random, kNow);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->body, "");
  EXPECT_EQ(header(*request, "TTL"), "5");
  EXPECT_EQ(header(*request, "Urgency"), "high");
  EXPECT_EQ(header(*request, "Topic"), "news");
  EXPECT_EQ(header(*request, "Prefer"), "respond-async");
  EXPECT_EQ(header(*request, "Content-Encoding"), "");
  const std::string authorization = header(*request, "Authorization");
  const std::vector<webpush::HeaderList::Field> fields{{"Authorization", authorization}};
  const auto claim = webpush::parse_vapid(webpush::HeaderList(fields));
  ASSERT_TRUE(claim && *claim);
  const auto token = webpush::check_vapid(**claim, "https://push.example.com", kNow, {});
  ASSERT_TRUE(token) << token.error().message;
  EXPECT_EQ(token->subject, "mailto:a@b.example");
}

TEST_F(WebPushCommandTest, RefusesWhatCannotBeSent) {
  const auto target = subscribe();
  EXPECT_EQ(make_webpush_request(command, target, std::string(3'994, 'x'), nullptr, random, kNow).error().kind,
            ErrorKind::kTooLarge);
  const WebPushTarget no_keys{target.endpoint, {}};
  EXPECT_FALSE(make_webpush_request(command, no_keys, "x", nullptr, random, kNow));
  EXPECT_TRUE(make_webpush_request(command, no_keys, "", nullptr, random, kNow));
  EXPECT_FALSE(make_webpush_request(command, {"not a url", {}}, "", nullptr, random, kNow));
}

TEST_F(WebPushCommandTest, FilesComeBackAsTheyWere) {
  const auto kept = WebPushIdentity::parse(identity.json());
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->json(), identity.json());
  EXPECT_FALSE(WebPushIdentity::parse("{}"));
  EXPECT_FALSE(WebPushIdentity::parse("token"));
  const VapidKeys vapid{P256PrivateKey::generate(), "mailto:a@b.example"};
  const auto keys = parse_vapid_keys(vapid_keys_json(vapid));
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->key->point(), vapid.key->point());
  EXPECT_EQ(keys->subject, vapid.subject);
  EXPECT_FALSE(parse_vapid_keys(R"({"privateKey":"AAAA"})"));
}

TEST_F(WebPushCommandTest, ReadsSubscriptionsOfBrowsers) {
  const std::string p256dh = to_base64url(identity.key->point());
  const std::string good = R"({"endpoint":"https://a/b","expirationTime":null,"keys":{"p256dh":")" + p256dh +
                           R"(=","auth":"BTBZMqHH6r4Tts7J_aSIgg=="}})";
  EXPECT_EQ(parse_subscription(good)->keys.auth.size(), 16U);
  EXPECT_TRUE(parse_subscription(R"({"endpoint":"https://a/b"})")->keys.public_key.empty());
  for (const std::string& bad : {std::string("x"), std::string("{}"),
                                 std::string(R"({"endpoint":"https://a/b","keys":{"p256dh":"AA","auth":"AA"}})")}) {
    EXPECT_FALSE(parse_subscription(bad)) << bad;
  }
}

TEST_F(WebPushCommandTest, TheCommandLineKnowsIt) {
  const auto parsed =
      parse_command_line({"send", "--webpush", "s.json", "--vapid", "k.json", "--urgency", "low", "Hi"});
  const auto* send = std::get_if<SendCommand>(&parsed);
  ASSERT_NE(send, nullptr);
  EXPECT_EQ(send->subscription_file, "s.json");
  EXPECT_EQ(send->vapid_file, "k.json");
  EXPECT_EQ(send->url, "Hi") << "the only text is the message";
  const auto wrong = parse_command_line({"send", "--webpush", "s.json", "--urgency", "now", "Hi"});
  EXPECT_NE(std::get_if<PrintAndExit>(&wrong), nullptr);
  const auto keys = parse_command_line({"keys", "--type", "vapid", "--out", "my"});
  EXPECT_EQ(std::get<KeysCommand>(keys).type, "vapid");
  const auto listen = parse_command_line({"listen", "--webpush"});
  EXPECT_TRUE(std::get<ListenCommand>(listen).webpush);
}

}  // namespace
}  // namespace herald::app
