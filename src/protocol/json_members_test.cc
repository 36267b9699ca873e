#include "protocol/json_members.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace herald::protocol {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(JsonMembers, AreSplitWithoutReadingTheirValues) {
  EXPECT_THAT(*split_json_object(" { } "), IsEmpty());
  EXPECT_THAT(*split_json_object(R"({"a":1})"), ElementsAre(Pair("\"a\"", "1")));
  EXPECT_THAT(*split_json_object(R"( { "a" : [1, {"b":"}"}] , "c":null,"d":"x,\"y" })"),
              ElementsAre(Pair("\"a\"", R"([1, {"b":"}"}])"), Pair("\"c\"", "null"), Pair("\"d\"", R"("x,\"y")")));
  EXPECT_THAT(*split_json_object(R"({"a":"\u0000","a":oops})"),
              ElementsAre(Pair("\"a\"", R"("\u0000")"), Pair("\"a\"", "oops")));
}

TEST(JsonMembers, AnyDepthIsRead) {
  const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
  EXPECT_THAT(*split_json_object("{\"a\":" + deep + ",\"b\":1}"), ElementsAre(Pair("\"a\"", deep), Pair("\"b\"", "1")));
}

TEST(JsonMembers, WhatIsNoObjectIsNone) {
  for (const auto* text : {"", "1", "[]", "{", "}", "{}x", "{a:1}", R"({"a"})", R"({"a":})", R"({"a":1)", R"({"a":1,})",
                           R"({"a":"x)", R"({"a":[1})", R"({"a":1]})", R"({"a":1 2})", R"({"a":"\)"}) {
    EXPECT_FALSE(split_json_object(text)) << text;
  }
}

TEST(JsonMembers, ElementsOfAnArray) {
  EXPECT_THAT(*split_json_array(" [ ] "), IsEmpty());
  EXPECT_THAT(*split_json_array(R"([ {"a":"]"} ,[1,2], "x" ])"), ElementsAre(R"({"a":"]"})", "[1,2]", "\"x\""));
  for (const auto* text : {"", "1", "{}", "[", "]", "[]x", "[,]", "[1,]", "[1 2]", "[1}", "[[1]", R"(["x)"}) {
    EXPECT_FALSE(split_json_array(text)) << text;
  }
}

}  // namespace
}  // namespace herald::protocol
