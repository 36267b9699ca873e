#include "protocol/user_agent/flow2012/frame.h"

#include <gtest/gtest.h>

#include <ostream>
#include <set>

#include "base/crypto.h"
#include "base/encoding.h"

namespace herald::protocol::flow2012 {
namespace {

constexpr std::string_view kNotJson = R"({ "error": "Data received is not a valid JSON package" })";
constexpr std::string_view kUnknownCommand = R"({ "error": "Command not recognized" })";
constexpr std::string_view kUnknownType = R"({ "error": "messageType not recognized" })";

template <class Body>
Body must_parse(std::string_view text, Spelling spelling, const Limits& limits = {}) {
  auto request = parse_frame(text, limits);
  EXPECT_TRUE(request.has_value()) << text;
  if (!request) return {};
  EXPECT_EQ(request->spelling, spelling) << text;
  EXPECT_TRUE(std::holds_alternative<Body>(request->body)) << text;
  return std::get<Body>(std::move(request->body));
}

void expect_rejected(std::string_view text, std::string_view reply, std::string_view reason) {
  const auto request = parse_frame(text, Limits{});
  ASSERT_FALSE(request.has_value()) << text;
  EXPECT_EQ(request.error().reply, reply) << text;
  EXPECT_EQ(request.error().reason, reason) << text;
}

TEST(Flow2012Frame, RegisterUaInEachSpelling) {
  EXPECT_EQ(must_parse<RegisterUa>(R"({"data":{"uatoken":"T"},"command":"register/ua"})", Spelling::kSlash).uatoken,
            "T");
  EXPECT_EQ(must_parse<RegisterUa>(R"({"data":{"uatoken":"T"},"command":"registerUA"})", Spelling::kCamel).uatoken,
            "T");
  const auto request =
      must_parse<RegisterUa>(R"({"data":{"uatoken":"T"},"messageType":"registerUA"})", Spelling::kMessageType);
  EXPECT_EQ(request.uatoken, "T");
  EXPECT_FALSE(request.has_interface);
}

TEST(Flow2012Frame, RegisterWaInEachSpelling) {
  const auto slash =
      must_parse<RegisterWa>(R"({"data":{"uatoken":"T","watoken":"W"},"command":"register/wa"})", Spelling::kSlash);
  EXPECT_EQ(slash.uatoken, "T");
  EXPECT_EQ(slash.watoken, "W");
  EXPECT_TRUE(slash.pbkbase64.empty());
  EXPECT_FALSE(slash.bad_key);
  must_parse<RegisterWa>(R"({"data":{"watoken":"W"},"command":"registerWA"})", Spelling::kCamel);
  const auto keyed = must_parse<RegisterWa>(R"({"data":{"watoken":"W","pbkbase64":"K"},"messageType":"registerWA"})",
                                            Spelling::kMessageType);
  EXPECT_EQ(keyed.pbkbase64, "K");
  EXPECT_FALSE(keyed.bad_key);
}

// One that is given and can't be a token must not stand for the connection's own.
TEST(Flow2012Frame, TheTokenOfAnAppsDeviceMayBeLeftOut) {
  const auto token = [](const std::string& data) {
    const std::string frame = "{\"data\":" + data + R"(,"messageType":"registerWA"})";
    const std::string same = "{\"data\":" + data + R"(,"messageType":"unregisterWA"})";
    const auto registered = must_parse<RegisterWa>(frame, Spelling::kMessageType);
    const auto unregistered = must_parse<UnregisterWa>(same, Spelling::kMessageType);
    EXPECT_EQ(unregistered.uatoken, registered.uatoken);
    EXPECT_EQ(unregistered.bad_uatoken, registered.bad_uatoken);
    return registered.bad_uatoken ? "bad" : registered.uatoken;
  };
  EXPECT_EQ(token(R"({"watoken":"W"})"), "");
  EXPECT_EQ(token(R"({"uatoken":"T"})"), "T");
  for (const std::string& bad : {std::string("5"), std::string("null"), std::string(R"("")"),
                                 "\"" + std::string(Limits{}.uatoken_max_bytes + 1, 'T') + "\""}) {
    EXPECT_EQ(token("{\"uatoken\":" + bad + "}"), "bad") << bad;
  }
}

TEST(Flow2012Frame, UnregisterWaInEachSpelling) {
  const std::string data = R"({"data":{"uatoken":"T","watoken":"W","pbkbase64":"K"},)";
  const auto slash = must_parse<UnregisterWa>(data + R"("command":"unregister/wa"})", Spelling::kSlash);
  EXPECT_EQ(slash.uatoken + slash.watoken + slash.pbkbase64, "TWK");
  must_parse<UnregisterWa>(data + R"("command":"unregisterWA"})", Spelling::kCamel);
  must_parse<UnregisterWa>(data + R"("messageType":"unregisterWA"})", Spelling::kMessageType);
}

TEST(Flow2012Frame, GetAllMessages) {
  EXPECT_EQ(
      must_parse<GetAllMessages>(R"({"data":{"uatoken":"T"},"messageType":"getAllMessages"})", Spelling::kMessageType)
          .uatoken,
      "T");
  EXPECT_EQ(must_parse<GetAllMessages>(R"({"command":"getAllMessages"})", Spelling::kCamel).uatoken, "");
}

TEST(Flow2012Frame, AckInBothForms) {
  const std::string id = "00112233445566778899aabbccddeeff";
  const auto top = must_parse<Ack>(R"({"messageType":"ack","messageId":")" + id + R"("})", Spelling::kMessageType);
  ASSERT_EQ(top.messages.size(), 1U);
  EXPECT_EQ(top.messages[0].hex(), id);
  EXPECT_TRUE(top.uatoken.empty());
  const auto inner =
      must_parse<Ack>(R"({"command":"ack","data":{"uatoken":"T","messageId":")" + id + R"("}})", Spelling::kCamel);
  ASSERT_EQ(inner.messages.size(), 1U);
  EXPECT_EQ(inner.messages[0].hex(), id);
  EXPECT_EQ(inner.uatoken, "T");
}

TEST(Flow2012Frame, AckOfManyLeavesOutWhatIsNoId) {
  const auto ack = must_parse<Ack>(R"({"messageType":"ack","messageId":["00112233445566778899aabbccddeeff","x",5,null,)"
                                   R"("00112233445566778899aabbccddeef","FF112233445566778899AABBCCDDEEFF"]})",
                                   Spelling::kMessageType);
  ASSERT_EQ(ack.messages.size(), 2U);
  EXPECT_EQ(ack.messages[0].hex(), "00112233445566778899aabbccddeeff");
  EXPECT_EQ(ack.messages[1].hex(), "ff112233445566778899aabbccddeeff");
  EXPECT_TRUE(must_parse<Ack>(R"({"messageType":"ack"})", Spelling::kMessageType).messages.empty());
  EXPECT_TRUE(must_parse<Ack>(R"({"messageType":"ack","messageId":7})", Spelling::kMessageType).messages.empty());
}

// S1
TEST(Flow2012Frame, RefusesWhatIsNotJson) {
  for (const std::string_view text :
       {"{oops", "", "register/ua", "{\"command\":\"register/ua\"} x",
        "{\"command\":\"register/ua\",\"command\":\"register/wa\"}", "{\"a\":\"\xFF\"}"}) {
    expect_rejected(text, kNotJson, "not_json");
  }
}

TEST(Flow2012Frame, RefusesJsonThatIsTooDeep) {
  Limits limits;
  limits.json_depth_max = 3;
  EXPECT_TRUE(parse_frame(R"({"command":"ack","data":{"x":[]}})", limits).has_value());
  EXPECT_FALSE(parse_frame(R"({"command":"ack","data":{"x":[[]]}})", limits).has_value());
}

// S6
TEST(Flow2012Frame, RefusesJsonThatIsNoObject) {
  for (const std::string_view text : {"[]", "5", "null", "\"register/ua\"", "true"}) {
    expect_rejected(text, kNotJson, "not_json");
  }
}

// S3
TEST(Flow2012Frame, RefusesUnknownCommands) {
  for (const std::string_view text :
       {R"({"data":{},"command":"dance"})", R"({"command":5})", R"({"command":null})", R"({"command":""})", "{}",
        R"({"data":{"uatoken":"T"}})", R"({"command":"Register/UA"})", R"({"command":"register/ua "})"}) {
    expect_rejected(text, kUnknownCommand, "unknown_command");
  }
}

// S4
TEST(Flow2012Frame, RefusesUnknownMessageTypes) {
  for (const std::string_view text : {R"({"data":{},"messageType":"dance"})", R"({"messageType":null})",
                                      R"({"messageType":"hello","uaid":""})", R"({"messageType":"register/ua"})"}) {
    expect_rejected(text, kUnknownType, "unknown_message_type");
  }
}

// S7
TEST(Flow2012Frame, RefusesContradictionButTakesAgreement) {
  for (const std::string_view text :
       {R"({"command":"register/ua","messageType":"registerWA"})", R"({"command":"dance","messageType":"registerUA"})",
        R"({"command":"register/ua","messageType":"dance"})", R"({"command":1,"messageType":"registerUA"})"}) {
    expect_rejected(text, kUnknownType, "unknown_message_type");
  }
  must_parse<RegisterUa>(R"({"command":"register/ua","messageType":"registerUA"})", Spelling::kMessageType);
}

TEST(Flow2012Frame, IgnoresUnknownMembers) {
  EXPECT_EQ(
      must_parse<RegisterUa>(R"({"v":1,"data":{"uatoken":"T","mobilenetwork":{"mcc":"214"}},"command":"register/ua"})",
                             Spelling::kSlash)
          .uatoken,
      "T");
}

// S5: what is no token comes out empty, and an empty token never verifies.
TEST(Flow2012Frame, AMissingOrOddUaTokenIsEmpty) {
  for (const std::string_view data : {"{}", "5", "null", "[]", R"({"uatoken":5})", R"({"uatoken":null})",
                                      R"({"uatoken":["T"]})", R"({"uatoken":""})"}) {
    const std::string text = R"({"command":"register/ua","data":)" + std::string(data) + "}";
    EXPECT_EQ(must_parse<RegisterUa>(text, Spelling::kSlash).uatoken, "") << data;
  }
  EXPECT_EQ(must_parse<RegisterUa>(R"({"command":"register/ua"})", Spelling::kSlash).uatoken, "");
}

// S8
TEST(Flow2012Frame, AMissingOrOddWaTokenIsEmpty) {
  for (const std::string_view data : {"{}", R"({"watoken":5})", R"({"watoken":null})", R"({"watoken":""})"}) {
    const std::string text = R"({"command":"register/wa","data":)" + std::string(data) + "}";
    EXPECT_EQ(must_parse<RegisterWa>(text, Spelling::kSlash).watoken, "") << data;
  }
}

TEST(Flow2012Frame, BoundsTokensAtTheirLimits) {
  Limits limits;
  const auto text = [](std::uint64_t ua, std::uint64_t wa, std::uint64_t key) {
    return R"({"command":"register/wa","data":{"uatoken":")" + std::string(ua, 'u') + R"(","watoken":")" +
           std::string(wa, 'w') + R"(","pbkbase64":")" + std::string(key, 'k') + R"("}})";
  };
  const auto ua = limits.uatoken_max_bytes;
  const auto wa = limits.watoken_max_bytes;
  const auto key = limits.public_key_max_bytes;
  const auto at = must_parse<RegisterWa>(text(ua, wa, key), Spelling::kSlash);
  EXPECT_EQ(at.uatoken.size(), ua);
  EXPECT_EQ(at.watoken.size(), wa);
  EXPECT_EQ(at.pbkbase64.size(), key);
  EXPECT_FALSE(at.bad_key);
  const auto past = must_parse<RegisterWa>(text(ua + 1, wa + 1, key + 1), Spelling::kSlash);
  EXPECT_EQ(past.uatoken, "");
  EXPECT_EQ(past.watoken, "");
  EXPECT_EQ(past.pbkbase64, "");
  EXPECT_TRUE(past.bad_key);
}

