#pragma once
// What the push endpoints work with, in tests: a store that answers at once, subscriptions that the test names, a clock
// and timers moved by hand, and requests with headers.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "domain/message_id_source.h"
#include "protocol/json.h"
#include "roles/app_server/push_context.h"
#include "roles/app_server/test_world.h"

namespace herald::roles::app_server {

class PushWorld final : public TestWorld {
 public:
  std::set<AppId> subscriptions;
  std::vector<Message> stored;
  std::optional<Error> put_error;
  std::optional<Error> nodes_error;

  void put(Message message, Reply<Result<ports::PutOutcome>> reply) override {
    if (put_error) return std::move(reply)(std::unexpected(*put_error));
    if (message.receipt != ReceiptId{}) receipts[message.receipt].push_back(status_of(message));
    stored.push_back(std::move(message));
    std::move(reply)(ports::PutOutcome{});
  }
  void nodes_of(AppId app, std::optional<UserAgentId>, std::size_t, Reply<Result<ports::NodePage>> reply) override {
    if (nodes_error) return std::move(reply)(std::unexpected(*nodes_error));
    ports::NodePage page;
    if (subscriptions.contains(app)) page.user_agents.emplace_back();
    std::move(reply)(std::move(page));
  }
};

class ManualTimers final : public TimerService {
 public:
  std::vector<std::pair<std::chrono::milliseconds, Task>> waiting;

  TimerId run_after(std::chrono::milliseconds delay, Task task) override {
    waiting.emplace_back(delay, std::move(task));
    return waiting.size();
  }
  void cancel(TimerId) override {}
  // Runs the oldest, and tells how long it wanted to wait.
  std::chrono::milliseconds run_next() {
    auto [delay, task] = std::move(waiting.front());
    waiting.erase(waiting.begin());
    task();
    return delay;
  }
};

struct PushTest : testing::Test {
  using Headers = std::vector<std::pair<std::string, std::string>>;

  static constexpr std::string_view kOrigin = "https://push.example.com";

  Limits limits;
  std::unique_ptr<ReceiptStreamSlots> streams = std::make_unique<ReceiptStreamSlots>(limits);
  ManualClock clock;
  ManualExecutor loop;
  ManualTimers timers;
  SeededRandom random{1};
  NullLog log;
  NullMetrics metrics;
  PushWorld world;
  MessageIdSource ids{clock, random};
  AcceptanceOrder order{world, ids};
  TestDeadline patience{clock, metrics};
  PushAcceptance acceptance{{world, world, order, patience.deadline}, loop, clock, log, metrics};
  VapidChecker vapid{std::string(kOrigin), limits, clock, metrics};
  protocol::subscription::EndpointTokens tokens{{std::vector<std::uint8_t>(32, 1)}};
  std::unique_ptr<RateLimits> rates = std::make_unique<RateLimits>(limits);
  bool draining = false;
  PushContext context = make_context();

  PushContext make_context() {
    return {{limits, std::string(kOrigin), false, [this] { return draining; }, {}},
            world,
            world,
            acceptance,
            vapid,
            tokens,
            *rates,
            *streams,
            random,
            loop,
            timers,
            clock,
            log,
            metrics};
  }

  static protocol::subscription::WebPushEndpoint endpoint() {
    return {*UserAgentId::from_hex("0f6e1b9c2a3d4c5e8f70112233445566"),
            *protocol::subscription::parse_channel_id("d9b74644-4f97-46aa-b8fa-9393985cd6cd"), std::nullopt};
  }

  // Sends a request and runs the loop until nothing is left to do.
  std::shared_ptr<TestClient> send(transport::HttpHandler& handler, std::string_view method, std::string_view target,
                                   const Headers& headers = {}, std::string_view body = "") {
    auto client = std::make_shared<TestClient>();
    transport::HttpRequest request;
    request.method = method;
    request.target = target;
    const auto mark = target.find('?');
    request.path = target.substr(0, mark);
    if (mark != std::string_view::npos) request.query = target.substr(mark + 1);
    for (const auto& [name, value] : headers) request.headers.emplace_back(name, value);
    request.body = body;
    request.peer = *transport::SocketAddress::parse("192.0.2.1:1234");
    handler.on_request(request, transport::HttpResponder(client, 1));
    loop.run();
    return client;
  }
  // "401 109", or "201 -": status and errno.
  static std::string outcome(const TestClient& client) {
    if (!client.response) return "no answer";
    const auto document = protocol::JsonDocument::parse(client.response->body, 8);
    const auto number = document && document->root().get("errno") ? document->root().get("errno") : std::nullopt;
    return std::to_string(client.response->status) + " " + (number ? std::string(number->raw()) : "-");
  }
};

}  // namespace herald::roles::app_server
