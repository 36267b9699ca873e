#include "roles/user_agent_udp/allowed_networks.h"

#include <gtest/gtest.h>

namespace herald::roles::user_agent_udp {
namespace {

TEST(AllowedNetworks, StandardIsLoopbackAndPrivateRanges) {
  const AllowedNetworks networks;
  for (const char* ip : {"127.0.0.1", "127.255.255.255", "10.0.0.0", "10.255.255.255", "172.16.0.1", "172.31.255.255",
                         "192.168.0.1", "::1", "fc00::1", "fdff::1", "::ffff:10.1.2.3"}) {
    EXPECT_TRUE(networks.allows(WakeInterface{ip, 5000})) << ip;
  }
  for (const char* ip : {"8.8.8.8", "126.255.255.255", "128.0.0.0", "11.0.0.0", "172.15.255.255", "172.32.0.0",
                         "192.169.0.0", "0.0.0.0", "255.255.255.255", "224.0.0.1", "169.254.1.1", "::", "::2",
                         "2001:db8::1", "fe00::1", "ff02::1", "::ffff:8.8.8.8", "example.com", ""}) {
    EXPECT_FALSE(networks.allows(WakeInterface{ip, 5000})) << ip;
  }
  EXPECT_FALSE(networks.allows(WakeInterface{"127.0.0.1", 0}));
}

TEST(AllowedNetworks, TakesOthersInstead) {
  const auto networks = AllowedNetworks::parse({"203.0.113.0/24", "2001:db8::/32"});
  ASSERT_TRUE(networks);
  EXPECT_TRUE(networks->allows(WakeInterface{"203.0.113.7", 5000}));
  EXPECT_TRUE(networks->allows(WakeInterface{"2001:db8::7", 5000}));
  EXPECT_FALSE(networks->allows(WakeInterface{"127.0.0.1", 5000}));
  const auto none = AllowedNetworks::parse({});
  ASSERT_TRUE(none);
  EXPECT_FALSE(none->allows(WakeInterface{"127.0.0.1", 5000}));
  EXPECT_EQ(AllowedNetworks::parse({"10.0.0.0/33"}).error().kind, ErrorKind::kInvalid);
}

}  // namespace
}  // namespace herald::roles::user_agent_udp