TEST(Flow2012Frame, APublicKeyThatIsNoStringIsBad) {
  const auto bad = [](std::string_view key) {
    const std::string text = R"({"command":"register/wa","data":{"pbkbase64":)" + std::string(key) + "}}";
    return must_parse<RegisterWa>(text, Spelling::kSlash).bad_key;
  };
  EXPECT_TRUE(bad("5"));
  EXPECT_TRUE(bad("null"));
  EXPECT_TRUE(bad("{}"));
  EXPECT_FALSE(bad("\"\""));
}

RegisterUa with_interface(const std::string& interface) {
  return must_parse<RegisterUa>(R"({"data":{"uatoken":"T","interface":)" + interface + R"(},"command":"register/ua"})",
                                Spelling::kSlash);
}

TEST(Flow2012Frame, ReadsTheInterface) {
  const auto accepted = [](const std::string& interface) {
    const auto request = with_interface(interface);
    EXPECT_TRUE(request.has_interface);
    return request.interface.value_or(WakeInterface{"(none)", 0});
  };
  EXPECT_EQ(accepted(R"({"ip":"10.1.2.3","port":"5000"})"), (WakeInterface{"10.1.2.3", 5000}));
  EXPECT_EQ(accepted(R"({"ip":"127.0.0.1","port":1})"), (WakeInterface{"127.0.0.1", 1}));
  EXPECT_EQ(accepted(R"({"ip":"127.0.0.1","port":65535})"), (WakeInterface{"127.0.0.1", 65535}));
  EXPECT_EQ(accepted(R"({"ip":"10.1.2.3"})"), (WakeInterface{"10.1.2.3", 5000}));
  EXPECT_EQ(accepted(R"({"ip":"FD00:0:0::1","port":"9"})"), (WakeInterface{"fd00::1", 9}));
  EXPECT_EQ(accepted(R"({"ip":"::ffff:8.8.8.8"})"), (WakeInterface{"8.8.8.8", 5000}));
}

