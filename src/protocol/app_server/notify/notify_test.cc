#include "protocol/app_server/notify/notify.h"

#include <gtest/gtest.h>

#include "base/crypto.h"
#include "protocol/user_agent/flow2012/frame.h"

namespace herald::protocol::notify {
namespace {

constexpr WallTime kNow{1'700'000'000'000};
constexpr std::int64_t kRetentionMs = 2'592'000'000;

Notification must_parse(std::string_view body, const Limits& limits = {}) {
  auto result = parse_notification(body, kNow, limits);
  EXPECT_TRUE(result.has_value()) << body << (result ? "" : result.error().reason);
  return result ? std::move(*result) : Notification{};
}

void expect_rejected(std::string_view body, int status, std::string_view reason, const Limits& limits = {}) {
  const auto result = parse_notification(body, kNow, limits);
  ASSERT_FALSE(result.has_value()) << body;
  EXPECT_EQ(result.error().status, status) << body;
  EXPECT_EQ(result.error().reason, reason) << body;
  EXPECT_FALSE(result.error().metric.empty());
}

std::string with(std::string_view member) {
  return R"({"message":"m",)" + std::string(member) + "}";
}

TEST(Notify, ReadsTheWholeOf2012) {
  const std::string body = R"({"messageType":"notification","id":"n1","message":"Hello","signature":"5479",)"
                           R"("ttl":0,"timestamp":"1343692800","priority":1})";
  const auto notification = must_parse(body);
  EXPECT_EQ(notification.id, "n1");
  EXPECT_EQ(notification.signed_bytes, "Hello");
  EXPECT_EQ(notification.signature_hex, "5479");
  EXPECT_FALSE(notification.bad_signature_form);
  EXPECT_EQ(notification.priority, Priority::kRealTime);
  EXPECT_EQ(notification.body, body);
  EXPECT_EQ(notification.expires_at.ms, kNow.ms + kRetentionMs);
}

TEST(Notify, NeedsOnlyAMessage) {
  const auto notification = must_parse(R"({"message":""})");
  EXPECT_EQ(notification.id, "");
  EXPECT_EQ(notification.signed_bytes, "");
  EXPECT_EQ(notification.signature_hex, "");
  EXPECT_EQ(notification.priority, Priority::kRealTime);
  EXPECT_EQ(notification.expires_at.ms, kNow.ms + kRetentionMs);
}

TEST(Notify, KeepsThePostedMembersCompactAndInOrder) {
  EXPECT_EQ(
      must_parse("{ \"z\" : [ 1, { \"a b\" : \" \\\" \" } ],\r\n\t\"messageId\":\"forged\", \"message\":\"a\\u0041 b\","
                 "\"url\":\"http://forged\" , \"a\" : 1.50 }")
          .body,
      R"({"z":[1,{"a b":" \" "}],"message":"a\u0041 b","a":1.50})");
  EXPECT_EQ(must_parse(R"({"mess\u0061geId":"x","message":1})").body, R"({"message":1})");
}

TEST(Notify, AMessageIsTextOrAnyJsonButNull) {
  EXPECT_EQ(must_parse(R"({"message":"\u00a1Hola! \u260e"})").signed_bytes, "\u00a1Hola! \u260e");
  EXPECT_EQ(must_parse(R"({"message": { "a" : [ 1 ] } })").signed_bytes, R"({ "a" : [ 1 ] })");
  EXPECT_EQ(must_parse(R"({"message":false})").signed_bytes, "false");
  EXPECT_EQ(must_parse(R"({"message":1.50})").signed_bytes, "1.50");
}

TEST(Notify, AJsonMessageIsDeliveredAsItWasSigned) {
  EXPECT_EQ(must_parse(R"({ "message" : { "a" : 1 } })").body, R"({"message":{ "a" : 1 }})");
}

// S14, S16
TEST(Notify, RefusesWhatIsNotJson) {
  for (const std::string_view body : {"", "Hello", "[]", "5", "null", R"([{"message":"a"}])", R"({"message":"a"} x)",
                                      R"({"message":"a","message":"b"})", "{\"message\":\"\xFF\"}",
                                      R"({"message":"\u0000"})", R"({"message":1e999})"}) {
    expect_rejected(body, 400, "JSON not valid");
  }
}

