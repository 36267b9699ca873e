#include "protocol/pull/pull.h"

#include <gtest/gtest.h>

namespace herald::protocol::pull {
namespace {

const std::string kId = "00112233445566778899aabbccddeeff";

std::expected<PullRequest, Rejection> post(std::string_view body, std::optional<std::string_view> authorization = {}) {
  return parse_pull("POST", authorization, std::nullopt, body, Limits{});
}

std::string token(std::optional<std::string_view> authorization, std::optional<std::string_view> query,
                  std::string_view body) {
  return parse_pull("POST", authorization, query, body, Limits{})->uatoken;
}

TEST(Pull, TheHeaderWinsThenTheQueryThenTheBody) {
  constexpr std::string_view kBody = R"({"data":{"uatoken":"B"}})";
  EXPECT_EQ(token("Bearer H", "Q", kBody), "H");
  EXPECT_EQ(token(std::nullopt, "Q", kBody), "Q");
  EXPECT_EQ(token(std::nullopt, std::nullopt, kBody), "B");
  EXPECT_EQ(token(std::nullopt, std::nullopt, ""), "");
  EXPECT_EQ(token("Bearer ", std::nullopt, kBody), "");
  EXPECT_EQ(token(std::nullopt, std::nullopt, R"({"data":{"uatoken":5}})"), "");
}

TEST(Pull, ReadsTheBearerScheme) {
  EXPECT_EQ(token("bEARER  H ", std::nullopt, ""), "H");
  EXPECT_EQ(token("Basic eDp5", "Q", ""), "Q");
  EXPECT_EQ(token("BearerH", "Q", ""), "Q");
  EXPECT_EQ(token("", "Q", ""), "Q");
}

TEST(Pull, AGetHasNoBody) {
  const auto request = parse_pull("GET", "Bearer H", std::nullopt, "{oops", Limits{});
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->uatoken, "H");
  EXPECT_TRUE(request->acks.empty());
}

TEST(Pull, ReadsAcksAndIgnoresWhatIsNoId) {
  const auto request = post(R"({"ack":[")" + kId + R"(","x",""]})");
  ASSERT_TRUE(request.has_value());
  ASSERT_EQ(request->acks.size(), 1U);
  EXPECT_EQ(request->acks[0].hex(), kId);
  EXPECT_TRUE(post("{}")->acks.empty());
  EXPECT_TRUE(post(R"({"ack":[]})")->acks.empty());
}

TEST(Pull, RefusesWhatIsNoPull) {
  for (const std::string_view body : {"{oops", "[]", "5", R"({"ack":"x"})", R"({"ack":null})", R"({"ack":{}})",
                                      R"({"ack":[5]})", R"({"ack":[null]})"}) {
    const auto request = post(body);
    ASSERT_FALSE(request.has_value()) << body;
    EXPECT_EQ(request.error().status, 400);
    EXPECT_EQ(request.error().body, R"({"error":"Data received is not a valid JSON package"})");
  }
}

TEST(Pull, BoundsTheAcks) {
  Limits limits;
  limits.acks_per_pull = 2;
  const auto with = [&](std::string_view acks) {
    return parse_pull("POST", std::nullopt, std::nullopt, R"({"ack":[)" + std::string(acks) + "]}", limits);
  };
  EXPECT_TRUE(with(R"("a","b")").has_value());
  ASSERT_FALSE(with(R"("a","b","c")").has_value());
  EXPECT_EQ(with(R"("a","b","c")").error().status, 413);
}

}  // namespace
}  // namespace herald::protocol::pull