// S10, its form
TEST(Flow2012Frame, RefusesAnOddInterface) {
  for (const std::string interface : {R"({})",
                                      R"("10.1.2.3")",
                                      "null",
                                      R"({"ip":""})",
                                      R"({"ip":5})",
                                      R"({"ip":"localhost"})",
                                      R"({"ip":"10.1.2"})",
                                      R"({"ip":"10.1.2.03.4"})",
                                      R"({"ip":"10.1.2.256"})",
                                      R"({"ip":"fe80::1%eth0"})",
                                      R"({"ip":"[::1]"})",
                                      R"({"ip":"10.1.2.3","port":0})",
                                      R"({"ip":"10.1.2.3","port":65536})",
                                      R"({"ip":"10.1.2.3","port":"0"})",
                                      R"({"ip":"10.1.2.3","port":"65536"})",
                                      R"({"ip":"10.1.2.3","port":-1})",
                                      R"({"ip":"10.1.2.3","port":""})",
                                      R"({"ip":"10.1.2.3","port":"+80"})",
                                      R"({"ip":"10.1.2.3","port":" 80"})",
                                      R"({"ip":"10.1.2.3","port":"80x"})",
                                      R"({"ip":"10.1.2.3","port":80.5})",
                                      R"({"ip":"10.1.2.3","port":null})"}) {
    const auto request = with_interface(interface);
    EXPECT_TRUE(request.has_interface) << interface;
    EXPECT_FALSE(request.interface.has_value()) << interface;
  }
}

