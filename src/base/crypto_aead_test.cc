#include "base/crypto_aead.h"

#include <gtest/gtest.h>

namespace herald {
namespace {

std::vector<std::uint8_t> hex(std::string_view text) {
  return *from_hex(text);
}

// NIST's GCM test cases 2 and 16 (McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B).
TEST(AesGcm, MatchesThePublishedCases) {
  EXPECT_EQ(to_hex(aes_gcm_seal(hex("00000000000000000000000000000000"), hex("000000000000000000000000"), {},
                                hex("00000000000000000000000000000000"))),
            "0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf");
  EXPECT_EQ(
      to_hex(aes_gcm_seal(hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"),
                          hex("cafebabefacedbaddecaf888"), hex("feedfacedeadbeeffeedfacedeadbeefabaddad2"),
                          hex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e24"
                              "49a6b525b16aedf5aa0de657ba637b39"))),
      "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0a"
      "bcc9f66276fc6ece0f4e1768cddf8853bb2d551b");
}

TEST(AesGcm, OpensWhatItSealed) {
  const auto key = std::vector<std::uint8_t>(32, 7);
  const auto nonce = std::vector<std::uint8_t>(12, 9);
  for (const auto& text : {std::string(), std::string("x"), std::string(4096, 'y')}) {
    const auto sealed = aes_gcm_seal(key, nonce, as_bytes("about"), as_bytes(text));
    EXPECT_EQ(sealed.size(), text.size() + kAesGcmTagSize);
    const auto opened = aes_gcm_open(key, nonce, as_bytes("about"), sealed);
    ASSERT_TRUE(opened);
    EXPECT_EQ(as_text(*opened), text);
  }
}

TEST(AesGcm, RefusesEveryChange) {
  const auto key = std::vector<std::uint8_t>(16, 7);
  const auto nonce = std::vector<std::uint8_t>(12, 9);
  const auto sealed = aes_gcm_seal(key, nonce, as_bytes("about"), as_bytes("text"));
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    auto changed = sealed;
    changed[i] ^= 1;
    const auto opened = aes_gcm_open(key, nonce, as_bytes("about"), changed);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().kind, ErrorKind::kUnauthorized);
  }
  EXPECT_FALSE(aes_gcm_open(std::vector<std::uint8_t>(16, 8), nonce, as_bytes("about"), sealed));
  EXPECT_FALSE(aes_gcm_open(key, std::vector<std::uint8_t>(12, 8), as_bytes("about"), sealed));
  EXPECT_FALSE(aes_gcm_open(key, nonce, as_bytes("other"), sealed));
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    EXPECT_FALSE(aes_gcm_open(key, nonce, as_bytes("about"), ByteView(sealed).first(size)));
  }
}

}  // namespace
}  // namespace herald
