#include "protocol/wakeup/ping.h"

#include <gtest/gtest.h>

namespace herald::protocol::wakeup {
namespace {

TEST(Ping, BeginsWithNotifyAndHoldsOnlyANonce) {
  SeededRandom random(1);
  const std::string first = ping_datagram(random);
  EXPECT_EQ(first.substr(0, 7), "\x4e\x4f\x54\x49\x46\x59\x20");
  EXPECT_EQ(first.size(), 7U + 16U);
  EXPECT_EQ(first.find_first_not_of("0123456789abcdef", 7), std::string::npos);
  EXPECT_NE(ping_datagram(random), first);
}

}  // namespace
}  // namespace herald::protocol::wakeup