TEST(Flow2012Reply, MirrorsTheSpelling) {
  EXPECT_EQ(reply_registered_ua(Spelling::kSlash), "OK");
  EXPECT_EQ(reply_registered_ua(Spelling::kCamel), R"({"status":"REGISTERED","messageType":"registerUA"})");
  EXPECT_EQ(reply_registered_ua(Spelling::kMessageType), R"({"status":"REGISTERED","messageType":"registerUA"})");
  for (const Spelling spelling : {Spelling::kSlash, Spelling::kCamel, Spelling::kMessageType}) {
    EXPECT_EQ(reply_registered_wa(spelling, "http://h/notify/x"), "http://h/notify/x");
  }
  EXPECT_EQ(reply_unregistered_wa(Spelling::kSlash, "U"), "OK");
  EXPECT_EQ(reply_unregistered_wa(Spelling::kMessageType, "U\""),
            R"({"status":"UNREGISTERED","url":"U\"","messageType":"unregisterWA"})");
}

TEST(Flow2012Reply, ErrorsAreThoseOfTheProtocol) {
  EXPECT_EQ(error_token_not_accepted(), R"({ "error": "Token received is not accepted. Please get a valid one" })");
  EXPECT_EQ(error_could_not_add_ua(), R"({ "error" : "Could not add UAtoken" })");
  EXPECT_EQ(error_could_not_add_wa(), R"({ "error": "Could not add WA" })");
  EXPECT_EQ(error_binary(), R"({ "error": "Binary messages not yet supported" })");
}

