#include "app/server.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <thread>

#include "app/commands/client.h"
#include "app/commands/device_session.h"
#include "app/configuration_file.h"
#include "app/test_folder.h"
#include "transport/client.h"

namespace herald::app {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

Configuration test_configuration(const Settings& extra = {}) {
  Settings flags = {{"listen", {{"127.0.0.1:0"}, "test"}},
                    {"operations.listen", {{"127.0.0.1:0"}, "test"}},
                    {"store", {{"memory"}, "test"}},
                    {"loops", {{"2"}, "test"}},
                    {"log.level", {{"error"}, "test"}}};
  for (const auto& [path, setting] : extra) flags[path] = setting;
  const Resolved resolved = resolve(flags, {}, {});
  EXPECT_THAT(resolved.errors, testing::IsEmpty());
  return resolved.configuration;
}

// A server on a thread of its own, stopped at the end.
class Running {
 public:
  explicit Running(const Configuration& configuration) {
    auto started = Server::start(configuration);
    if (!started) {
      ADD_FAILURE() << started.error().message;
      return;
    }
    server_ = std::move(*started);
    thread_ = std::thread([this] { server_->run(); });
  }
  ~Running() {
    if (!thread_.joinable()) return;
    server_->stop();
    thread_.join();
  }
  void join() { thread_.join(); }
  Server& operator*() { return *server_; }
  Server* operator->() { return server_.get(); }

 private:
  std::unique_ptr<Server> server_;
  std::thread thread_;
};

std::string operations_url(Server& server) {
  return "http://" + server.operations_address().to_string();
}

// A device that registers, and collects what comes until it is told how much is enough.
class Device final : public transport::WebSocketHandler {
 public:
  struct State {
    std::optional<std::string> url;
    std::vector<Arrived> arrived;
    bool closed = false;
    transport::CloseCode code = transport::CloseCode::kNormal;
  };
  Device(std::string token, std::shared_ptr<State> state)
      : session_({.uatoken = std::move(token), .watoken = "app", .pbkbase64 = "", .wake = std::nullopt}, true),
        state_(std::move(state)) {}

  void on_open(transport::WebSocket& socket) override {
    socket_ = &socket;
    act(session_.on_open());
  }
  void on_text(std::string_view text) override { act(session_.on_text(text)); }
  void on_binary(std::string_view /*bytes*/) override {}
  void on_close(transport::CloseCode code) override {
    state_->closed = true;
    state_->code = code;
  }

 private:
  void act(const DeviceSession::Step& step) {
    for (const auto& frame : step.send) socket_->send_text(frame);
    if (step.url) state_->url = step.url;
    for (const auto& one : step.arrived) state_->arrived.push_back(one);
  }

  DeviceSession session_;
  std::shared_ptr<State> state_;
  transport::WebSocket* socket_ = nullptr;
};

class ServerTest : public testing::Test {
 protected:
  transport::ClientResponse ask(const std::string& method, const std::string& url, const std::string& body = {}) {
    auto response = client_.fetch(method, url, {}, body);
    if (response) return *response;
    ADD_FAILURE() << url << ": " << response.error().message;
    return {};
  }

  std::shared_ptr<Device::State> connect(Server& server) {
    auto state = std::make_shared<Device::State>();
    const std::string token = ask("GET", server.public_url() + "/token").body;
    const auto url = transport::Url::parse("ws" + server.public_url().substr(4) + "/");
    transport::websocket_connect(client_.loop(), *url, "push-notification", {}, client_.options(),
                                 std::make_unique<Device>(token, state),
                                 [](const Error& error) { ADD_FAILURE() << error.message; });
    EXPECT_TRUE(until([&] { return state->url.has_value(); }));
    return state;
  }

  // Runs the client's loop until `done`; false if that takes half a minute.
  bool until(const std::function<bool()>& done) {
    const MonoTime deadline = clock_.mono() + std::chrono::seconds(120);
    while (!done() && clock_.mono() < deadline) client_.loop().run_once(std::chrono::milliseconds(20));
    return done();
  }

