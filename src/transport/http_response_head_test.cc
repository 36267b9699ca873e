#include "transport/http_response_head.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace herald::transport {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string head_of(const HttpResponse& response, ResponseFrame frame = {.date = "now"}) {
  std::string out;
  append_response_head(out, response, frame);
  return out;
}

TEST(HttpResponseHeadTest, WritesTheDate) {
  EXPECT_EQ(http_date({784'111'777'999}), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(HttpResponseHeadTest, WritesStatusFieldsAndLength) {
  EXPECT_EQ(head_of(text_response(404, "abc")),
            "HTTP/1.1 404 Not Found\r\nDate: now\r\nContent-Type: text/plain; charset=utf-8\r\n"
            "Content-Length: 3\r\n\r\n");
  EXPECT_THAT(head_of(text_response(299, "")), HasSubstr("HTTP/1.1 299 Unknown\r\n"));
}

TEST(HttpResponseHeadTest, SaysWhatBecomesOfTheConnection) {
  const auto response = text_response(200, "");
  EXPECT_THAT(head_of(response), Not(HasSubstr("Connection")));
  EXPECT_THAT(head_of(response, {.date = "now", .close = true}), HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(head_of(response, {.date = "now", .request_version = 10}), HasSubstr("Connection: keep-alive\r\n"));
}

TEST(HttpResponseHeadTest, GivesNoLengthWhereThereIsNoBody) {
  EXPECT_THAT(head_of(text_response(204, "")), Not(HasSubstr("Content-Length")));
  EXPECT_THAT(head_of(text_response(304, "")), Not(HasSubstr("Content-Length")));
  EXPECT_THAT(head_of(text_response(200, "")), HasSubstr("Content-Length: 0\r\n"));
}

TEST(HttpResponseHeadTest, AValueCannotBeginAnotherField) {
  auto response = text_response(200, "");
  response.headers.emplace_back("Location", "/a\r\nSet-Cookie: x");
  response.headers.emplace_back("X\r\n\r\n", "\n\177b\t");
  EXPECT_THAT(head_of(response), HasSubstr("Location: /aSet-Cookie: x\r\nX: b\r\n"));
}

}  // namespace
}  // namespace herald::transport
