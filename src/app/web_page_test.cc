#include "app/web_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace herald::app {
namespace {

using testing::HasSubstr;

// Keeps the answer.
struct Answer final : transport::HttpResponder::Sink {
  void respond(std::uint64_t /*token*/, transport::HttpResponse given) override { response = std::move(given); }
  [[nodiscard]] std::string header(const std::string& name) const {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return {};
  }
  transport::HttpResponse response;
};

struct Elsewhere final : transport::HttpHandler {
  void on_request(const transport::HttpRequest& /*request*/, transport::HttpResponder responder) override {
    responder.send(transport::text_response(404, "elsewhere"));
  }
};

class WebPageTest : public testing::Test {
 protected:
  Answer ask(std::string_view method, std::string_view path, std::string_view if_none_match = {}) {
    auto answer = std::make_shared<Answer>();
    transport::HttpRequest request;
    request.method = method;
    request.path = path;
    if (!if_none_match.empty()) request.headers.emplace_back("If-None-Match", if_none_match);
    page_.on_request(request, transport::HttpResponder(answer, 1));
    return *answer;
  }

  Elsewhere elsewhere_;
  WebPage page_{{{"index.html", "<p>hi"}, {"a.js", "1"}}, elsewhere_};
};

TEST_F(WebPageTest, ServesExactPathsWithTheirTypes) {
  const Answer index = ask("GET", "/");
  EXPECT_EQ(index.response.status, 200);
  EXPECT_EQ(index.response.body, "<p>hi");
  EXPECT_EQ(index.header("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(ask("GET", "/index.html").response.body, "<p>hi");
  EXPECT_EQ(ask("GET", "/a.js").header("Content-Type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(ask("GET", "/a.js/").response.body, "elsewhere");
  EXPECT_EQ(ask("GET", "/../a.js").response.body, "elsewhere");
}

TEST_F(WebPageTest, LetsTheBrowserDoNothingButWhatThePageNeeds) {
  const Answer index = ask("GET", "/");
  EXPECT_THAT(index.header("Content-Security-Policy"), HasSubstr("default-src 'none'; script-src 'self'"));
  EXPECT_THAT(index.header("Content-Security-Policy"), HasSubstr("frame-ancestors 'none'"));
  EXPECT_EQ(index.header("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(index.header("Referrer-Policy"), "no-referrer");
}

TEST_F(WebPageTest, AnUnchangedPageIsNotSentAgain) {
  const std::string etag = ask("GET", "/").header("ETag");
  const Answer again = ask("GET", "/", etag);
  EXPECT_EQ(again.response.status, 304);
  EXPECT_EQ(ask("GET", "/", "\"x\", W/" + etag).response.status, 304);
  EXPECT_EQ(again.response.body, "");
  EXPECT_EQ(ask("GET", "/", "\"other\"").response.status, 200);
}

TEST_F(WebPageTest, PostsGoElsewhereAndOtherMethodsAreRefused) {
  EXPECT_EQ(ask("POST", "/").response.body, "elsewhere");
  const Answer put = ask("PUT", "/");
  EXPECT_EQ(put.response.status, 405);
  EXPECT_EQ(put.header("Allow"), "GET, HEAD");
}

TEST(WebFiles, ThePageIsInTheBinary) {
  const auto files = web_files();
  const auto index = std::ranges::find(files, "index.html", &WebFile::name);
  ASSERT_NE(index, files.end());
  EXPECT_TRUE(index->content.starts_with("<!doctype html>") || index->content.starts_with("<!DOCTYPE html>"));
}

}  // namespace
}  // namespace herald::app