// S16
TEST(Notify, SaysThatTheMessageIsMissing) {
  for (const std::string_view body : {"{}", R"({"id":"n1"})", R"({"message":null})", R"({"Message":"a"})"}) {
    expect_rejected(body, 400, "Missing message: the JSON object needs a message, which is text or any value but null");
  }
}

TEST(Notify, RefusesJsonThatIsTooDeep) {
  Limits limits;
  limits.json_depth_max = 4;
  must_parse(R"({"message":[[[]]]})", limits);
  expect_rejected(R"({"message":[[[[]]]]})", 400, "JSON not valid", limits);
}

// S15
TEST(Notify, RefusesOtherMessageTypes) {
  for (const std::string_view type : {R"("x")", R"("Notification")", R"("")", "null", "1"}) {
    expect_rejected(with(R"("messageType":)" + std::string(type)), 400, "Not messageType=notification");
  }
  expect_rejected(R"({"messageType":"x"})", 400, "Not messageType=notification");
}

// S17
TEST(Notify, BoundsTheMessageInUtf8Bytes) {
  Limits limits;
  limits.message_max_bytes = 1024;
  const auto body = [](const std::string& message) { return R"({"message":")" + message + "\"}"; };
  must_parse(body(std::string(1024, 'a')), limits);
  expect_rejected(body(std::string(1025, 'a')), 413, "Body too big", limits);
  std::string wide;
  for (int i = 0; i < 512; ++i) wide += "\u00a1";
  must_parse(body(wide), limits);
  expect_rejected(body(wide + "a"), 413, "Body too big", limits);
  std::string escaped;
  for (int i = 0; i < 1024; ++i) escaped += "\\u0041";
  must_parse(body(escaped), limits);
  must_parse(R"({"message":[)" + std::string(1022, ' ') + "]}", limits);
  expect_rejected(R"({"message":[)" + std::string(1023, ' ') + "]}", 413, "Body too big", limits);
}

TEST(Notify, TheIdIsAStringOrANumber) {
  Limits limits;
  EXPECT_EQ(must_parse(with(R"("id":"n\u0031")")).id, "n1");
  EXPECT_EQ(must_parse(with(R"("id":42)")).id, "42");
  EXPECT_EQ(must_parse(with(R"("id":4.20)")).id, "4.20");
  const std::string longest(limits.sender_id_max_bytes, 'i');
  EXPECT_EQ(must_parse(with(R"("id":")" + longest + "\"")).id, longest);
  expect_rejected(with(R"("id":")" + longest + "i\""), 400, "Not valid id");
  for (const std::string_view id : {"null", "true", "[]", "{}"}) {
    expect_rejected(with(R"("id":)" + std::string(id)), 400, "Not valid id");
  }
}

TEST(Notify, PriorityIsOneToThree) {
  EXPECT_EQ(must_parse(with(R"("priority":1)")).priority, Priority::kRealTime);
  EXPECT_EQ(must_parse(with(R"("priority":2)")).priority, Priority::kGathered);
  EXPECT_EQ(must_parse(with(R"("priority":"3")")).priority, Priority::kPassive);
  for (const std::string_view priority :
       {"0", "4", "-1", "1.5", "1e300", "\"\"", "\"0\"", "\"4\"", "\"1x\"", "\" 1\"", "null", "true", "[1]"}) {
    expect_rejected(with(R"("priority":)" + std::string(priority)), 400, "Not valid priority");
  }
}

std::int64_t expires(std::string_view members) {
  return must_parse(with(members)).expires_at.ms;
}

