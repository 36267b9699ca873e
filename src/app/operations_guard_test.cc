#include "app/operations_guard.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>

#include "app/operations_secret.h"
#include "app/test_folder.h"
#include "base/random.h"

namespace herald::app {
namespace {

class Taker final : public transport::HttpResponder::Sink {
 public:
  void respond(std::uint64_t /*token*/, transport::HttpResponse given) override { response = std::move(given); }
  std::optional<transport::HttpResponse> response;
};

class Counting final : public transport::HttpHandler {
 public:
  void on_request(const transport::HttpRequest& /*request*/, transport::HttpResponder responder) override {
    ++requests;
    responder.send({204, {}, {}, false});
  }
  int requests = 0;
};

struct OperationsGuardTest : testing::Test {
  NullLog log;
  Counting behind;

  int ask(const OperationsDoor& asked, std::string_view method, std::optional<std::string> host,
          std::optional<std::string> authorization = {}) {
    OperationsGuard guard(asked, behind, log);
    transport::HttpRequest request;
    request.method = method;
    if (host) request.headers.emplace_back("Host", *host);
    if (authorization) request.headers.emplace_back("Authorization", *authorization);
    auto taker = std::make_shared<Taker>();
    guard.on_request(request, transport::HttpResponder(taker, 1));
    return taker->response ? taker->response->status : 0;
  }
  const OperationsDoor door{.hosts = {"ops.example.com"}, .secret = "sixteen letters!", .secret_file = "f"};
};

TEST_F(OperationsGuardTest, AnswersToNamesThatNoWebPageCanHave) {
  for (const char* host :
       {"127.0.0.1:9090", "127.0.0.1", "10.1.2.3:80", "[::1]:9090", "[2001:db8::1]", "localhost", "LocalHost:9090",
        "herald", "herald:9090", "a.localhost", "ops.example.com", "OPS.example.com.:9090"}) {
    EXPECT_TRUE(answers_to(host, door.hosts)) << host;
    EXPECT_EQ(ask(door, "GET", host), 204) << host;
  }
  EXPECT_EQ(ask(door, "GET", std::nullopt), 204) << "HTTP/1.0";
}

TEST_F(OperationsGuardTest, AnswersToNoOtherName) {
  for (const char* host :
       {"evil.example", "evil.example:9090", "127.0.0.1.evil.example", "localhost.evil.example", "", ":9090",
        "127.0.0.1@evil.example", "evil.example#127.0.0.1", "x.ops.example.com", "[evil.example]"}) {
    EXPECT_FALSE(answers_to(host, door.hosts)) << host;
    EXPECT_EQ(ask(door, "GET", host), 421) << host;
    EXPECT_EQ(ask(door, "PUT", host, "Bearer sixteen letters!"), 421) << host;
  }
  EXPECT_EQ(behind.requests, 0);
}

TEST_F(OperationsGuardTest, AChangeNeedsTheSecret) {
  for (const char* method : {"PUT", "POST", "DELETE", "PATCH", "OPTIONS"}) {
    EXPECT_EQ(ask(door, method, "localhost"), 401);
    EXPECT_EQ(ask(door, method, "localhost", "Bearer sixteen letters"), 401);
    EXPECT_EQ(ask(door, method, "localhost", "Bearer sixteen letters!!"), 401);
    EXPECT_EQ(ask(door, method, "localhost", "Bearer "), 401);
    EXPECT_EQ(ask(door, method, "localhost", "Basic sixteen letters!"), 401);
    EXPECT_EQ(behind.requests, 0) << method;
    EXPECT_EQ(ask(door, method, "localhost", "bearer sixteen letters!"), 204);
    behind.requests = 0;
  }
}

TEST_F(OperationsGuardTest, NobodyChangesAnythingWhereThereIsNoSecret) {
  const OperationsDoor none;
  for (const char* authorization : {"Bearer ", "Bearer x", ""}) {
    EXPECT_EQ(ask(none, "PUT", "localhost", authorization), 403);
  }
  EXPECT_EQ(behind.requests, 0);
}

struct OperationsSecretTest : testing::Test {
  TestFolder folder;
  [[nodiscard]] std::string path(const std::string& name) const { return folder.path() + "/" + name; }
};

TEST_F(OperationsSecretTest, IsMadeOnceAndForItsOwnerOnly) {
  SeededRandom random(1);
  const std::string file = path("operations.secret");
  const auto made = read_or_make_operations_secret(file, random);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->size(), 43U);
  EXPECT_EQ(read_or_make_operations_secret(file, random).value_or(""), *made);
  EXPECT_EQ(std::filesystem::status(file).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(OperationsSecretTest, IsRefusedIfItIsShortOrNoHeaderCarriesIt) {
  const auto read = [this](std::string_view text) {
    std::ofstream(path("secret")) << text;
    return read_operations_secret(path("secret"));
  };
  EXPECT_EQ(read("0123456789abcdef\nmore").value_or(""), "0123456789abcdef");
  EXPECT_EQ(read("0123456789abcde\n").error().kind, ErrorKind::kInvalid);
  EXPECT_EQ(read("0123456789 abcdef\n").error().kind, ErrorKind::kInvalid);
  EXPECT_EQ(read("").error().kind, ErrorKind::kInvalid);
  EXPECT_FALSE(read_operations_secret(path("nothing here")));
}

}  // namespace
}  // namespace herald::app