  SystemClock clock_;
  Client client_{TrustOptions{}};
};

TEST_F(ServerTest, ServesEachPathOfThePublicListener) {
  Running server(test_configuration());
  const std::string url = server->public_url();
  EXPECT_THAT(url, StartsWith("http://127.0.0.1:"));
  const auto token = ask("GET", url + "/token");
  EXPECT_EQ(token.status, 200);
  EXPECT_GE(token.body.size(), 40U);
  EXPECT_EQ(ask("GET", url + "/status").status, 200);
  EXPECT_THAT(ask("GET", url + "/about").body, HasSubstr("\"name\":\"herald\""));
  EXPECT_THAT(ask("GET", url + "/").body, HasSubstr("<html"));
  EXPECT_EQ(ask("GET", url + "/pull").status, 401);
  const auto elsewhere = ask("POST", url + "/other/x", "{}");
  EXPECT_EQ(elsewhere.status, 404);
  EXPECT_THAT(elsewhere.body, HasSubstr("Only notify by this interface"));
  EXPECT_EQ(ask("POST", url + "/notify/zz", "{}").status, 404);
}

TEST_F(ServerTest, OperationsHaveAListenerOfTheirOwn) {
  Running server(test_configuration());
  const std::string url = operations_url(*server);
  EXPECT_THAT(ask("GET", url + "/metrics").body, HasSubstr("# TYPE herald_"));
  EXPECT_EQ(ask("GET", url + "/status").status, 200);
  EXPECT_THAT(ask("GET", url + "/").body, HasSubstr("/metrics"));
  EXPECT_EQ(ask("GET", server->public_url() + "/metrics").status, 404);
}

TEST_F(ServerTest, StatusTellsOfTheStoreAndTheQueues) {
  Running server(test_configuration());
  EXPECT_TRUE(until([&] {
    return ask("GET", operations_url(*server) + "/status").body.find(R"("store":{"ok":true})") != std::string::npos;
  }));
  EXPECT_THAT(ask("GET", server->public_url() + "/status").body, HasSubstr(R"("queue":{"ok":true})"));
}

TEST_F(ServerTest, ANotificationReachesItsDeviceAndItsReceiptIsAcked) {
  Running server(test_configuration());
  const auto device = connect(*server);
  EXPECT_EQ(ask("POST", *device->url, R"({"id":"n1","message":"Hello"})").status, 200);
  ASSERT_TRUE(until([&] { return !device->arrived.empty(); }));
  EXPECT_EQ(device->arrived[0].message, "Hello");
  EXPECT_TRUE(until(
      [&] { return ask("GET", *device->url + "/messages/n1").body.find("\"state\":\"acked\"") != std::string::npos; }));
}

TEST_F(ServerTest, ADrainClosesDevicesThenEndsTheRun) {
  Running server(test_configuration());
  const auto device = connect(*server);
  server->drain();
  EXPECT_TRUE(until([&] { return device->closed; }));
  EXPECT_EQ(device->code, transport::CloseCode::kGoingAway);
  server.join();
}

TEST_F(ServerTest, ADrainWithoutAnybodyConnectedEndsTheRun) {
  Running server(test_configuration());
  server->drain();
  server->drain();
  server.join();
}

TEST_F(ServerTest, OnlyTheChosenRolesAreServed) {
  auto configuration = test_configuration();
  configuration.roles = RoleSet();
  configuration.roles.add(Role::kAppServer);
  Running server(configuration);
  EXPECT_EQ(ask("GET", server->public_url() + "/token").status, 404);
  EXPECT_EQ(ask("GET", server->public_url() + "/pull").status, 404);
  EXPECT_EQ(ask("POST", server->public_url() + "/notify/zz", "{}").status, 404);
  EXPECT_THAT(ask("GET", server->public_url() + "/about").body, HasSubstr("[\"app_server\"]"));
}

TEST_F(ServerTest, ATakenPortIsAFailureThatNamesIt) {
  Running first(test_configuration());
  const std::string taken = first->addresses()[0].to_string();
  const auto second = Server::start(test_configuration({{"listen", {{taken}, "test"}}}));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ExitCode::kCannotBind);
  EXPECT_THAT(second.error().message, HasSubstr(taken));
  const auto operations =
      Server::start(test_configuration({{"operations.listen", {{first->operations_address().to_string()}, "test"}}}));
  ASSERT_FALSE(operations);
  EXPECT_THAT(operations.error().message, HasSubstr("--operations-listen"));
}

TEST_F(ServerTest, ThePublicUrlIsConfiguredOrDerived) {
  Running derived(test_configuration());
  EXPECT_EQ(derived->public_url(), "http://" + derived->addresses()[0].to_string());
  EXPECT_THAT(derived->summary(), HasSubstr(" serving on " + derived->public_url() + " (operations http://127.0.0.1:"));
  Running given(test_configuration({{"public_url", {{"https://push.example.com"}, "test"}}}));
  EXPECT_EQ(given->public_url(), "https://push.example.com");
}

TEST_F(ServerTest, TheEmbeddedStoreKeepsWhatWasAccepted) {
  const TestFolder folder;
  const Configuration configuration =
      test_configuration({{"store", {{"rocksdb"}, "test"}}, {"data", {{folder.path() + "/data"}, "test"}}});
  std::string path;
  {
    Running server(configuration);
    const auto device = connect(*server);
    path = device->url->substr(server->public_url().size());
    EXPECT_EQ(ask("POST", *device->url, R"({"id":"n1","message":"Hello"})").status, 200);
    const auto second = Server::start(configuration);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ExitCode::kDataInUse);
    server->drain();
    until([&] { return device->closed; });
    server.join();
  }
  Running again(configuration);
  const auto receipt = ask("GET", again->public_url() + path + "/messages/n1");
  EXPECT_EQ(receipt.status, 200);
  EXPECT_THAT(receipt.body, HasSubstr("\"id\":\"n1\""));
}

// The first sockets of such a loop have the numbers that the sentinels have here.
TEST_F(ServerTest, ALoopWithDescriptorsOfItsOwnClosesNothingElsewhereAtItsEnd) {
  std::array<int, 64> sentinels{};
  for (int& sentinel : sentinels) sentinel = eventfd(0, EFD_CLOEXEC);
  {
    Running server(test_configuration({{"loop_descriptors", {{"own"}, "test"}}}));
    // More than there are descriptors below the sentinels, on one loop.
    for (int i = 0; i < 32; ++i) ASSERT_TRUE(connect(*server)->url);
  }
  for (const int sentinel : sentinels) {
    EXPECT_GE(fcntl(sentinel, F_GETFD), 0) << sentinel;
    close(sentinel);
  }
}

}  // namespace
}  // namespace herald::app
