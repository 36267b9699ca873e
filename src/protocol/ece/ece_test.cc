#include "protocol/ece/ece.h"

#include <gtest/gtest.h>

#include "base/crypto.h"

namespace herald::protocol::ece {
namespace {

Bytes raw(std::string_view text) {
  return *from_base64url(text);
}
std::unique_ptr<P256PrivateKey> key(std::string_view scalar) {
  return std::move(*P256PrivateKey::from_scalar(raw(scalar)));
}
Salt salt_of(std::string_view text) {
  Salt salt{};
  const auto bytes = raw(text);
  std::copy(bytes.begin(), bytes.end(), salt.begin());
  return salt;
}

// RFC 8291 §5.
struct WebPushVectors : testing::Test {
  std::unique_ptr<P256PrivateKey> receiver = key("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94");
  Bytes auth = raw("BTBZMqHH6r4Tts7J_aSIgg");
  ReceiverKeys keys{{}, auth};

  WebPushVectors() {
    const auto point = receiver->point();
    keys.public_key.assign(point.begin(), point.end());
  }
  [[nodiscard]] Result<Bytes> open(std::string_view body) const {
    return decrypt_aes128gcm(raw(body), *receiver, auth);
  }
  void expect_text(std::string_view body, std::string_view text) const {
    const auto opened = open(body);
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(as_text(*opened), text);
  }
};

constexpr std::string_view kWatermelon =
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_"
    "c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_"
    "yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";
constexpr std::string_view kHead =
    "AAECAwQFBgcICQoLDA0ODwAAEABBBNI_egP8-kJgRs02TG6DYcPhXTHzfHmKbIRbuDH6jr7IvAsTtZIYoTGci3Q1_"
    "PFUHMlofmjNfelaiZ0jvVirdm";

TEST_F(WebPushVectors, MakesTheRfcsMessage) {
  const auto sender = key("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw");
  const auto body = encrypt_aes128gcm(as_bytes("When I grow up, I want to be a watermelon"), keys, *sender,
                                      salt_of("DGv6ra1nlYgDCS1FRnbzlw"));
  ASSERT_TRUE(body);
  EXPECT_EQ(to_base64url(*body), kWatermelon);
}

TEST_F(WebPushVectors, OpensTheRfcsMessage) {
  expect_text(kWatermelon, "When I grow up, I want to be a watermelon");
}

TEST_F(WebPushVectors, OpensOwnMessages) {
  expect_text(std::string(kHead) + "HLiDcwuFbn675LseZXzzaiVBtQ_BTu", "hello");
  expect_text(std::string(kHead) + "Gh2pHbPkYnSYjQ3TXa4yc62w", "");
  expect_text(std::string(kHead) + "HLiDcwuFY3zv5DyPqNWO3wEUjvQWb8VCtDt-6L53p9dQ", "hello");
}

TEST_F(WebPushVectors, MakesOwnMessages) {
  const auto sender = std::move(*P256PrivateKey::from_scalar(sha256(as_bytes("push-test-sender"))));
  Salt salt{};
  for (std::size_t i = 0; i < salt.size(); ++i) salt[i] = static_cast<std::uint8_t>(i);
  EXPECT_EQ(to_base64url(*encrypt_aes128gcm(as_bytes("hello"), keys, *sender, salt)),
            std::string(kHead) + "HLiDcwuFbn675LseZXzzaiVBtQ_BTu");
  EXPECT_EQ(to_base64url(*encrypt_aes128gcm(as_bytes("hello"), keys, *sender, salt, 10)),
            std::string(kHead) + "HLiDcwuFY3zv5DyPqNWO3wEUjvQWb8VCtDt-6L53p9dQ");
  const std::string longest(kPlaintextMaxBytes, 'x');
  const auto body = encrypt_aes128gcm(as_bytes(longest), keys, *sender, salt);
  ASSERT_TRUE(body);
  EXPECT_EQ(body->size(), 4096U);
  EXPECT_EQ(to_hex(sha256(*body)), "320ceaa562ee2426ed8f9ffda76b796a24dd2edf1f932302781a0d83c84edbe8");
  EXPECT_EQ(encrypt_aes128gcm(as_bytes(longest + "x"), keys, *sender, salt).error().kind, ErrorKind::kTooLarge);
}

TEST_F(WebPushVectors, RefusesBrokenMessages) {
  // Delimiter 1, record size 17, no key id.
  EXPECT_FALSE(open(std::string(kHead) + "HLiDcwuFWR2-jRQ-yjVr8eNSMjQ-bB"));
  EXPECT_FALSE(open(
      "AAECAwQFBgcICQoLDA0ODwAAABFBBNI_egP8-kJgRs02TG6DYcPhXTHzfHmKbIRbuDH6jr7IvAsTtZIYoTGci3Q1_PFUHMlofmjNfelaiZ0jv"
      "VirdmHLiDcwuFbn675LseZXzzaiVBtQ_BTu"));
  EXPECT_FALSE(open("AAECAwQFBgcICQoLDA0ODwAAEAAAy4g3MLhW5-u-S7HmV882olQbUPwU7g"));
  const auto good = raw(kWatermelon);
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(decrypt_aes128gcm(ByteView(good).first(size), *receiver, auth));
  }
  for (const std::size_t at : {0U, 25U, 90U, 143U}) {
    auto changed = good;
    changed[at] ^= 1;
    EXPECT_FALSE(decrypt_aes128gcm(changed, *receiver, auth)) << at;
  }
}

// RFC 8188 §3.
TEST(Ece, OpensTheRfcsExamples) {
  const auto one = decrypt_rfc8188(raw("I1BsxtFttlv3u_Oo94xnmwAAEAAA-NAVub2qFgBEuQKRapoZu-IxkIva3MEB1PD-ly8Thjg"),
                                   raw("yqdlZ-tYemfogSmv7Ws5PQ"));
  ASSERT_TRUE(one);
  EXPECT_EQ(as_text(*one), "I am the walrus");
  const auto two_records = decrypt_rfc8188(
      raw("uNCkWiNYzKTnBN9ji3-qWAAAABkCYTHOG8chz_gnvgOqdGYovxyjuqRyJFjEDyoF1Fvkj6hQPdPHI51OEUKEpgz3SsLWIqS_uA"),
      raw("BO3ZVPxUlnLORbVGMpbT1Q"));
  ASSERT_TRUE(two_records);
  EXPECT_EQ(as_text(*two_records), "I am the walrus");
}

// draft-ietf-webpush-encryption-04, appendix.
TEST(Ece, AesGcmMatchesTheDraft) {
  const auto receiver = key("9FWl15_QUQAWDaD3k3l50ZBZQJ4au27F1V4F0uLSD_M");
  const auto sender = key("nCScek-QpEjmOOlT-rQ38nZzvdPlqa00Zy0i6m2OJvY");
  const auto auth = raw("R29vIGdvbyBnJyBqb29iIQ");
  const auto salt = salt_of("lngarbyKfMoi9Z75xYXmkg");
  const auto point = receiver->point();
  const auto body =
      encrypt_aesgcm(as_bytes("I am the walrus"), {Bytes(point.begin(), point.end()), auth}, *sender, salt);
  ASSERT_TRUE(body);
  EXPECT_EQ(to_base64url(body->body), "6nqAQUME8hNqw5J3kl8cpVVJylXKYqZOeseZG8UueKpA");
  EXPECT_EQ(body->encryption, "salt=lngarbyKfMoi9Z75xYXmkg");
  EXPECT_EQ(body->crypto_key,
            "dh=BNoRDbb84JGm8g5Z5CFxurSqsXWJ11ItfXEWYVLE85Y7CYkDjXsIEc4aqxYaQ1G8BqkXCJ6DPpDrWtdWj_mugHU");
  const auto opened = decrypt_aesgcm(body->body, salt, sender->point(), *receiver, auth);
  ASSERT_TRUE(opened);
  EXPECT_EQ(as_text(*opened), "I am the walrus");
  auto changed = body->body;
  changed[3] ^= 1;
  EXPECT_FALSE(decrypt_aesgcm(changed, salt, sender->point(), *receiver, auth));
}

}  // namespace
}  // namespace herald::protocol::ece