TEST(Notify, TtlCountsFromTheTimestamp) {
  EXPECT_EQ(expires(R"("ttl":60)"), kNow.ms + 60'000);
  EXPECT_EQ(expires(R"("ttl":"60")"), kNow.ms + 60'000);
  EXPECT_EQ(expires(R"("ttl":60.0)"), kNow.ms + 60'000);
  EXPECT_EQ(expires(R"("ttl":60,"timestamp":1699999990)"), kNow.ms + 50'000);
  EXPECT_EQ(expires(R"("ttl":60,"timestamp":"1699999990")"), kNow.ms + 50'000);
  EXPECT_EQ(expires(R"("ttl":60,"timestamp":1699999990000)"), kNow.ms + 50'000);
  EXPECT_EQ(expires(R"("ttl":60,"timestamp":"1699999990000")"), kNow.ms + 50'000);
  EXPECT_EQ(expires(R"("ttl":60,"timestamp":1699999990.5)"), kNow.ms + 50'500);
}

TEST(Notify, AnOldTimestampMakesItExpiredButAccepted) {
  EXPECT_EQ(expires(R"("ttl":60,"timestamp":"1343692800")"), 1'343'692'860'000);
  EXPECT_EQ(expires(R"("ttl":1,"timestamp":0)"), 1'000);
}

TEST(Notify, NoTtlMeansTheRetentionFromNow) {
  EXPECT_EQ(expires(R"("ttl":0)"), kNow.ms + kRetentionMs);
  EXPECT_EQ(expires(R"("ttl":"0","timestamp":"1343692800")"), kNow.ms + kRetentionMs);
  EXPECT_EQ(expires(R"("timestamp":1343692800)"), kNow.ms + kRetentionMs);
}

TEST(Notify, ClampsALongTtl) {
  EXPECT_EQ(expires(R"("ttl":2591999)"), kNow.ms + kRetentionMs - 1000);
  for (const std::string_view ttl : {"2592000", "2592001", "9223372036854775807", "18446744073709551616", "1e300",
                                     "\"99999999999999999999999999\""}) {
    EXPECT_EQ(expires(R"("ttl":)" + std::string(ttl)), kNow.ms + kRetentionMs) << ttl;
  }
}

TEST(Notify, ClampsATimestampOfTheFuture) {
  EXPECT_EQ(expires(R"("ttl":60,"timestamp":1700000010)"), kNow.ms + 70'000);
  EXPECT_EQ(expires(R"("ttl":60,"timestamp":1700086400)"), kNow.ms + 86'460'000);
  EXPECT_EQ(expires(R"("ttl":60,"timestamp":1700086401)"), kNow.ms + 60'000);
  EXPECT_EQ(expires(R"("ttl":60,"timestamp":99999999999)"), kNow.ms + 60'000);
  EXPECT_EQ(expires(R"("ttl":60,"timestamp":1e300)"), kNow.ms + 60'000);
  EXPECT_EQ(expires(R"("ttl":2592000,"timestamp":1700000010)"), kNow.ms + kRetentionMs);
}

TEST(Notify, RefusesOddTtls) {
  for (const std::string_view ttl : {"-1", "0.5", "\"-1\"", "\"x\"", "\"\"", "\"1 \"", "\"NaN\"", "\"inf\"", "\"1e3\"",
                                     "null", "true", "[]", "{}"}) {
    expect_rejected(with(R"("ttl":)" + std::string(ttl)), 400, "Not valid ttl");
  }
}

TEST(Notify, RefusesOddTimestamps) {
  for (const std::string_view timestamp :
       {"-1", "\"-1\"", "\"SINCE_EPOCH_TIME\"", "\"\"", "\"1.2.3\"", "\"2012-07-31\"", "null", "false", "[]"}) {
    expect_rejected(with(R"("timestamp":)" + std::string(timestamp)), 400, "Not valid timestamp");
  }
}

class NotifySignature : public testing::Test {
 protected:
  static constexpr int kRsaMinBits = 1024;
  App app{.id = {}, .kind = PayloadKind::kFlow2012, .public_key_pem = kPem};

  static std::optional<Rejection> check(const App& to, std::string_view body, int rsa_min_bits = kRsaMinBits) {
    return check_signature(must_parse(body), to, rsa_min_bits);
  }
  static std::string signed_body(std::string_view message, std::string_view signature) {
    return R"({"message":")" + std::string(message) + R"(","signature":")" + std::string(signature) + "\"}";
  }
  static void expect_bad(const std::optional<Rejection>& rejection) {
    ASSERT_TRUE(rejection.has_value());
    EXPECT_EQ(rejection->status, 400);
    EXPECT_EQ(rejection->reason, "Bad signature, dropping notification");
  }

  static constexpr const char* kPem =
      "-----BEGIN PUBLIC KEY-----\n"
      "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC/cD+49YWt7XLk37WaG0zKCD/O\n"
      "LKA+u558UDWz/Jaxzv9omoEBIpZ3jG104JOwu4UJvxgCAwhRUc4uNCpxetuj3Mff\n"
      "sepWTSmx7rHQRCur+plBGcLGxReg+yNNE7U4NINT9Sw7+BGDr55Iy/9qnIS0lUcR\n"
      "ItXhrddEj1rfFe+gcwIDAQAB\n"
      "-----END PUBLIC KEY-----\n";
  static constexpr std::string_view kHello =
      "5479874682100f250f250da2b36e41130b5d0215441fab2710e7146ce0c7333b5892ce4955736999193ac4bcd695e37b81189809a2d50005"
      "3fd402fabb5cf2492b67b765ef46034bc0381c19ba01eef08c5905c50bf41eb56286d662f4eae44c5312f602f92e4545176503d8680872dd"
      "c2f97aca9e98f418a07a80aada1f6735";
  static constexpr std::string_view kHola =
      "4643a19d111aca2558b9591a5032fd563a386fb091498e72381cc60f1c287710677be9d6b7f85e7073be018c31d86421fcf722298a35d261"
      "8dfc057170d964b45ef1bf37c07675acb4f475bb8be46ac6fa57dba9fd5550c090653f54b49e2fc0eea82db59938827855de7fca22679f8f"
      "9e1156c71bf2edc763c4c2cd78e29aa6";
  static constexpr std::string_view kHelloNewline =
      "3291d1061d08e185f5bd50579dc4e83946e8d801ccbe95cdd02a3d373f01c566f57f810bbfac87b4203b426b4092621927f5aff2957edbb3"
      "6e16f9c81dbc9452501a44661e149af05a0b9562edcac1e1e28bae6ddd74eeb0990eb9dd711613c085b111002f58b288fe0d1251e230c209"
      "e0aadc111eab585549f35bde9a49f08d";
};

TEST_F(NotifySignature, VectorsOf2012) {
  EXPECT_FALSE(check(app, signed_body("Hello", kHello)).has_value());
  EXPECT_FALSE(check(app, signed_body("\u00a1Hola! \u260e", kHola)).has_value());
  EXPECT_FALSE(check(app, signed_body("\\u00a1Hola! \\u260E", kHola)).has_value());
  expect_bad(check(app, signed_body("Hello", kHelloNewline)));
  expect_bad(check(app, signed_body("hello", kHello)));
  EXPECT_FALSE(check(app, signed_body("Hello\\n", kHelloNewline)).has_value());
}

TEST_F(NotifySignature, HexInEitherCase) {
  std::string upper(kHello);
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  EXPECT_FALSE(check(app, signed_body("Hello", upper)).has_value());
}

// S18
TEST_F(NotifySignature, RefusesWhatIsNoSignature) {
  for (const std::string_view signature : {"\"xyz\"", "\"abc\"", "\"5479\"", "5479", "null", "[]"}) {
    expect_bad(check(app, with(R"("signature":)" + std::string(signature))));
  }
  expect_bad(check(App{}, with(R"("signature":"xyz")")));
}

TEST_F(NotifySignature, RefusesASignatureThatNoKeyCanCheck) {
  expect_bad(check(App{}, signed_body("Hello", kHello)));
}

TEST_F(NotifySignature, RefusesAKeyThatIsTooSmallByNow) {
  EXPECT_FALSE(check(app, signed_body("Hello", kHello), 1024).has_value());
  expect_bad(check(app, signed_body("Hello", kHello), 2048));
}

// S19
TEST_F(NotifySignature, IsRequiredOnceAKeyIsRegistered) {
  for (const std::string_view body : {R"({"message":"Hello"})", R"({"message":"Hello","signature":""})"}) {
    const auto rejection = check(app, body);
    ASSERT_TRUE(rejection.has_value());
    EXPECT_EQ(rejection->status, 400);
    EXPECT_EQ(rejection->reason, "You must sign your message with your Private Key");
    EXPECT_FALSE(check(App{}, body).has_value());
  }
}

TEST_F(NotifySignature, CoversTheExactTextOfAJsonMessage) {
  const auto key = PrivateKey::generate(PrivateKey::Algorithm::kEd25519);
  ASSERT_TRUE(key.has_value());
  const App signing{.id = {}, .kind = PayloadKind::kFlow2012, .public_key_pem = (*key)->public_pem()};
  const std::string message = R"({ "a" : 1 })";
  const auto signature = (*key)->sign(as_bytes(message));
  ASSERT_TRUE(signature.has_value());
  const std::string hex = to_hex(*signature);
  EXPECT_FALSE(check(signing, R"({"message":)" + message + R"(,"signature":")" + hex + "\"}").has_value());
  expect_bad(check(signing, R"({"message":{"a":1},"signature":")" + hex + "\"}"));
}

TEST_F(NotifySignature, OfAWholeRequestCoversItsTokenTimesPriorityTextAndId) {
  const AppId app_id = *AppId::from_hex("fb28450155fcc875e9c35164c705155a37b6ab239498759c33c95828b3ec047a");
  const auto notification = must_parse(
      R"({"message":"Hello","signs":"request","id":"a\nb","ttl":"60","timestamp":1700000000.5,"priority":2})");
  EXPECT_EQ(bytes_under_signature(notification, app_id),
            "herald notification 1\n"
            "fb28450155fcc875e9c35164c705155a37b6ab239498759c33c95828b3ec047a\n"
            "1700000000.5\n60\n2\n"
            "185f8db32271fe25f561a6fc938b2e264306ec304eda518007d1764826381969\n"
            "a\nb");
  EXPECT_EQ(bytes_under_signature(must_parse(R"({"message":"Hello"})"), app_id), "Hello");
}

TEST(Notify, RefusesASignedRequestWithoutATimestampNearNow) {
  for (const std::string_view more : {"", R"(,"timestamp":1)", R"(,"timestamp":99999999999999999999)"}) {
    const auto refused = parse_notification(R"({"message":"x","signs":"request")" + std::string(more) + "}",
                                            WallTime{1'700'000'000'000}, Limits{});
    ASSERT_FALSE(refused) << more;
    EXPECT_TRUE(refused.error().reason.starts_with("Not valid timestamp")) << more;
  }
}

TEST(Notify, RefusesOtherWaysToSign) {
  for (const std::string_view value : {R"("all")", "1", "null", R"("")"}) {
    expect_rejected(with(R"("signs":)" + std::string(value)), 400, "Not valid signs");
  }
  EXPECT_FALSE(must_parse(with(R"("signs":"message")")).signs_request);
}

constexpr std::string_view kToken = "fb28450155fcc875e9c35164c705155a37b6ab239498759c33c95828b3ec047a";

TEST(NotifyPath, NamesAnApp) {
  const AppId expected = flow2012::app_id("watoken-0001", "");
  EXPECT_EQ(*parse_app("/" + std::string(kToken), std::nullopt), expected);
  EXPECT_EQ(*parse_app("", kToken), expected);
  EXPECT_EQ(*parse_app("/", kToken), expected);
  EXPECT_EQ(*parse_app("/" + std::string(kToken), "other"), expected);
}

// S13, S20
TEST(NotifyPath, RefusesWhatNamesNone) {
  const std::string token(kToken);
  std::string upper = token;
  upper[0] = 'F';
  for (const std::string& rest : {std::string(), std::string("/"), "/" + token.substr(1), "/" + token + "0",
                                  "/" + upper, "/" + token.substr(1) + "g", "/" + token + "/", "//" + token,
                                  "/%66" + token.substr(1), "/.." + token.substr(2)}) {
    const auto app = parse_app(rest, std::nullopt);
    ASSERT_FALSE(app.has_value()) << rest;
    EXPECT_EQ(app.error().status, 404);
    EXPECT_EQ(app.error().reason, "No valid WAtoken");
  }
  EXPECT_FALSE(parse_app("", "").has_value());
  EXPECT_FALSE(parse_app("/x", kToken).has_value());
}

TEST(NotifyReply, IsTheProtocolsText) {
  EXPECT_EQ(accepted_body(), R"({"status": "ACCEPTED"})");
  EXPECT_EQ(error_body("Body too big"), R"({"status": "ERROR", "reason": "Body too big"})");
  EXPECT_EQ(error_body("a\"b"), R"({"status": "ERROR", "reason": "a\"b"})");
}

}  // namespace
}  // namespace herald::protocol::notify
