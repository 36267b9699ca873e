#include "base/crypto_p256.h"

#include <gtest/gtest.h>

#include "base/crypto_hkdf.h"

namespace herald {
namespace {

std::vector<std::uint8_t> raw(std::string_view text) {
  return *from_base64url(text);
}

// RFC 5869, appendix A.1.
TEST(Hkdf, MatchesTheRfc) {
  const auto prk = hkdf_extract(*from_hex("000102030405060708090a0b0c"), std::vector<std::uint8_t>(22, 0x0b));
  EXPECT_EQ(to_hex(prk), "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
  EXPECT_EQ(to_hex(hkdf_expand(prk, *from_hex("f0f1f2f3f4f5f6f7f8f9"), 42)),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
}

// RFC 8291 §5.
constexpr std::string_view kReceiverSecret = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94";
constexpr std::string_view kReceiverPoint =
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
constexpr std::string_view kSenderSecret = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw";
constexpr std::string_view kSenderPoint =
    "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8";
constexpr std::string_view kShared = "kyrL1jIIOHEzg3sM2ZWRHDRB62YACZhhSlknJ672kSs";

TEST(P256, BothSidesShareTheSecret) {
  const auto receiver = *P256PrivateKey::from_scalar(raw(kReceiverSecret));
  const auto sender = *P256PrivateKey::from_scalar(raw(kSenderSecret));
  EXPECT_EQ(to_base64url(receiver->point()), kReceiverPoint);
  EXPECT_EQ(to_base64url(sender->point()), kSenderPoint);
  EXPECT_EQ(to_base64url(receiver->scalar()), kReceiverSecret);
  EXPECT_EQ(to_base64url(*receiver->ecdh(raw(kSenderPoint))), kShared);
  EXPECT_EQ(to_base64url(*sender->ecdh(raw(kReceiverPoint))), kShared);
}

// RFC 8292 §2.4: header and payload, key, signature.
TEST(P256, VerifiesEs256) {
  const std::string signed_text =
      "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9."
      "eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5uZXQiLCJleHAiOjE0NTM1MjM3NjgsInN1YiI6"
      "Im1haWx0bzpwdXNoQGV4YW1wbGUuY29tIn0";
  const auto signature = raw("i3CYb7t4xfxCDquptFOepC9GAu_HLGkMlMuCGSK2rpiUfnK9ojFwDXb1JrErtmysazNjjvW2L9OkSSHzvoD1oA");
  const auto key = *P256PublicKey::from_point(
      raw("BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs"));
  EXPECT_TRUE(key->verifies_es256(as_bytes(signed_text), signature));
  for (std::size_t i = 0; i < signature.size(); ++i) {
    auto changed = signature;
    changed[i] ^= 1;
    EXPECT_FALSE(key->verifies_es256(as_bytes(signed_text), changed));
  }
  EXPECT_FALSE(key->verifies_es256(as_bytes(signed_text + "x"), signature));
  EXPECT_FALSE(key->verifies_es256(as_bytes(signed_text), {}));
  EXPECT_FALSE(key->verifies_es256(as_bytes(signed_text), std::vector<std::uint8_t>(64, 0)));
  EXPECT_FALSE(key->verifies_es256(as_bytes(signed_text), std::vector<std::uint8_t>(64, 0xFF)));
}

TEST(P256, SignsWhatItVerifies) {
  const auto key = P256PrivateKey::generate();
  const auto verifier = *P256PublicKey::from_point(key->point());
  for (const std::string_view text : {"", "a", "header.payload"}) {
    EXPECT_TRUE(verifier->verifies_es256(as_bytes(text), key->sign_es256(as_bytes(text))));
  }
  const auto other = P256PrivateKey::generate();
  EXPECT_NE(other->scalar(), key->scalar());
  EXPECT_FALSE(verifier->verifies_es256(as_bytes("a"), other->sign_es256(as_bytes("a"))));
}

TEST(P256, RefusesWhatIsNotAPoint) {
  const auto good = raw(kReceiverPoint);
  std::vector<std::vector<std::uint8_t>> bad{
      {}, {4}, std::vector<std::uint8_t>(65, 0), std::vector<std::uint8_t>(65, 4)};
  bad.emplace_back(good.begin(), good.end() - 1);
  bad.push_back(good);
  bad.back().push_back(0);
  bad.push_back(good);
  bad.back()[64] ^= 1;
  bad.push_back(good);
  bad.back()[0] = 2;
  const auto key = P256PrivateKey::generate();
  for (const auto& point : bad) {
    const auto read = P256PublicKey::from_point(point);
    ASSERT_FALSE(read) << to_hex(point);
    EXPECT_EQ(read.error().kind, ErrorKind::kInvalid);
    EXPECT_FALSE(key->ecdh(point));
  }
}

TEST(P256, RefusesWhatIsNotAPrivateKey) {
  EXPECT_FALSE(P256PrivateKey::from_scalar({}));
  EXPECT_FALSE(P256PrivateKey::from_scalar(std::vector<std::uint8_t>(31, 1)));
  EXPECT_FALSE(P256PrivateKey::from_scalar(std::vector<std::uint8_t>(32, 0)));
  EXPECT_FALSE(P256PrivateKey::from_scalar(std::vector<std::uint8_t>(32, 0xFF)));
  EXPECT_TRUE(P256PrivateKey::from_scalar(std::vector<std::uint8_t>(32, 1)));
}

}  // namespace
}  // namespace herald
