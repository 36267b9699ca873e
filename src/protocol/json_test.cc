#include "protocol/json.h"

#include <gtest/gtest.h>

#include "base/json_string.h"

namespace herald::protocol {
namespace {

constexpr std::size_t kDepth = 32;

bool accepts(std::string_view text) {
  return JsonDocument::parse(text, kDepth).has_value();
}

JsonDocument must_parse(std::string_view text) {
  auto document = JsonDocument::parse(text, kDepth);
  EXPECT_TRUE(document.has_value()) << text;
  return std::move(*document);
}

std::string decoded(std::string_view text) {
  const auto document = must_parse(text);
  return std::string(document.root().string().value_or("(none)"));
}

TEST(Json, ReadsEveryType) {
  const auto document =
      must_parse(R"( {"n":null,"t":true,"f":false,"i":-7,"d":2.5,"s":"x","a":[1,[2],{}],"o":{"k":"v"}} )");
  const JsonValue root = document.root();
  EXPECT_EQ(root.get("n")->type(), JsonType::kNull);
  EXPECT_EQ(root.get("t")->boolean(), true);
  EXPECT_EQ(root.get("f")->boolean(), false);
  EXPECT_EQ(root.get("i")->integer(), -7);
  EXPECT_EQ(root.get("d")->number(), 2.5);
  EXPECT_EQ(root.get("d")->integer(), std::nullopt);
  EXPECT_EQ(root.get("s")->string(), "x");
  EXPECT_EQ(root.get("a")->elements().size(), 3U);
  EXPECT_EQ(root.get("a")->elements()[1].elements()[0].integer(), 2);
  EXPECT_EQ(root.get("o")->get("k")->string(), "v");
  EXPECT_FALSE(root.get("x").has_value());
  EXPECT_FALSE(root.get("s")->get("x").has_value());
  EXPECT_EQ(root.get("s")->integer(), std::nullopt);
  EXPECT_TRUE(root.get("s")->elements().empty());
  EXPECT_TRUE(root.get("a")->members().empty());
}

TEST(Json, KeepsOrderAndExactText) {
  const auto document = must_parse("{ \"b\" : [ 1 , 2 ] ,\n\"a\" : 1.50e1 , \"c\":\"\\u0041\" }");
  const auto members = document.root().members();
  ASSERT_EQ(members.size(), 3U);
  EXPECT_EQ(members[0].first, "b");
  EXPECT_EQ(members[0].second.raw(), "[ 1 , 2 ]");
  EXPECT_EQ(members[1].first, "a");
  EXPECT_EQ(members[1].second.raw(), "1.50e1");
  EXPECT_EQ(members[1].second.integer(), 15);
  EXPECT_EQ(members[2].second.raw(), "\"\\u0041\"");
}

TEST(Json, KeepsNoReferenceToTheInput) {
  std::string text = R"({"a":"b"})";
  const auto document = must_parse(text);
  text.assign(text.size(), '!');
  EXPECT_EQ(document.root().get("a")->string(), "b");
  EXPECT_EQ(document.root().raw(), R"({"a":"b"})");
}

TEST(Json, ValuesOutliveAMoveOfTheDocument) {
  auto document = must_parse(R"({"a":"\n","b":[true]})");
  const JsonValue value = *document.root().get("a");
  const JsonDocument moved = std::move(document);
  EXPECT_EQ(value.string(), "\n");
  EXPECT_EQ(moved.root().get("b")->elements()[0].boolean(), true);
}

TEST(Json, DecodesEscapes) {
  EXPECT_EQ(decoded(R"("\"\\\/\b\f\n\r\t")"), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(decoded(R"("\u00a1\u260E x")"), "\u00a1\u260e x");
  EXPECT_EQ(decoded(R"("a\ud83d\uDE00b")"), "a\U0001F600b");
  EXPECT_EQ(decoded("\"\u00a1Hola! \u260e\""), "\u00a1Hola! \u260e");
  EXPECT_EQ(decoded(R"("\\\\")"), "\\\\");
}

TEST(Json, RefusesWhatIsNotJson) {
  for (const std::string_view text : {"",          " ",
                                      "{",         "{oops",
                                      "[1,]",      "{\"a\":1,}",
                                      "{a:1}",     "'x'",
                                      "nul",       "tru",
                                      "01",        "+1",
                                      "1.",        ".5",
                                      "1e",        "NaN",
                                      "Infinity",  "-",
                                      "{} {}",     "1 2",
                                      "// c\n1",   "/*c*/1",
                                      "\"\\x\"",   "\"\\u12\"",
                                      "\"a\nb\"",  "\xEF\xBB\xBF{}",
                                      "{\"a\" 1}", "[1 2]",
                                      "\"abc"}) {
    EXPECT_FALSE(accepts(text)) << text;
  }
}

TEST(Json, RefusesInvalidUtf8AndLoneSurrogates) {
  for (const std::string_view text :
       {"\"\xFF\"", "\"\xC0\xAF\"", "\"\xED\xA0\x80\"", "\"\xF4\x90\x80\x80\"", "\"\xE2\x98\"", "{\"\x80\":1}",
        R"("\ud800")", R"("\udc00")", R"("\ud800\u0041")"}) {
    EXPECT_FALSE(accepts(text)) << text;
  }
}

TEST(Json, RefusesNulRawAndEscaped) {
  using std::string_view_literals::operator""sv;
  EXPECT_FALSE(accepts("\"a\0b\""sv));
  EXPECT_FALSE(accepts("{}\0"sv));
  EXPECT_FALSE(accepts("\0{}"sv));
  EXPECT_FALSE(accepts(R"("a\u0000b")"));
  EXPECT_FALSE(accepts(R"({"\u0000":1})"));
  EXPECT_TRUE(accepts(R"("a\\u0000b")"));
}

TEST(Json, RefusesDuplicateKeysAtAnyDepthHoweverSpelled) {
  EXPECT_FALSE(accepts(R"({"a":1,"a":2})"));
  EXPECT_FALSE(accepts(R"({"a":1,"\u0061":2})"));
  EXPECT_FALSE(accepts(R"([{"x":{"a":1,"b":2,"a":3}}])"));
  EXPECT_TRUE(accepts(R"({"a":{"a":1},"b":{"a":1}})"));
}

TEST(Json, RefusesDuplicateKeysInLargeObjects) {
  std::string text = "{";
  for (int i = 0; i < 5000; ++i) text += "\"k" + std::to_string(i) + "\":0,";
  EXPECT_TRUE(accepts(text + "\"z\":0}"));
  EXPECT_FALSE(accepts(text + "\"k4999\":0}"));
  EXPECT_FALSE(accepts(text + "\"k0\":0}"));
}

TEST(Json, BoundsDepth) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(accepts(nested(kDepth)));
  EXPECT_FALSE(accepts(nested(kDepth + 1)));
  EXPECT_FALSE(accepts(std::string(100'000, '[')));
}

TEST(Json, IntegersAreWholeAndInRange) {
  const auto integer = [](std::string_view text) { return must_parse(text).root().integer(); };
  EXPECT_EQ(integer("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(integer("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(integer("9223372036854775808"), std::nullopt);
  EXPECT_EQ(integer("1e3"), 1000);
  EXPECT_EQ(integer("1.0"), 1);
  EXPECT_EQ(integer("1.5"), std::nullopt);
  EXPECT_EQ(integer("1e300"), std::nullopt);
  EXPECT_EQ(integer("-0"), 0);
}

TEST(Json, RefusesInfiniteNumbers) {
  EXPECT_FALSE(accepts("1e999"));
  EXPECT_FALSE(accepts("[-1e999]"));
  EXPECT_FALSE(accepts("1e99999999999"));
  EXPECT_TRUE(accepts("1e308"));
}

TEST(Json, WritesStringsThatReadBack) {
  const std::string text = "q\" b\\ n\n r\r t\t c\x01\x1f \u00a1\u260e\U0001F600 / \x7f";
  std::string out = "[";
  append_json_string(out, text);
  out += "]";
  EXPECT_EQ(must_parse(out).root().elements()[0].string(), text);
  EXPECT_NE(out.find("\\u0001\\u001f"), std::string::npos);
}

}  // namespace
}  // namespace herald::protocol
