#include "base/origin.h"

#include <gtest/gtest.h>

namespace herald {
namespace {

TEST(Origin, EqualOriginsCompareEqual) {
  struct Case {
    const char* text;
    const char* normal;
  };
  for (const Case& expected : {
           Case{"https://push.example.com", "https://push.example.com"},
           Case{"https://push.example.com:443", "https://push.example.com"},
           Case{"https://push.example.com:", "https://push.example.com"},
           Case{"HTTPS://Push.Example.COM:0443/a?b#c", "https://push.example.com"},
           Case{"https://push.example.com?x=/", "https://push.example.com"},
           Case{"https://push.example.com:80", "https://push.example.com:80"},
           Case{"http://push.example.com:80", "http://push.example.com"},
           Case{"ws://localhost:80", "ws://localhost"},
           Case{"wss://localhost:443", "wss://localhost"},
           Case{"http://[2001:DB8:0:0::1]:8080", "http://[2001:db8::1]:8080"},
           Case{"http://[::1]:80", "http://[::1]"},
           Case{"https://b\xc3\xbc"
                "cher.example",
                "https://xn--bcher-kva.example"},
           Case{"https://B\xc3\x9c"
                "CHER.example:443",
                "https://xn--bcher-kva.example"},
           // u and a combining diaeresis; an ideographic full stop
           Case{"https://bu\xcc\x88"
                "cher\xe3\x80\x82"
                "example",
                "https://xn--bcher-kva.example"},
           Case{"https://stra\xc3\x9f"
                "e.example",
                "https://xn--strae-oqa.example"},
           Case{"https://XN--Bcher-KVA.example", "https://xn--bcher-kva.example"},
       }) {
    const auto origin = Origin::parse(expected.text);
    ASSERT_TRUE(origin) << expected.text << ": " << origin.error().message;
    EXPECT_EQ(origin->text(), expected.normal);
    EXPECT_EQ(*origin, *Origin::parse(expected.normal));
  }
}

TEST(Origin, OthersDiffer) {
  const auto origin = Origin::parse("https://push.example.com");
  for (const char* const other : {"http://push.example.com", "https://push.example.com:8443", "https://example.com",
                                  "https://push.example.com.", "wss://push.example.com"}) {
    EXPECT_NE(*Origin::parse(other), *origin) << other;
  }
}

TEST(Origin, Refused) {
  for (const std::string_view bad : {"",
                                     "push.example.com",
                                     "mailto:a@example.com",
                                     "ftp://a",
                                     "https://",
                                     "https:///a",
                                     "https://:443",
                                     "https://a:0",
                                     "https://a:65536",
                                     "https://a:x",
                                     "https://u@a",
                                     "https://u:p@a",
                                     "https://[::1",
                                     "https://[::1]1",
                                     "https://[1.2.3.4]",
                                     "https://[]",
                                     "https://::1",
                                     "https://a b",
                                     "https://a\\b",
                                     "https://%61",
                                     "https://\xff",
                                     "https://a\xe2\x80\xa8",
                                     "https://\xc2\xad"}) {
    const auto origin = Origin::parse(bad);
    ASSERT_FALSE(origin) << bad << " gave " << origin->text();
    EXPECT_EQ(origin.error().kind, ErrorKind::kInvalid);
  }
  EXPECT_FALSE(Origin::parse(std::string_view("https://a\0b", 11)));
}

}  // namespace
}  // namespace herald
