#include "protocol/app_server/unifiedpush/matrix.h"

#include <gtest/gtest.h>

namespace herald::protocol::unifiedpush {
namespace {

std::string posted(std::string_view members, std::string_view devices = R"([{"pushkey":"https://a/1"}])") {
  return R"({"notification":{)" + std::string(members) + R"("devices":)" + std::string(devices) + "}}";
}

// unifiedpush.md T3
TEST(Matrix, TakesTheDevicesOut) {
  const auto read = parse_matrix(
      R"({"notification":{"event_id":"$e1","devices":[{"app_id":"a","pushkey":"https://p/1"},{"pushkey":"https://p/2"}],)"
      R"("room_id":"!r:hs","counts":{"unread":2}}})",
      {});
  ASSERT_TRUE(read);
  EXPECT_EQ(read->pushkeys, (std::vector<std::string>{"https://p/1", "https://p/2"}));
  EXPECT_EQ(read->body, R"({"notification":{"event_id":"$e1","room_id":"!r:hs","counts":{"unread":2}}})");
  EXPECT_EQ(read->urgency, Urgency::kHigh);
}

TEST(Matrix, ReadsThePriority) {
  EXPECT_EQ(parse_matrix(posted(R"("prio":"high",)"), {})->urgency, Urgency::kHigh);
  EXPECT_EQ(parse_matrix(posted(R"("prio":"low",)"), {})->urgency, Urgency::kLow);
  EXPECT_EQ(parse_matrix(posted(""), {})->urgency, Urgency::kHigh);
}

// U7, T7
TEST(Matrix, RefusesWhatIsNotANotification) {
  for (const std::string& body :
       {std::string(), std::string("x"), std::string("[]"), std::string("{}"), std::string(R"({"notification":1})"),
        std::string(R"({"notification":{}})"), posted("", "[]"), posted("", "{}"), posted("", "[{}]"),
        posted("", R"([{"pushkey":""}])"), posted("", R"([{"pushkey":1}])"), posted("", "[1]")}) {
    const auto read = parse_matrix(body, {});
    ASSERT_FALSE(read) << body;
    EXPECT_EQ(read.error().status, 400) << body;
  }
}

// What a user's push rules and client can put beside a pushkey.
TEST(Matrix, ReadsNothingOfADeviceButItsPushkey) {
  const std::string deep = std::string(5'000, '[') + std::string(5'000, ']');
  for (const std::string& value : {deep, std::string(R"("\u0000")"), std::string(R"("\ud800")"),
                                   std::string("{\"sound\":\"\xff\"}"), std::string("1e400")}) {
    const auto read =
        parse_matrix(posted("", R"([{"tweaks":)" + value + R"(,"pushkey":"https://a/1","data":)" + value + "}]"), {});
    ASSERT_TRUE(read) << value.substr(0, 40);
    EXPECT_EQ(read->pushkeys, std::vector<std::string>{"https://a/1"});
  }
}

// What any member of a room can put into an event.
TEST(Matrix, LeavesOutWhatADeviceCouldNotRead) {
  const std::string kept = R"("event_id":"$e1","counts":{"unread":2})";
  const std::string deep = std::string(5'000, '[') + std::string(5'000, ']');
  for (const std::string& value : {deep, std::string(R"({"body":"a\u0000b"})"), std::string(R"({"body":"\ud800"})"),
                                   std::string(R"({"body":"\udc00\ud800"})"), std::string(R"({"a":1,"a":2})"),
                                   std::string("1e400"), std::string("{\"body\":\"\xff\"}")}) {
    for (const auto* name : {"content", "room_name", "sender_display_name"}) {
      const auto read = parse_matrix(posted(kept + ",\"" + name + "\":" + value + ","), {});
      ASSERT_TRUE(read) << name << value.substr(0, 40);
      EXPECT_EQ(read->body, R"({"notification":{)" + kept + "}}");
      EXPECT_EQ(read->pushkeys.size(), 1U);
    }
  }
}

TEST(Matrix, LeavesOutContentFirstAndThenTheLargest) {
  Limits limits;
  const std::string ids = R"("event_id":"$e1","room_id":"!r:hs","counts":{"unread":2})";
  const std::string content = R"(,"content":{"body":")" + std::string(6'000, 'a') + R"("})";
  const std::string name = R"(,"room_name":"A room")";
  const std::string topic = R"(,"room_topic":")" + std::string(5'000, 'b') + "\"";
  EXPECT_EQ(parse_matrix(posted(ids + content + name + ","), limits)->body, R"({"notification":{)" + ids + name + "}}");
  EXPECT_EQ(parse_matrix(posted(ids + topic + content + name + ","), limits)->body,
            R"({"notification":{)" + ids + name + "}}");
  const std::string too_long = R"(,"event_id2":"x")" + std::string(R"(,"room_id":")") + std::string(5'000, 'c') + "\"";
  EXPECT_EQ(parse_matrix(posted(R"("counts":{"unread":2})" + too_long + ","), limits)->body,
            R"({"notification":{"counts":{"unread":2},"event_id2":"x"}})");
}

// As many members as a body can have.
TEST(Matrix, ReadsManyMembersInReasonableTime) {
  std::string many;
  for (int n = 0; n < 150'000; ++n) many += "\"" + std::to_string(n) + "\":0,";
  const auto read = parse_matrix(posted(many + R"("event_id":"$e1",)"), {});
  ASSERT_TRUE(read);
  EXPECT_LE(read->body.size(), Limits{}.webpush_message_max_bytes);
  EXPECT_NE(read->body.find("$e1"), std::string::npos);
}

// U11
TEST(Matrix, BoundsWhatADeviceWouldGet) {
  Limits limits;
  const std::string frame = R"({"notification":{"x":""}})";
  const std::string fits(limits.webpush_message_max_bytes - frame.size(), 'a');
  EXPECT_EQ(parse_matrix(posted(R"("x":")" + fits + R"(",)"), limits)->body.size(), limits.webpush_message_max_bytes);
  EXPECT_EQ(parse_matrix(posted(R"("x":"a)" + fits + R"(",)"), limits)->body, R"({"notification":{}})");
  std::string many = "[";
  for (std::size_t i = 0; i <= kDevicesMost; ++i) many += std::string(i == 0 ? "" : ",") + R"({"pushkey":"k"})";
  EXPECT_EQ(parse_matrix(posted("", many + "]"), limits).error().status, 400);
}

TEST(Matrix, WritesItsAnswers) {
  EXPECT_EQ(rejected_body({}), R"({"rejected":[]})");
  EXPECT_EQ(rejected_body({"a", "b\""}), R"({"rejected":["a","b\""]})");
  EXPECT_EQ(gateway_discovery(), R"({"unifiedpush":{"gateway":"matrix"}})");
  EXPECT_EQ(endpoint_discovery(), R"({"unifiedpush":{"version":1}})");
}

}  // namespace
}  // namespace herald::protocol::unifiedpush
