#include "transport/http.h"

#include <gtest/gtest.h>

namespace herald::transport {
namespace {

class RecordingSink final : public HttpResponder::Sink {
 public:
  void respond(std::uint64_t token, HttpResponse response) override {
    tokens.push_back(token);
    statuses.push_back(response.status);
  }
  std::vector<std::uint64_t> tokens;
  std::vector<int> statuses;
};

class NamedHandler final : public HttpHandler {
 public:
  explicit NamedHandler(int status) : status_(status) {}
  void on_request(const HttpRequest& /*request*/, HttpResponder responder) override {
    responder.send(text_response(status_, ""));
  }
  [[nodiscard]] std::uint64_t body_max_bytes(std::string_view path) const override {
    return static_cast<std::uint64_t>(status_) + path.size();
  }

 private:
  int status_;
};

HttpRequest with_query(std::string_view query) {
  HttpRequest out;
  out.query = query;
  return out;
}

TEST(HttpRequestTest, FindsHeadersWhateverTheirCase) {
  HttpRequest request;
  request.headers = {{"Host", "a"}, {"X-Thing", " one "}, {"x-thing", "two"}};
  EXPECT_EQ(request.header("x-THING"), "one");
  EXPECT_EQ(request.header_count("X-Thing"), 2U);
  EXPECT_EQ(request.header("X-Thin"), std::nullopt);
  EXPECT_EQ(request.header_count("X-Thin"), 0U);
}

TEST(HttpRequestTest, DecodesQueryValues) {
  EXPECT_EQ(with_query("a=1&b=%2Fx%20y&c").query_value("b"), "/x y");
  EXPECT_EQ(with_query("a=1&b=x+y").query_value("b"), "x y");
  EXPECT_EQ(with_query("a=1&a=2").query_value("a"), "1");
  EXPECT_EQ(with_query("a=1&c").query_value("c"), "");
  EXPECT_EQ(with_query("%61=1").query_value("a"), "1");
  EXPECT_EQ(with_query("a=x=y").query_value("a"), "x=y");
}

TEST(HttpRequestTest, AnAbsentOrBadlyEncodedQueryValueIsNone) {
  EXPECT_EQ(with_query("").query_value("a"), std::nullopt);
  EXPECT_EQ(with_query("ab=1").query_value("a"), std::nullopt);
  EXPECT_EQ(with_query("a=%").query_value("a"), std::nullopt);
  EXPECT_EQ(with_query("a=%4").query_value("a"), std::nullopt);
  EXPECT_EQ(with_query("a=%4g").query_value("a"), std::nullopt);
}

TEST(HttpResponderTest, AnswersOnce) {
  const auto sink = std::make_shared<RecordingSink>();
  {
    HttpResponder responder(sink, 7);
    responder.send(text_response(204, ""));
    responder.send(text_response(205, ""));
  }
  EXPECT_EQ(sink->statuses, std::vector<int>{204});
  EXPECT_EQ(sink->tokens, std::vector<std::uint64_t>{7});
}

TEST(HttpResponderTest, DroppedUnansweredAnswers500) {
  const auto sink = std::make_shared<RecordingSink>();
  {
    HttpResponder responder(sink, 7);
    const HttpResponder moved(std::move(responder));
  }
  EXPECT_EQ(sink->statuses, std::vector<int>{500});
}

TEST(HttpResponderTest, AssigningOverAnUnansweredOneAnswersThat) {
  const auto sink = std::make_shared<RecordingSink>();
  HttpResponder responder(sink, 1);
  responder = HttpResponder(sink, 2);
  EXPECT_EQ(sink->tokens, std::vector<std::uint64_t>{1});
  responder.send(text_response(200, ""));
  EXPECT_EQ(sink->tokens, (std::vector<std::uint64_t>{1, 2}));
}

TEST(HttpResponderTest, AResponseToAConnectionThatIsGoneIsDropped) {
  auto sink = std::make_shared<RecordingSink>();
  HttpResponder responder(sink, 7);
  sink.reset();
  responder.send(text_response(200, ""));
}

TEST(HttpRouterTest, ChoosesTheLongestPrefixOfWholeSegments) {
  NamedHandler root(1);
  NamedHandler token(2);
  NamedHandler deep(3);
  HttpRouter router;
  router.add("/token", token);
  router.add("/", root);
  router.add("/token/deep", deep);
  const auto route = [&](std::string_view path) {
    const auto sink = std::make_shared<RecordingSink>();
    HttpRequest request;
    request.path = path;
    router.on_request(request, HttpResponder(sink, 0));
    return sink->statuses.at(0);
  };
  EXPECT_EQ(route("/token"), 2);
  EXPECT_EQ(route("/token/x"), 2);
  EXPECT_EQ(route("/token/deep"), 3);
  EXPECT_EQ(route("/token/deeper"), 2);
  EXPECT_EQ(route("/tokens"), 1);
  EXPECT_EQ(route("/"), 1);
}

TEST(HttpRouterTest, AnUnknownPathIs404) {
  NamedHandler token(2);
  HttpRouter router;
  router.add("/token", token);
  const auto sink = std::make_shared<RecordingSink>();
  HttpRequest request;
  request.path = "/tokens";
  router.on_request(request, HttpResponder(sink, 0));
  EXPECT_EQ(sink->statuses, std::vector<int>{404});
}

TEST(HttpRouterTest, AsksTheHandlerHowLongABodyMayBe) {
  NamedHandler token(201);
  NamedHandler pages(202);
  HttpRouter router;
  EXPECT_EQ(router.body_max_bytes("/"), 0U);
  router.add("/token", token);
  router.add("/token/pages", pages);
  EXPECT_EQ(router.body_max_bytes("/token"), 207U);
  EXPECT_EQ(router.body_max_bytes("/token/pages"), 214U);
  EXPECT_EQ(router.body_max_bytes("/other"), 0U);
}

}  // namespace
}  // namespace herald::transport
