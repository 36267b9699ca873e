#include "base/ip_literal.h"

#include <gtest/gtest.h>

namespace herald {
namespace {

TEST(IpLiteral, HasOneTextForm) {
  EXPECT_EQ(canonical_ip("10.1.2.3"), "10.1.2.3");
  EXPECT_EQ(canonical_ip("FD00:0:0:0::0001"), "fd00::1");
  EXPECT_EQ(canonical_ip("::1"), "::1");
  EXPECT_EQ(canonical_ip("::ffff:8.8.8.8"), "8.8.8.8");
  EXPECT_EQ(canonical_ip("::FFFF:808:808"), "8.8.8.8");
  EXPECT_EQ(canonical_ip("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255"), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

TEST(IpLiteral, RefusesEverythingElse) {
  using std::string_view_literals::operator""sv;
  for (const auto text :
       {""sv, "localhost"sv, "10.1.2"sv, "10.1.2.256"sv, "010.1.2.3"sv, "0x0a.1.2.3"sv, "10.1.2.3:80"sv, "[::1]"sv,
        "fe80::1%eth0"sv, "1::2::3"sv, " 10.1.2.3"sv, "10.1.2.3\0"sv, "167837955"sv}) {
    EXPECT_EQ(canonical_ip(text), std::nullopt) << text;
  }
  EXPECT_EQ(canonical_ip(std::string(10'000, '1')), std::nullopt);
}

}  // namespace
}  // namespace herald
