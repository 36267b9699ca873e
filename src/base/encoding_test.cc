#include "base/encoding.h"

#include <gtest/gtest.h>

#include <string>

#include "base/random.h"

namespace herald {
namespace {

std::string text_of(const Result<std::vector<std::uint8_t>>& bytes) {
  return bytes ? std::string(as_text(*bytes)) : "<" + std::string(to_string(bytes.error().kind)) + ">";
}

TEST(Hex, WritesLowerCaseAndReadsBoth) {
  EXPECT_EQ(to_hex(as_bytes(std::string_view("\x00\xff\x1a", 3))), "00ff1a");
  EXPECT_EQ(text_of(from_hex("00FF1a")), std::string("\x00\xff\x1a", 3));
  EXPECT_EQ(text_of(from_hex("")), "");
  std::string line = "id=";
  append_hex(line, as_bytes("\x0f\x10"));
  EXPECT_EQ(line, "id=0f10");
}

TEST(Hex, FillsExactlyTheBytesGiven) {
  std::array<std::uint8_t, 2> out{};
  EXPECT_TRUE(from_hex("0fA0", out));
  EXPECT_EQ(to_hex(out), "0fa0");
  for (const char* bad : {"", "0f", "0fa", "0fa00", "0fa000", "0fag", "g000", "0 00"})
    EXPECT_FALSE(from_hex(bad, out)) << bad;
}

TEST(Hex, RefusesOddLengthsAndOtherCharacters) {
  for (const auto* bad : {"0", "0g", "g0", " 00", "0x00", "00 ", "0\xff"})
    EXPECT_EQ(text_of(from_hex(bad)), "<invalid>") << bad;
}

struct Rfc4648Vector {
  std::string_view text;
  std::string_view base64;
  std::string_view base64url;
};

// RFC 4648 §10, and one that uses the two characters in which the alphabets differ.
constexpr Rfc4648Vector kVectors[] = {
    {"", "", ""},
    {"f", "Zg==", "Zg"},
    {"fo", "Zm8=", "Zm8"},
    {"foo", "Zm9v", "Zm9v"},
    {"foob", "Zm9vYg==", "Zm9vYg"},
    {"fooba", "Zm9vYmE=", "Zm9vYmE"},
    {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
    {"\xfb\xff\xbf", "+/+/", "-_-_"},
};

TEST(Base64, FollowsTheVectorsOfRfc4648) {
  for (const auto& vector : kVectors) {
    EXPECT_EQ(to_base64(as_bytes(vector.text)), vector.base64);
    EXPECT_EQ(to_base64url(as_bytes(vector.text)), vector.base64url);
    EXPECT_EQ(text_of(from_base64(vector.base64)), vector.text);
    EXPECT_EQ(text_of(from_base64url(vector.base64url)), vector.text);
  }
}

TEST(Base64, PaddingMayBeMissingOrThere) {
  EXPECT_EQ(text_of(from_base64("Zg")), "f");
  EXPECT_EQ(text_of(from_base64("Zm8")), "fo");
  EXPECT_EQ(text_of(from_base64url("Zg==")), "f");
  EXPECT_EQ(text_of(from_base64url("Zm8=")), "fo");
}

TEST(Base64, RefusesWhatNoEncoderWrites) {
  for (const auto* bad : {"Z", "Zg=", "Zg===", "Zm9v=", "Zm9v==", "Zm9v====", "=",
                          "==", "====", "Zg==Zg==", "Z=g=", "Zm9v\n", "Zm 9v", "Zm9v!", "Zm9\xc3"}) {
    EXPECT_EQ(text_of(from_base64(bad)), "<invalid>") << bad;
    EXPECT_EQ(text_of(from_base64url(bad)), "<invalid>") << bad;
  }
  EXPECT_EQ(text_of(from_base64("-_-_")), "<invalid>");
  EXPECT_EQ(text_of(from_base64url("+/+/")), "<invalid>");
}

TEST(Base64, AValueHasOneSpelling) {
  EXPECT_EQ(text_of(from_base64url("Zh")), "<invalid>");
  EXPECT_EQ(text_of(from_base64("Zm9=")), "<invalid>");
}

TEST(Base64, ComesBackForEveryLength) {
  SeededRandom random(7);
  for (std::size_t size = 0; size < 70; ++size) {
    std::vector<std::uint8_t> bytes(size);
    random.fill(bytes);
    EXPECT_EQ(from_base64(to_base64(bytes)).value(), bytes);
    EXPECT_EQ(from_base64url(to_base64url(bytes)).value(), bytes);
    EXPECT_EQ(from_hex(to_hex(bytes)).value(), bytes);
  }
}

TEST(Utf8, AcceptsEveryEdgeOfRfc3629) {
  for (const std::string_view good :
       {"", "a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf",
        "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "\xc2\xa1Hola! \xe2\x98\x8e", "exactly8", "more than eight bytes"}) {
    EXPECT_TRUE(is_valid_utf8(good)) << good;
  }
  EXPECT_TRUE(is_valid_utf8(std::string_view("\0", 1)));
}

TEST(Utf8, RefusesEveryMalformedForm) {
  for (const std::string_view bad :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x41", "\xc2\xc0", "\xe0\x9f\xbf", "\xe1\x80",
        "\xe1\x80\x41", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf0\x90\x80", "\xf0\x90\x80\x41",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xfe", "\xff"}) {
    EXPECT_FALSE(is_valid_utf8(bad)) << to_hex(as_bytes(bad));
  }
}

// The quick path takes eight bytes at a time: a fault must be seen wherever it lies in a word.
TEST(Utf8, SeesAFaultAtEveryPosition) {
  for (std::size_t size = 1; size < 40; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      std::string text(size, 'x');
      EXPECT_TRUE(is_valid_utf8(text));
      text[at] = '\xff';
      EXPECT_FALSE(is_valid_utf8(text)) << size << " " << at;
      std::string good = std::string(at, 'x') + "\xe2\x98\x8e" + std::string(size - at, 'x');
      EXPECT_TRUE(is_valid_utf8(good));
      EXPECT_FALSE(is_valid_utf8(std::string_view(good).substr(0, at + 2)));
    }
  }
}

}  // namespace
}  // namespace herald
