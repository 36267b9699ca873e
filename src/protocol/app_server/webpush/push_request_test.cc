#include "protocol/app_server/webpush/push_request.h"

#include <gtest/gtest.h>

#include "base/crypto_p256.h"
#include "protocol/app_server/webpush/receipt.h"
#include "protocol/json.h"

namespace herald::protocol::webpush {
namespace {

using Fields = std::vector<HeaderList::Field>;

auto parse(const Fields& fields, std::string_view body = "", bool lenient = false, const Limits& limits = {}) {
  return parse_push(HeaderList(fields), as_bytes(body), limits, lenient);
}

void expect_refused(const Fields& fields, std::string_view body, int status, std::optional<Errno> number,
                    std::string_view message) {
  const auto outcome = parse(fields, body);
  ASSERT_FALSE(outcome) << message;
  EXPECT_EQ(outcome.error().status, status) << message;
  EXPECT_EQ(outcome.error().number, number) << message;
  EXPECT_TRUE(outcome.error().message.starts_with(message)) << outcome.error().message;
  EXPECT_FALSE(outcome.error().metric.empty());
}

const Fields kPlain{{"TTL", "60"}, {"Content-Encoding", "aes128gcm"}};
const std::string kDh = to_base64url(P256PrivateKey::generate()->point());
const std::string kSalt = "lngarbyKfMoi9Z75xYXmkg";

TEST(PushRequest, ReadsAPlainMessage) {
  const auto push = parse(kPlain, "body");
  ASSERT_TRUE(push) << push.error().message;
  EXPECT_EQ(push->ttl_s, 60U);
  EXPECT_TRUE(push->ttl_given);
  EXPECT_EQ(push->urgency, Urgency::kNormal);
  EXPECT_EQ(push->topic, "");
  EXPECT_EQ(push->encoding, "aes128gcm");
  EXPECT_FALSE(push->wants_receipt);
}

// E4: no payload needs no encoding, and ignores it.
TEST(PushRequest, NeedsNoEncodingWithoutPayload) {
  EXPECT_EQ(parse({{"ttl", "0"}})->encoding, "");
  EXPECT_EQ(parse({{"ttl", "0"}, {"Content-Encoding", "gzip"}})->encoding, "");
}

// H1, H2, H3, H26
TEST(PushRequest, RefusesABadTtl) {
  expect_refused({}, "", 400, Errno::kMissingTtl, "Missing TTL value");
  for (const std::string_view ttl : {"abc", "1.5", "", "+1", "0x1", "-", "1 2", "60,"}) {
    expect_refused({{"TTL", ttl}}, "", 400, Errno::kMissingTtl, "TTL must be a whole number");
  }
  expect_refused({{"TTL", "-1"}}, "", 400, Errno::kNegativeTtl, "TTL must be greater than 0");
  expect_refused({{"TTL", "60"}, {"ttl", "61"}}, "", 400, Errno::kBadTtl, "More than one TTL");
}

// H4
TEST(PushRequest, LowersAHighTtl) {
  for (const std::string_view ttl : {"99999999999", "2592001", "99999999999999999999999999999"}) {
    EXPECT_EQ(parse({{"TTL", ttl}})->ttl_s, 2'592'000U) << ttl;
  }
  EXPECT_EQ(parse({{"TTL", "2592000"}})->ttl_s, 2'592'000U);
  EXPECT_EQ(parse({{"TTL", "007"}})->ttl_s, 7U);
}

// H5, H6
TEST(PushRequest, ReadsATopic) {
  EXPECT_EQ(parse({{"TTL", "0"}, {"Topic", "aZ09-_"}})->topic, "aZ09-_");
  EXPECT_EQ(parse({{"TTL", "0"}, {"Topic", std::string(32, 'a')}})->topic, std::string(32, 'a'));
  expect_refused({{"TTL", "0"}, {"Topic", std::string(33, 'a')}}, "", 400, Errno::kBadTopic,
                 "Topic must be no greater than 32 characters");
  for (const std::string_view topic : {"a b", "ä", "a/b", "", "a="}) {
    expect_refused({{"TTL", "0"}, {"Topic", topic}}, "", 400, Errno::kBadTopic,
                   "Topic must be URL and Filename safe Base64 alphabet");
  }
  expect_refused({{"TTL", "0"}, {"Topic", "a"}, {"Topic", "a"}}, "", 400, Errno::kBadTopic, "More than one Topic");
}

// H7, H8
TEST(PushRequest, ReadsAnUrgency) {
  EXPECT_EQ(parse({{"TTL", "0"}, {"Urgency", "very-low"}})->urgency, Urgency::kVeryLow);
  EXPECT_EQ(parse({{"TTL", "0"}, {"Urgency", "low"}})->urgency, Urgency::kLow);
  EXPECT_EQ(parse({{"TTL", "0"}, {"Urgency", "normal"}})->urgency, Urgency::kNormal);
  EXPECT_EQ(parse({{"TTL", "0"}, {"Urgency", "High"}})->urgency, Urgency::kHigh);
  for (const std::string_view urgency : {"now", "", "high, low", "highest"}) {
    expect_refused({{"TTL", "0"}, {"Urgency", urgency}}, "", 400, std::nullopt, "Urgency must be one of");
  }
  expect_refused({{"TTL", "0"}, {"Urgency", "low"}, {"urgency", "low"}}, "", 400, std::nullopt, "Urgency must be");
}

// H9, H10
TEST(PushRequest, KnowsTwoEncodings) {
  expect_refused({{"TTL", "0"}}, "x", 400, Errno::kCryptoHeaders, "Missing Content-Encoding header");
  for (const std::string_view encoding : {"gzip", "aes128gcm, gzip", "aesgcm128", "", "identity"}) {
    expect_refused({{"TTL", "0"}, {"Content-Encoding", encoding}}, "x", 400, Errno::kCryptoHeaders,
                   "Unknown Content-Encoding header");
  }
  expect_refused({{"TTL", "0"}, {"Content-Encoding", "aes128gcm"}, {"Content-Encoding", "aes128gcm"}}, "x", 400,
                 Errno::kCryptoHeaders, "Unknown Content-Encoding header");
  EXPECT_EQ(parse({{"TTL", "0"}, {"content-encoding", " AES128GCM "}}, "x")->encoding, "aes128gcm");
}

// H12
TEST(PushRequest, WantsNoOldHeadersWithAes128Gcm) {
  const std::string salt = "salt=" + kSalt;
  const std::string dh = "dh=" + kDh;
  Fields fields = kPlain;
  fields.emplace_back("Encryption", salt);
  expect_refused(fields, "x", 400, Errno::kCryptoHeaders, "Do not include 'salt' header");
  fields.back() = {"Crypto-Key", dh};
  expect_refused(fields, "x", 400, Errno::kCryptoHeaders, "Do not include 'dh' header");
  const std::string vapid_only = "p256ecdsa=" + kDh;
  fields.back() = {"Crypto-Key", vapid_only};
  EXPECT_EQ(parse(fields, "x")->crypto_key, "");
}

TEST(PushRequest, ShowsTheSendersKey) {
  std::string body(16, 's');
  body.append("\0\0\x10\0\x41", 5);
  body.append("\x04" + std::string(64, 'k'));
  EXPECT_EQ(parse(kPlain, body)->sender_key.size(), 65U);
  body[20] = 0;
  EXPECT_TRUE(parse(kPlain, body)->sender_key.empty());
  EXPECT_TRUE(parse(kPlain, body.substr(0, 85))->sender_key.empty());
}

TEST(PushRequest, ReadsAesGcm) {
  const std::string encryption = "keyid=\"p256dh\"; salt=\"" + kSalt + "==\"";
  const std::string crypto_key = "keyid=p256dh;dh=" + kDh + "=;p256ecdsa=abc, p256ecdsa=def";
  const auto push = parse(
      {{"TTL", "0"}, {"Content-Encoding", "aesgcm"}, {"Encryption", encryption}, {"Crypto-Key", crypto_key}}, "x");
  ASSERT_TRUE(push) << push.error().message;
  EXPECT_EQ(push->encoding, "aesgcm");
  EXPECT_EQ(push->encryption, "keyid=p256dh;salt=" + kSalt);
  EXPECT_EQ(push->crypto_key, "keyid=p256dh;dh=" + kDh);
  EXPECT_EQ(to_base64url(push->sender_key), kDh);
}

// H11
TEST(PushRequest, RefusesAesGcmWithoutItsHeaders) {
  const std::string salt = "salt=" + kSalt;
  const std::string dh = "dh=" + kDh;
  struct Case {
    std::string_view encryption;
    std::string_view crypto_key;
    std::string_view message;
  };
  for (const auto& [encryption, crypto_key, message] :
       {Case{"", dh, "Missing Encryption header"}, Case{"rs=4096", dh, "Missing salt value in Encryption header"},
        Case{"nonsense", dh, "Invalid Encryption header"}, Case{"salt=%%%", dh, "Invalid salt value"},
        Case{"salt=AAAA", dh, "Invalid salt value"}, Case{"salt=\"", dh, "Invalid Encryption header"},
        Case{salt, "", "Missing Crypto-Key header"}, Case{salt, "x=1", "Missing dh value"},
        Case{salt, "dh=AAAA", "Invalid dh value"}, Case{salt, "lonely", "Invalid Crypto-Key header"}}) {
    Fields fields{{"TTL", "0"}, {"Content-Encoding", "aesgcm"}};
    if (!encryption.empty()) fields.emplace_back("Encryption", encryption);
    if (!crypto_key.empty()) fields.emplace_back("Crypto-Key", crypto_key);
    expect_refused(fields, "x", 400, Errno::kCryptoHeaders, message);
  }
}

// H13, E10
TEST(PushRequest, BoundsTheBody) {
  EXPECT_TRUE(parse(kPlain, std::string(4096, 'x')));
  expect_refused(kPlain, std::string(4097, 'x'), 413, Errno::kTooLarge, "This message is too large");
}

// webpush-http.md §2.7
TEST(PushRequest, AnswersTheFirstFault) {
  expect_refused({{"Topic", "a b"}}, std::string(4097, 'x'), 413, Errno::kTooLarge, "");
  expect_refused({{"Topic", "a b"}}, "x", 400, Errno::kMissingTtl, "");
  expect_refused({{"TTL", "-1"}, {"Topic", "a b"}}, "x", 400, Errno::kCryptoHeaders, "");
  expect_refused({{"TTL", "-1"}, {"Topic", "a b"}}, "", 400, Errno::kNegativeTtl, "");
  expect_refused({{"TTL", "1"}, {"Topic", "a b"}, {"Urgency", "now"}}, "", 400, Errno::kBadTopic, "");
}

TEST(PushRequest, ReadsPreferAndLink) {
  const std::string link = "</r/abc>; rel=\"urn:ietf:params:push:receipt\"";
  for (const std::string_view prefer : {"respond-async", "wait=10, Respond-Async", "respond-async; x=1"}) {
    const auto push = parse({{"TTL", "0"}, {"Prefer", prefer}, {"Link", link}});
    ASSERT_TRUE(push);
    EXPECT_TRUE(push->wants_receipt) << prefer;
    EXPECT_EQ(push->receipt_link, "/r/abc");
  }
  EXPECT_FALSE(parse({{"TTL", "0"}, {"Prefer", "respond-asynchronously"}})->wants_receipt);
  EXPECT_EQ(parse({{"TTL", "0"}, {"Link", link}})->receipt_link, "");
  EXPECT_EQ(
      parse({{"TTL", "0"}, {"Prefer", "respond-async"}, {"Link", "</x>; rel=\"urn:ietf:params:push\""}})->receipt_link,
      "");
  const std::string two = "<https://a/b,c>; rel=other, " + link;
  EXPECT_EQ(parse({{"TTL", "0"}, {"Prefer", "respond-async"}, {"Link", two}})->receipt_link, "/r/abc");
}

// unifiedpush.md T9
TEST(PushRequest, LenientTakesWhatOldUnifiedPushSendersSend) {
  const auto push = parse({}, "hello", true);
  ASSERT_TRUE(push);
  EXPECT_FALSE(push->ttl_given);
  EXPECT_EQ(push->ttl_s, kLenientTtlS);
  EXPECT_EQ(push->encoding, "");
  EXPECT_EQ(parse({{"Content-Encoding", "aesgcm"}}, "aesgcm\nEncryption: …", true)->encoding, "aesgcm");
  EXPECT_FALSE(parse({{"TTL", "x"}}, "hello", true));
  EXPECT_FALSE(parse({{"Content-Encoding", "gzip"}}, "hello", true));
}

TEST(Refusals, AreJson) {
  EXPECT_EQ(error_body({401, Errno::kUnauthorized, "VAPID public key mismatch", "vapid", std::nullopt}),
            R"({"code":401,"errno":109,"error":"Unauthorized","message":"VAPID public key mismatch",)"
            R"("more_info":"https://www.rfc-editor.org/rfc/rfc8030"})");
  const auto document = JsonDocument::parse(error_body({400, std::nullopt, "\"", "x", std::nullopt}), 4);
  ASSERT_TRUE(document);
  EXPECT_EQ(document->root().get("errno")->type(), JsonType::kNull);
  EXPECT_EQ(document->root().get("message")->string(), "\"");
}

TEST(Receipts, TellEachMessage) {
  EXPECT_EQ(receipt_status(DeliveryState::kPending), 0);
  EXPECT_EQ(receipt_status(DeliveryState::kSent), 0);
  EXPECT_EQ(receipt_status(DeliveryState::kAcked), 204);
  for (const auto state :
       {DeliveryState::kExpired, DeliveryState::kReplaced, DeliveryState::kCancelled, DeliveryState::kDropped}) {
    EXPECT_EQ(receipt_status(state), 410);
  }
  const WallTime at{1'700'000'000'000};
  EXPECT_EQ(receipt_list_body({}, ""), R"({"messages":[]})");
  EXPECT_EQ(
      receipt_list_body({{"/m/a", DeliveryState::kAcked, at, at, at}, {"/m/b", DeliveryState::kPending, at, at, {}}},
                        "/r/x?after=y"),
      R"({"messages":[{"location":"/m/a","state":"acked","status":204,"acceptedAt":"2023-11-14T22:13:20.000Z",)"
      R"("expiresAt":"2023-11-14T22:13:20.000Z","endedAt":"2023-11-14T22:13:20.000Z"},)"
      R"({"location":"/m/b","state":"pending","status":null,"acceptedAt":"2023-11-14T22:13:20.000Z",)"
      R"("expiresAt":"2023-11-14T22:13:20.000Z"}],"next":"/r/x?after=y"})");
  std::string events;
  append_receipt_event(events, {"/m/a", DeliveryState::kPending, at, at, {}}, "");
  append_receipt_event(events, {"/m/a", DeliveryState::kAcked, at, at, at}, "c1");
  append_receipt_event(events, {"/m/b", DeliveryState::kExpired, at, at, at}, "c2");
  EXPECT_TRUE(
      events.starts_with("event: pending\ndata: {\"location\":\"/m/a\",\"state\":\"pending\",\"status\":null,"));
  EXPECT_NE(
      events.find("}\n\nid: c1\nevent: delivered\ndata: {\"location\":\"/m/a\",\"state\":\"acked\",\"status\":204,"),
      std::string::npos);
  EXPECT_NE(events.find("}\n\nid: c2\nevent: expired\ndata: {\"location\":\"/m/b\","), std::string::npos);
  EXPECT_TRUE(events.ends_with("}\n\n"));
}

}  // namespace
}  // namespace herald::protocol::webpush
