#include "roles/user_agent_ws/token_endpoint.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace herald::roles::user_agent_ws {
namespace {

class Sink final : public transport::HttpResponder::Sink {
 public:
  void respond(std::uint64_t /*token*/, transport::HttpResponse response) override { answer = std::move(response); }
  transport::HttpResponse answer;
};

class TokenEndpointTest : public testing::Test {
 protected:
  const transport::HttpResponse& ask(std::string_view method, std::string_view path) {
    transport::HttpRequest request;
    request.method = method;
    request.target = path;
    request.path = path;
    endpoint_.on_request(request, transport::HttpResponder(sink_, 1));
    return sink_->answer;
  }
  static std::string header(const transport::HttpResponse& response, std::string_view name) {
    const auto found = std::ranges::find(response.headers, name, [](const auto& entry) { return entry.first; });
    return found == response.headers.end() ? "" : found->second;
  }

  std::shared_ptr<Sink> sink_ = std::make_shared<Sink>();
  protocol::flow2012::UaTokens tokens_{{std::vector<std::uint8_t>(32, 1)}};
  SeededRandom random_{1};
  NullMetrics metrics_;
  TokenEndpoint endpoint_{tokens_, random_, metrics_};
};

TEST_F(TokenEndpointTest, GivesATokenAndNothingElse) {
  const auto answer = ask("GET", "/token");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(header(answer, "Content-Type"), "text/plain");
  EXPECT_EQ(header(answer, "access-control-allow-origin"), "*");
  EXPECT_EQ(header(answer, "Cache-Control"), "no-store");
  EXPECT_TRUE(tokens_.verify(answer.body));
  EXPECT_NE(ask("GET", "/token").body, answer.body);
  EXPECT_EQ(ask("HEAD", "/token").status, 200);
}

TEST_F(TokenEndpointTest, RefusesOtherPathsAndMethods) {
  for (const auto* path : {"/", "/tokens", "/token/x", "/x/token"}) EXPECT_EQ(ask("GET", path).status, 404) << path;
  for (const auto* method : {"POST", "PUT", "DELETE"}) {
    EXPECT_EQ(ask(method, "/token").status, 405);
    EXPECT_EQ(header(sink_->answer, "Allow"), "GET");
    EXPECT_EQ(header(sink_->answer, "access-control-allow-origin"), "*");
  }
}

TEST_F(TokenEndpointTest, AnswersPreflights) {
  EXPECT_EQ(ask("OPTIONS", "/token").status, 204);
  EXPECT_EQ(header(sink_->answer, "access-control-allow-origin"), "*");
  EXPECT_NE(header(sink_->answer, "Access-Control-Allow-Methods").find("GET"), std::string::npos);
}

}  // namespace
}  // namespace herald::roles::user_agent_ws
