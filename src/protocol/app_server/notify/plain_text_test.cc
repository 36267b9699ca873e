#include "protocol/app_server/notify/plain_text.h"

#include <gtest/gtest.h>

#include <map>

namespace herald::protocol::notify {
namespace {

using Fields = std::map<std::string, std::string, std::less<>>;

std::optional<std::string> json(std::string_view body, const Fields& fields = {}) {
  return json_of_text(body, [&fields](std::string_view name) -> std::optional<std::string> {
    const auto found = fields.find(name);
    return found == fields.end() ? std::nullopt : std::optional(found->second);
  });
}

TEST(PlainText, IsWhatIsNoJson) {
  for (const std::string_view body :
       {"[urgent] Disk full", "[x] done", "\"Dinner\" is ready", "[", "\"", "Dinner is ready", "5", "null", "true dat",
        "  x", "\n.", "\xef\xbb\xbfHello", "(a)", "'{}'", "\xff"}) {
    EXPECT_TRUE(is_plain_text(body, "")) << body;
    EXPECT_TRUE(is_plain_text(body, "application/x-www-form-urlencoded")) << body;
    EXPECT_TRUE(is_plain_text(body, "text/plain; charset=utf-8")) << body;
    EXPECT_FALSE(is_plain_text(body, "application/json")) << body;
    EXPECT_FALSE(is_plain_text(body, "Application/Problem+JSON ; charset=utf-8")) << body;
  }
  for (const std::string_view body : {"", " \r\n\t", "{oops", " {\"message\":1} x", "[]", "\"x\"", "\xef\xbb\xbf{}"}) {
    EXPECT_FALSE(is_plain_text(body, "text/plain")) << body;
  }
}

TEST(PlainText, BecomesTheMessage) {
  EXPECT_EQ(json("Dinner is ready"), R"({"message":"Dinner is ready"})");
  EXPECT_EQ(json("a \"b\"\\\nc\x01"), R"({"message":"a \"b\"\\\nc\u0001"})");
  EXPECT_EQ(json("\u00a1Hola!"), "{\"message\":\"\u00a1Hola!\"}");
  EXPECT_EQ(json("\xff"), std::nullopt);
  EXPECT_EQ(json(std::string_view("a\0b", 3)), std::nullopt);
}

TEST(PlainText, TakesFieldsFromElsewhere) {
  EXPECT_EQ(json("x", {{"id", "7"}, {"priority", "2"}, {"ttl", "60"}, {"timestamp", "1700000000"}, {"title", "T"}}),
            R"({"message":"x","id":"7","title":"T","priority":2,"ttl":60,"timestamp":1700000000})");
  EXPECT_EQ(json("x", {{"priority", "high"}, {"ttl", "007"}, {"signature", "00ff"}}),
            R"({"message":"x","priority":"high","ttl":"007","signature":"00ff"})");
  EXPECT_EQ(json("x", {{"ttl", "1234567890123456"}}), R"({"message":"x","ttl":"1234567890123456"})");
  EXPECT_EQ(json("x", {{"id", "\xff"}}), std::nullopt);
  EXPECT_EQ(json("x", {{"ttl", ""}, {"other", "1"}}), R"({"message":"x","ttl":""})");
}

}  // namespace
}  // namespace herald::protocol::notify
