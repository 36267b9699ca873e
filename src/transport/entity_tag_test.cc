#include "transport/entity_tag.h"

#include <gtest/gtest.h>

namespace herald::transport {
namespace {

constexpr std::string_view kOwn = "\"a1b2\"";

bool matches(std::string_view value) {
  return IfNoneMatch::parse(value).matches(kOwn);
}

TEST(EntityTag, ComparesWeakly) {
  EXPECT_TRUE(matches(R"("a1b2")"));
  EXPECT_TRUE(matches(R"(W/"a1b2")"));
  EXPECT_FALSE(matches(R"("a1b3")"));
  EXPECT_FALSE(matches(R"("A1B2")"));
  EXPECT_FALSE(matches(R"("")"));
}

TEST(EntityTag, ReadsLists) {
  EXPECT_TRUE(matches(R"("x", "a1b2")"));
  EXPECT_TRUE(matches(R"("x",W/"a1b2","y")"));
  EXPECT_TRUE(matches(R"( , "x" ,, "a1b2" , )"));
  EXPECT_TRUE(matches(R"("with,comma", "a1b2")"));
  EXPECT_FALSE(matches(R"("x, "a1b2")"));
  EXPECT_FALSE(matches(R"("x", "y")"));
}

TEST(EntityTag, AStarMatchesAlone) {
  EXPECT_TRUE(matches("*"));
  EXPECT_TRUE(matches(" * "));
  EXPECT_FALSE(matches(R"(*, "x")"));
  EXPECT_FALSE(matches(R"("*")"));
}

TEST(EntityTag, WhatIsNotOfTheGrammarMatchesNothing) {
  for (const std::string_view value :
       {"", "a1b2", "\"a1b2", "w/\"a1b2\"", "W/ \"a1b2\"", "\"a1b2\" \"x\"", "\"a1 b2\"", "\"a1b2\"x", "W/"}) {
    EXPECT_FALSE(matches(value)) << value;
  }
  EXPECT_TRUE(IfNoneMatch::parse("a1b2").empty());
  EXPECT_TRUE(IfNoneMatch().empty());
  EXPECT_FALSE(IfNoneMatch().matches(kOwn));
}

TEST(EntityTag, KnowsTheCompressedFormsOfIntermediaries) {
  EXPECT_TRUE(matches(R"("a1b2-gzip")"));
  EXPECT_TRUE(matches(R"("a1b2--gzip")"));
  EXPECT_TRUE(matches(R"(W/"a1b2-br")"));
  EXPECT_FALSE(matches(R"("a1b2gzip")"));
  EXPECT_FALSE(matches(R"("a1b2---gzip")"));
  EXPECT_FALSE(matches(R"("a1b2-other")"));
}

TEST(EntityTag, SeveralFieldsAreOneList) {
  HttpRequest request;
  request.headers = {{"If-None-Match", "\"x\""}, {"Host", "h"}, {"if-none-match", "W/\"a1b2\" "}};
  EXPECT_TRUE(IfNoneMatch::of(request).matches(kOwn));
  request.headers.pop_back();
  EXPECT_FALSE(IfNoneMatch::of(request).matches(kOwn));
}

}  // namespace
}  // namespace herald::transport
