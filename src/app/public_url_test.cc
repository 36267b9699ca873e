#include "app/public_url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace herald::app {
namespace {

using testing::HasSubstr;

TEST(PublicUrl, HasOneForm) {
  EXPECT_EQ(*normal_public_url("https://push.example.com"), "https://push.example.com");
  EXPECT_EQ(*normal_public_url("https://push.example.com/"), "https://push.example.com");
  EXPECT_EQ(*normal_public_url("HTTPS://Push.Example.com:443"), "https://push.example.com");
  EXPECT_EQ(*normal_public_url("http://10.0.0.1:80/"), "http://10.0.0.1");
  EXPECT_EQ(*normal_public_url("https://push.example.com:8443"), "https://push.example.com:8443");
  EXPECT_EQ(*normal_public_url("http://[0:0::1]:8080"), "http://[::1]:8080");
  EXPECT_EQ(*normal_public_url("https://b\u00fccher.example/Push/"), "https://xn--bcher-kva.example/Push");
  EXPECT_EQ(*normal_public_url("https://example.com:443/a/b%20c"), "https://example.com/a/b%20c");
}

TEST(PublicUrl, ErrorsShowTheValue) {
  for (const char* const bad :
       {"push.example.com", "ftp://push.example.com", "wss://push.example.com", "https://", "https:///a",
        "https://push.example.com?x", "https://push.example.com/#a", "https://u@push.example.com", "https://a/b c",
        "https://a/\u00fc", "https://a//", "https://a//b", "https://a/../b", "https://a/.", "https://a:70000"}) {
    const auto url = normal_public_url(bad);
    ASSERT_FALSE(url) << bad;
    EXPECT_THAT(url.error().message, HasSubstr("\"" + std::string(bad) + "\""));
  }
}

DerivedUrl derived(std::initializer_list<const char*> listeners, bool tls = false) {
  std::vector<transport::SocketAddress> addresses;
  for (const char* at : listeners) addresses.push_back(*transport::SocketAddress::parse(at));
  return derived_public_url(addresses, tls);
}

TEST(PublicUrl, IsDerivedFromTheFirstListener) {
  EXPECT_EQ(derived({"127.0.0.1:8080"}).url, "http://127.0.0.1:8080");
  EXPECT_EQ(derived({"10.0.0.1:443", "127.0.0.1:80"}, true).url, "https://10.0.0.1:443");
  EXPECT_EQ(derived({"0.0.0.0:8080"}).url, "http://127.0.0.1:8080");
  EXPECT_EQ(derived({"[::]:8080"}).url, "http://[::1]:8080");
}

TEST(PublicUrl, SaysWhenItWorksOnThisMachineOnly) {
  EXPECT_FALSE(derived({"127.0.0.1:8080"}).for_this_machine_only);
  EXPECT_FALSE(derived({"[::1]:8080", "127.0.0.2:8080"}).for_this_machine_only);
  EXPECT_FALSE(derived({"10.0.0.1:8080", "0.0.0.0:1"}).for_this_machine_only);
  EXPECT_TRUE(derived({"0.0.0.0:8080"}).for_this_machine_only);
  EXPECT_TRUE(derived({"[::]:8080"}).for_this_machine_only);
  EXPECT_TRUE(derived({"127.0.0.1:8080", "10.0.0.1:8080"}).for_this_machine_only);
}

}  // namespace
}  // namespace herald::app