TEST(Flow2012Url, HashesTheWaTokenAndTheKey) {
  const std::string key =
      "LS0tLS1CRUdJTiBQVUJMSUMgS0VZLS0tLS0KTUlHZk1BMEdDU3FHU0liM0RRRUJBUVVBQTRHTkFEQ0JpUUtCZ1FDL2NEKzQ5WVd0N1hMazM3V2FH"
      "MHpLQ0QvTwpMS0ErdTU1OFVEV3ovSmF4enY5b21vRUJJcFozakcxMDRKT3d1NFVKdnhnQ0F3aFJVYzR1TkNweGV0dWozTWZmCnNlcFdUU214N3JI"
      "UVJDdXIrcGxCR2NMR3hSZWcreU5ORTdVNE5JTlQ5U3c3K0JHRHI1NUl5LzlxbklTMGxVY1IKSXRYaHJkZEVqMXJmRmUrZ2N3SURBUUFCCi0tLS0t"
      "RU5EIFBVQkxJQyBLRVktLS0tLQo=";
  EXPECT_EQ(app_id("watoken-0001", "").hex(), "fb28450155fcc875e9c35164c705155a37b6ab239498759c33c95828b3ec047a");
  EXPECT_EQ(app_id("watoken-0001", key).hex(), "a72e9e245422b216c21aa065e7107e0dc9e74c3273ef3b3c95b4a52cf49781a8");
}

// What a stranger can build from the watoken and the key text of an app must not name that app.
TEST(Flow2012Url, NoOtherPairHasTheIdOfAKeyedApp) {
  const std::string key = to_base64(as_bytes("-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n"));
  const std::string joined = "watoken-0001" + key;
  const AppId owner = app_id("watoken-0001", key);
  EXPECT_EQ(owner, AppId{sha256(as_bytes(joined))}) << "the URL is the one of the protocol";
  std::set<AppId> seen{owner, app_id(joined, "")};
  EXPECT_EQ(seen.size(), 2) << "the joined text without a key is another app";
  for (std::size_t split = 1; split < joined.size(); ++split) {
    if (split == std::string_view("watoken-0001").size()) continue;
    seen.insert(app_id(std::string_view(joined).substr(0, split), std::string_view(joined).substr(split)));
  }
  EXPECT_EQ(seen.size(), joined.size()) << "each split of the joined text is another app";
}

TEST(Flow2012Url, AWaTokenThatHoldsAKeyTextHasAnIdOfItsOwn) {
  const std::string key = to_base64(as_bytes("-----BEGIN PUBLIC KEY-----"));
  for (const std::string& watoken : {key, key + "x", "x" + key, std::string("webpush\0channel", 15)}) {
    EXPECT_NE(app_id(watoken, ""), AppId{sha256(as_bytes(watoken))});
    EXPECT_NE(app_id(watoken, key), AppId{sha256(as_bytes(watoken + key))});
  }
  EXPECT_NE(app_id("w", key + key), AppId{sha256(as_bytes("w" + key + key))}) << "two keys";
  EXPECT_EQ(app_id("LS0tLS1CRUdJT", ""), AppId{sha256(as_bytes("LS0tLS1CRUdJT"))}) << "one character less is no key";
}

TEST(Flow2012Url, JoinsWithOneSlash) {
  const std::string expected =
      "https://push.example.com/notify/fb28450155fcc875e9c35164c705155a37b6ab239498759c33c95828b3ec047a";
  EXPECT_EQ(notify_url("https://push.example.com", app_id("watoken-0001", "")), expected);
  EXPECT_EQ(notify_url("https://push.example.com/", app_id("watoken-0001", "")), expected);
}

Message stored(std::string body) {
  Message message;
  message.id.bytes.fill(0xAB);
  message.app = app_id("watoken-0001", "");
  message.body = std::move(body);
  return message;
}

TEST(Flow2012Delivery, SplicesTheIdAndTheUrlIn) {
  EXPECT_EQ(delivery_frame(stored(R"({"id":"n1","message":"Hello"})"), R"(http://h/"x)"),
            R"([{"id":"n1","message":"Hello","messageId":"abababababababababababababababab","url":"http://h/\"x"}])");
  EXPECT_EQ(delivery_frame(stored("{}"), "u"), R"([{"messageId":"abababababababababababababababab","url":"u"}])");
}

TEST(Flow2012Delivery, AnArrayHoldsAllWithTheirUrls) {
  EXPECT_EQ(delivery_array({}, "http://h"), "[]");
  const auto one = std::make_shared<const Message>(stored(R"({"message":1})"));
  const std::string object = R"({"message":1,"messageId":"abababababababababababababababab","url":"http://h/notify/)"
                             R"(fb28450155fcc875e9c35164c705155a37b6ab239498759c33c95828b3ec047a"})";
  EXPECT_EQ(delivery_array({one, one}, "http://h"), "[" + object + "," + object + "]");
}

}  // namespace
}  // namespace herald::protocol::flow2012
