#include "protocol/app_server/simplepush/version.h"

#include <gtest/gtest.h>

#include <string>

namespace herald::protocol::simplepush {
namespace {

constexpr WallTime kNow{1'700'000'000'999};

auto parsed(std::string_view body) {
  return parse_version(body, kNow);
}

TEST(SimplePushVersion, IsAWholeNumberThatJavaScriptCounts) {
  EXPECT_EQ(parsed("version=0"), 0U);
  EXPECT_EQ(parsed("version=5"), 5U);
  EXPECT_EQ(parsed("version=9007199254740991"), 9'007'199'254'740'991U);
}

// simplepush.md P13
TEST(SimplePushVersion, RefusesAnythingElse) {
  for (const std::string_view body :
       {"v=1", "version", "version=-1", "version=+1", "version=1.5", "version= 1", "version=1\n2", "\nversion=1",
        "version=0x1", "Version=1", "version=9007199254740992", "version=12345678901234567", "version=1&data=a"}) {
    const auto version = parsed(body);
    ASSERT_FALSE(version) << body;
    EXPECT_EQ(version.error().status, 400) << body;
  }
}

TEST(SimplePushVersion, WithoutOneTheTimeIsTaken) {
  for (const std::string_view body : {"", "\n", "\r\n", "version=", "version=\r\n"}) {
    EXPECT_EQ(parsed(body), 1'700'000'000U) << body;
  }
}

TEST(SimplePushVersion, ALineBreakAfterTheNumberDoesNotCount) {
  for (const std::string_view body : {"version=7\n", "version=7\r\n", "version=7 "}) EXPECT_EQ(parsed(body), 7U);
}

// P14
TEST(SimplePushVersion, BoundsTheBody) {
  EXPECT_EQ(parsed("version=" + std::string(17, '1')).error().status, 400);
  EXPECT_EQ(parsed("version=" + std::string(18, '1')).error().status, 413);
}

}  // namespace
}  // namespace herald::protocol::simplepush
