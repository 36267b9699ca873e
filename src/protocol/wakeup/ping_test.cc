#include "protocol/wakeup/ping.h"

#include <gtest/gtest.h>

namespace herald::protocol::wakeup {
namespace {

TEST(Ping, BeginsWithNotifyAndHoldsOnlyANonce) {
  EXPECT_EQ(ping_datagram("0123456789abcdef"),
            "\x4e\x4f\x54\x49\x46\x59\x20"
            "0123456789abcdef");
}

TEST(Ping, TheNonceIsFoundInAPingAndInNothingElse) {
  EXPECT_EQ(nonce_in(ping_datagram("0123456789abcdef")), "0123456789abcdef");
  for (const char* other :
       {"", "NOTIFY", "NOTIFY ", "NOTIFY 0123456789abcde", "NOTIFY 0123456789abcdef0", "NOTIFY 0123456789abcdeg",
        "NOTIFY 0123456789ABCDEF", "notify 0123456789abcdef", "NOTIFY {\"ip\":\"1.2.3.4\"}"}) {
    EXPECT_EQ(nonce_in(other), "") << other;
  }
}

}  // namespace
}  // namespace herald::protocol::wakeup
