#include "transport/proxy_header.h"

#include <gtest/gtest.h>

#include <string>

namespace herald::transport {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;
using State = ProxyHeader::State;

constexpr std::uint64_t kMost = 1'024;
const std::string kSignature = "\r\n\r\n\0\r\nQUIT\n"s;

ProxyHeader read(std::string_view bytes) {
  return read_proxy_header(bytes, kMost);
}
std::string source_of(std::string_view bytes) {
  const auto header = read(bytes);
  if (header.state != State::kComplete) return "no header";
  return header.source ? header.source->to_string() : "none";
}

std::string binary(char command, char family, std::string_view rest) {
  const std::string length{static_cast<char>(rest.size() >> 8U), static_cast<char>(rest.size() & 0xffU)};
  return kSignature + command + family + length + std::string(rest);
}
const std::string kV4 = "\xc0\x00\x02\x01\xc0\x00\x02\x02\xdc\x04\x01\xbb"s;  // 192.0.2.1:56324 to 192.0.2.2:443
const std::string kV6 =
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02"
    "\xdc\x04\x01\xbb"s;

TEST(ProxyHeader, Version1) {
  EXPECT_EQ(source_of("PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\nGET /"), "192.0.2.1:56324");
  EXPECT_EQ(source_of("PROXY TCP6 2001:db8::1 2001:db8::2 56324 443\r\n"), "[2001:db8::1]:56324");
  EXPECT_EQ(source_of("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n"), "192.0.2.1:1");
  EXPECT_EQ(source_of("PROXY TCP4 255.255.255.255 0.0.0.0 65535 0\r\n"), "255.255.255.255:65535");
  EXPECT_EQ(source_of("PROXY UNKNOWN\r\n"), "none");
  EXPECT_EQ(source_of("PROXY UNKNOWN ffff::1 anything 1 2\r\n"), "none");
  EXPECT_EQ(read("PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\nGET /").bytes, 42U);
}

TEST(ProxyHeader, Version1IsStrict) {
  for (const std::string_view bad :
       {"PROXY \r\n"sv, "PROXY TCP4\r\n"sv, "PROXY TCP4 192.0.2.1 192.0.2.2 56324\r\n"sv,
        "PROXY TCP4 192.0.2.1 192.0.2.2 56324 443 \r\n"sv, "PROXY TCP4 192.0.2.1 192.0.2.2 56324 443 1\r\n"sv,
        "PROXY  TCP4 192.0.2.1 192.0.2.2 56324 443\r\n"sv, "PROXY TCP4 192.0.2.1  192.0.2.2 56324 443\r\n"sv,
        "PROXY TCP4 192.0.2.256 192.0.2.2 1 2\r\n"sv, "PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n"sv,
        "PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n"sv, "PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n"sv,
        "PROXY TCP4 192.0.2.1 192.0.2.2 -1 2\r\n"sv, "PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n"sv,
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n"sv, "PROXY TCP4 192.0.2.1 192.0.2.2 1\r 2\r\n"sv,
        "PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n"sv, "PROXY tcp4 192.0.2.1 192.0.2.2 1 2\r\n"sv, "PROXY \n"sv,
        "PROXY UNKNOWN\0\r\n"sv}) {
    EXPECT_EQ(read(bad).state, State::kMalformed) << bad;
  }
  const std::string longest = "PROXY UNKNOWN " + std::string(91, 'x') + "\r\n";
  ASSERT_EQ(longest.size(), 107U);
  EXPECT_EQ(read(longest).state, State::kComplete);
  EXPECT_EQ(read("PROXY UNKNOWN " + std::string(92, 'x') + "\r\n").state, State::kMalformed);
  EXPECT_EQ(read("PROXY UNKNOWN " + std::string(92, 'x')).state, State::kNeedMore);
  EXPECT_EQ(read("PROXY UNKNOWN " + std::string(93, 'x')).state, State::kMalformed);
}

TEST(ProxyHeader, Version2) {
  EXPECT_EQ(source_of(binary('\x21', '\x11', kV4) + "\x16\x03"), "192.0.2.1:56324");
  EXPECT_EQ(source_of(binary('\x21', '\x21', kV6)), "[2001:db8::1]:56324");
  EXPECT_EQ(source_of(binary('\x21', '\x11', kV4 + "\x04\x00\x02xx"s)), "192.0.2.1:56324") << "an extension";
  EXPECT_EQ(source_of(binary('\x21', '\x31', std::string(216, 'a'))), "none") << "a UNIX socket";
  EXPECT_EQ(source_of(binary('\x21', '\0', "any")), "none");
  EXPECT_EQ(source_of(binary('\x20', '\0', "")), "none") << "a health check";
  EXPECT_EQ(source_of(binary('\x20', '\x11', kV4)), "none");
  EXPECT_EQ(source_of(binary('\x20', '\xff', "ignored")), "none");
  EXPECT_EQ(read(binary('\x21', '\x11', kV4) + "rest").bytes, 28U);
}

TEST(ProxyHeader, Version2IsStrict) {
  EXPECT_EQ(read(binary('\x11', '\x11', kV4)).state, State::kMalformed) << "version 1";
  EXPECT_EQ(read(binary('\x22', '\x11', kV4)).state, State::kMalformed) << "command 2";
  EXPECT_EQ(read(binary('\x21', '\x12', kV4)).state, State::kMalformed) << "UDP";
  EXPECT_EQ(read(binary('\x21', '\x41', kV4)).state, State::kMalformed) << "family 4";
  EXPECT_EQ(read(binary('\x21', '\x11', kV4.substr(1))).state, State::kMalformed) << "short addresses";
  EXPECT_EQ(read(binary('\x21', '\x21', kV4)).state, State::kMalformed);
  EXPECT_EQ(read(binary('\x21', '\x11', kV4 + "\x04"s)).state, State::kMalformed) << "half an extension";
  EXPECT_EQ(read(binary('\x21', '\x11', kV4 + "\x04\x00\x02x"s)).state, State::kMalformed);
}

// The checksum of proxy-protocol.txt §2.2.4, made by another implementation of CRC-32C.
TEST(ProxyHeader, AWrongChecksumIsRefused) {
  const std::string right = binary('\x21', '\x11', kV4 + "\x03\x00\x04\xd6\xc8\xc7\x5f"s);
  EXPECT_EQ(source_of(right), "192.0.2.1:56324");
  std::string wrong = right;
  wrong[16] ^= 1;
  EXPECT_EQ(read(wrong).state, State::kMalformed);
  EXPECT_EQ(read(binary('\x21', '\x11', kV4 + "\x03\x00\x03xyz"s)).state, State::kMalformed);
}

TEST(ProxyHeader, TheLimitBoundsVersion2) {
  const std::string filler = kV4 + "\x04"s + static_cast<char>((kMost - 31) >> 8U) +
                             static_cast<char>((kMost - 31) & 0xffU) + std::string(kMost - 31, 'x');
  const std::string at_limit = binary('\x21', '\x11', filler);
  ASSERT_EQ(at_limit.size(), kMost);
  EXPECT_EQ(read_proxy_header(at_limit, kMost).state, State::kComplete);
  EXPECT_EQ(read_proxy_header(at_limit, kMost - 1).state, State::kMalformed);
  EXPECT_EQ(read_proxy_header(at_limit.substr(0, 16), kMost - 1).state, State::kMalformed) << "as soon as it is known";
}

TEST(ProxyHeader, EveryBeginningNeedsMore) {
  for (const std::string& whole :
       {"PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n"s, binary('\x21', '\x21', kV6 + "\x04\x00\x01x"s)}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      EXPECT_EQ(read(whole.substr(0, size)).state, State::kNeedMore) << size;
    }
    EXPECT_EQ(read(whole).state, State::kComplete);
  }
}

TEST(ProxyHeader, OtherBytesAreNone) {
  for (const std::string_view other : {"GET / HTTP/1.1\r\n"sv, "POST /"sv, "PUT /"sv, "PROPFIND"sv, "PROXYX"sv,
                                       "\x16\x03\x01"sv, "\r\nGET"sv, "\r\n\r\nGET"sv, "proxy "sv}) {
    EXPECT_EQ(read(other).state, State::kAbsent) << other;
  }
}

}  // namespace
}  // namespace herald::transport
