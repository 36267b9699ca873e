#include "transport/http_target.h"

#include <gtest/gtest.h>

namespace herald::transport {
namespace {

using Form = RequestTarget::Form;

TEST(HttpTarget, Authorities) {
  for (const std::string_view good :
       {"h", "push.example.com", "push.example.com:8443", "h:", "127.0.0.1:80", "[::1]", "[::1]:8080", "a_b", "h:65535",
        "xn--bcher-kva.example", "b%C3%BCcher", "a~b!c"}) {
    EXPECT_TRUE(is_authority(good)) << good;
  }
  for (const std::string_view bad :
       {"",        "a b", "a@b",  "[::1",  "::1",      "[::1]x", "[1.2.3.4]", "[]",  "a:99999",
        "a:65536", "a:x", "a:-1", "a:1:2", ":80",      "a/b",    "a?b",       "a#b", "a\\b",
        "a\"b",    "<a>", "a%2",  "a%zz",  "http://a", "a,b c",  "\xc3\xbc"}) {
    EXPECT_FALSE(is_authority(bad)) << bad;
  }
}

std::string split(std::string_view method, std::string_view target) {
  const auto out = split_target(method, target);
  if (!out) return "refused";
  constexpr const char* kForms[] = {"origin", "absolute", "authority", "asterisk"};
  return std::string(kForms[static_cast<int>(out->form)]) + " " + std::string(out->path) + " " +
         std::string(out->query);
}

TEST(HttpTarget, Forms) {
  EXPECT_EQ(split("GET", "/a/b?x=1&y=?"), "origin /a/b x=1&y=?");
  EXPECT_EQ(split("GET", "//wpush/v1/x"), "origin //wpush/v1/x ");
  EXPECT_EQ(split("GET", "http://h:1/p?q"), "absolute /p q");
  EXPECT_EQ(split("GET", "HTTPS://[::1]:8080?q"), "absolute / q");
  EXPECT_EQ(split("GET", "http://h"), "absolute / ");
  EXPECT_EQ(split("OPTIONS", "*"), "asterisk * ");
  EXPECT_EQ(split("OPTIONS", "http://h:1"), "asterisk * ");
  EXPECT_EQ(split("CONNECT", "h:443"), "authority  ");
}

TEST(HttpTarget, Refused) {
  for (const std::string_view bad : {"p", "*", "?q", "", "ftp://h/p", "://h/p", "http:///p", "http://u@h/p",
                                     "http://h:x/", "http://[::1/p", "/p#f", "h:443", "mailto:a@b"}) {
    EXPECT_EQ(split("GET", bad), "refused") << bad;
  }
  for (const std::string_view bad : {"/", "h", "*", "http://h:1/", "h:x"}) {
    EXPECT_EQ(split("CONNECT", bad), "refused") << bad;
  }
}

TEST(HttpTarget, APathHasOneForm) {
  struct Case {
    const char* path;
    const char* normal;
  };
  for (const Case& expected :
       {Case{"/", "/"}, Case{"/wpush/v2/a_b-C", "/wpush/v2/a_b-C"}, Case{"//wpush/v2/a", "/wpush/v2/a"},
        Case{"/wpush//v2///a", "/wpush/v2/a"}, Case{"/wpush/v2/a/", "/wpush/v2/a"},
        Case{"/wpush/v2/a%5Fb%5f%2D%41", "/wpush/v2/a_b_-A"}, Case{"/%77push/v2/a", "/wpush/v2/a"},
        Case{"/x/../wpush/./v2/a", "/wpush/v2/a"}, Case{"/%2e%2e/wpush/%2E/a", "/wpush/a"}, Case{"/..", "/"},
        Case{"///", "/"}, Case{"/a%2Fb%20c%C3%BC", "/a%2Fb%20c%C3%BC"}, Case{"/a%255Fb", "/a%255Fb"},
        Case{"/.hidden/..a/...", "/.hidden/..a/..."}}) {
    EXPECT_EQ(normal_path(expected.path), expected.normal) << expected.path;
    EXPECT_EQ(normal_path(expected.normal), expected.normal) << "once is enough";
    EXPECT_TRUE(!is_normal_path(expected.path) || std::string_view(expected.path) == expected.normal);
  }
  EXPECT_TRUE(is_normal_path("/wpush/v2/a_b-C"));
  EXPECT_TRUE(is_normal_path("/"));
}

TEST(HttpTarget, PercentEncoding) {
  EXPECT_TRUE(is_percent_encoded("/a%20b%5f"));
  for (const std::string_view bad : {"/%", "/%2", "/%zz", "/a%2", "/%%20", "/%u0041"}) {
    EXPECT_FALSE(is_percent_encoded(bad)) << bad;
  }
}

}  // namespace
}  // namespace herald::transport
