#include "protocol/app_server/simplepush/version.h"

#include <gtest/gtest.h>

#include <string>

namespace herald::protocol::simplepush {
namespace {

TEST(SimplePushVersion, IsAWholeNumberThatJavaScriptCounts) {
  EXPECT_EQ(parse_version("version=0"), 0U);
  EXPECT_EQ(parse_version("version=5"), 5U);
  EXPECT_EQ(parse_version("version=9007199254740991"), 9'007'199'254'740'991U);
}

// simplepush.md P13
TEST(SimplePushVersion, RefusesAnythingElse) {
  for (const std::string_view body :
       {"", "v=1", "version", "version=", "version=-1", "version=+1", "version=1.5", "version= 1", "version=1 ",
        "version=0x1", "Version=1", "version=9007199254740992", "version=12345678901234567", "version=1&data=a"}) {
    const auto version = parse_version(body);
    ASSERT_FALSE(version) << body;
    EXPECT_EQ(version.error().status, 400) << body;
  }
}

// P14
TEST(SimplePushVersion, BoundsTheBody) {
  EXPECT_EQ(parse_version("version=" + std::string(17, '1')).error().status, 400);
  EXPECT_EQ(parse_version("version=" + std::string(18, '1')).error().status, 413);
}

}  // namespace
}  // namespace herald::protocol::simplepush
