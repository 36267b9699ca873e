#include <gtest/gtest.h>

#include "transport/client.h"

namespace herald::transport {
namespace {

TEST(Url, PartsAndDefaults) {
  struct Case {
    const char* text;
    const char* scheme;
    const char* host;
    int port;
    const char* target;
    const char* origin;
  };
  for (const Case& expected : {
           Case{"http://example.org", "http", "example.org", 80, "/", "http://example.org"},
           Case{"https://example.org/", "https", "example.org", 443, "/", "https://example.org"},
           Case{"ws://localhost:8080/push?x=1", "ws", "localhost", 8080, "/push?x=1", "ws://localhost:8080"},
           Case{"WSS://Example.ORG:443/A", "wss", "example.org", 443, "/A", "wss://example.org"},
           Case{"http://127.0.0.1:80?q", "http", "127.0.0.1", 80, "/?q", "http://127.0.0.1"},
           Case{"http://[::1]:9/x#fragment", "http", "::1", 9, "/x", "http://[::1]:9"},
           Case{"http://[2001:db8::1]", "http", "2001:db8::1", 80, "/", "http://[2001:db8::1]"},
           Case{"http://[2001:DB8:0::1]:/", "http", "2001:db8::1", 80, "/", "http://[2001:db8::1]"},
           Case{"https://\xc3\xa9/a", "https", "xn--9ca", 443, "/a", "https://xn--9ca"},
           Case{"http://a_b.c-d/?u=http://x:1/", "http", "a_b.c-d", 80, "/?u=http://x:1/", "http://a_b.c-d"},
       }) {
    const auto url = Url::parse(expected.text);
    ASSERT_TRUE(url) << expected.text << ": " << url.error().message;
    EXPECT_EQ(url->scheme, expected.scheme);
    EXPECT_EQ(url->host, expected.host);
    EXPECT_EQ(url->port, expected.port);
    EXPECT_EQ(url->target, expected.target);
    EXPECT_EQ(url->origin(), expected.origin);
  }
}

TEST(Url, SecureSchemes) {
  EXPECT_TRUE(Url::parse("https://a")->secure());
  EXPECT_TRUE(Url::parse("wss://a")->secure());
  EXPECT_FALSE(Url::parse("http://a")->secure());
  EXPECT_FALSE(Url::parse("ws://a")->secure());
}

TEST(Url, Refused) {
  for (const char* const bad : {"",
                                "example.org",
                                "/path",
                                "ftp://a",
                                "://a",
                                "http:/a",
                                "http://",
                                "http:///x",
                                "http://:80",
                                "http://a:0",
                                "http://a:65536",
                                "http://a:8o",
                                "http://a:-1",
                                "http://a:+1",
                                "http://user@a",
                                "http://u:p@a:1",
                                "http://[::1",
                                "http://[::1]x",
                                "http://[::1]80",
                                "http://[127.0.0.1]",
                                "http://[]",
                                "http://::1",
                                "http://a b",
                                "http://a/b c",
                                "http://a/\r\nX: y",
                                "http://a\r\n",
                                "http://a/\xc3\xa9",
                                "http://\xc3/"}) {
    const auto url = Url::parse(bad);
    ASSERT_FALSE(url) << bad;
    EXPECT_EQ(url.error().kind, ErrorKind::kInvalid);
  }
}

}  // namespace
}  // namespace herald::transport
