#include "roles/user_agent_udp/pull_endpoint.h"

#include <gtest/gtest.h>

#include "protocol/json.h"
#include "roles/user_agent_udp/test_world.h"

namespace herald::roles::user_agent_udp {
namespace {

class TestClient final : public transport::HttpResponder::Sink {
 public:
  void respond(std::uint64_t /*token*/, transport::HttpResponse given) override { response = std::move(given); }
  [[nodiscard]] std::string header(std::string_view name) const {
    for (const auto& [key, value] : response->headers) {
      if (key == name) return value;
    }
    return "";
  }
  std::optional<transport::HttpResponse> response;
};

struct PullEndpointTest : testing::Test {
  TestWorld world;
  ManualExecutor loop;
  ManualClock clock;
  NullLog log;
  NullMetrics metrics;
  protocol::flow2012::UaTokens tokens{{std::vector<std::uint8_t>(32, 5)}};
  RecentAcks acks{8};
  std::vector<PullNotice> notices;
  bool draining = false;
  std::chrono::milliseconds store_takes{0};
  Limits limits;
  std::unique_ptr<PullEndpoint> endpoint;

  void SetUp() override { rebuild(); }
  void rebuild() {
    endpoint = std::make_unique<PullEndpoint>(
        PullConfig{.limits = limits,
                   .public_url = "https://push.example.com",
                   .draining = [this] { return draining; },
                   .pulled = [this](const PullNotice& notice) { notices.push_back(notice); },
                   .spoke_from =
                       [this](const UserAgentId& user_agent, const transport::IpAddress& from) {
                         spoken.emplace_back(user_agent, from.to_string());
                       }},
        PullPorts{world, world, tokens, acks}, loop, clock, log, metrics);
  }
  std::vector<std::pair<UserAgentId, std::string>> spoken;
  void wait_for(std::uint8_t n, PayloadKind kind = PayloadKind::kFlow2012, std::uint8_t app = 0) {
    Message message;
    message.app.bytes.fill(app);
    message.id = message_id(n);
    message.kind = kind;
    message.body = R"({"message":"Hello"})";
    message.expires_at = clock.wall() + std::chrono::hours(1);
    world.waiting[device(1)].push_back(std::make_shared<const Message>(message));
  }
  std::shared_ptr<TestClient> ask(std::string_view method, std::string_view query, std::string_view bearer,
                                  std::string_view body = "") {
    return ask(*endpoint, method, query, bearer, body);
  }
  std::shared_ptr<TestClient> ask(PullEndpoint& asked, std::string_view method, std::string_view query,
                                  std::string_view bearer, std::string_view body) {
    auto client = std::make_shared<TestClient>();
    const std::string authorization = "Bearer " + std::string(bearer);
    transport::HttpRequest request;
    request.method = method;
    request.target = request.path = "/pull";
    request.query = query;
    if (!bearer.empty()) request.headers.emplace_back("Authorization", authorization);
    request.body = body;
    asked.on_request(request, transport::HttpResponder(client, 1));
    clock.advance(store_takes);
    loop.run();
    return client;
  }
  [[nodiscard]] std::string token() const { return tokens.token_of(device(1)); }
  std::shared_ptr<TestClient> pull() { return ask("GET", "", token()); }
  std::shared_ptr<TestClient> ack(const std::vector<std::uint8_t>& numbers) { return ack(numbers, *endpoint); }
  std::shared_ptr<TestClient> ack(const std::vector<std::uint8_t>& numbers, PullEndpoint& asked) {
    std::string list;
    for (const auto n : numbers) list += (list.empty() ? "\"" : ",\"") + message_id(n).hex() + "\"";
    return ask(asked, "POST", "", token(), "{\"ack\":[" + list + "]}");
  }
  static std::vector<int> given(const TestClient& client) {
    std::vector<int> numbers;
    const auto document = protocol::JsonDocument::parse(client.response->body, 8);
    if (!document) return {-1};
    for (const auto& element : document->root().elements()) {
      numbers.push_back(MessageId::from_hex(*element.get("messageId")->string())->bytes[15]);
    }
    return numbers;
  }
  [[nodiscard]] std::vector<int> reported(DeliveryState state) const {
    std::vector<int> numbers;
    for (const auto& event : world.events) {
      if (event.state == state) numbers.push_back(event.message.bytes[15]);
    }
    return numbers;
  }
};

TEST_F(PullEndpointTest, GivesWhatIsPendingAndReportsItSent) {
  wait_for(1);
  wait_for(2);
  const auto client = pull();
  ASSERT_TRUE(client->response);
  EXPECT_EQ(client->response->status, 200);
  EXPECT_TRUE(client->header("Content-Type").starts_with("application/json"));
  EXPECT_EQ(client->header("Cache-Control"), "no-store");
  EXPECT_EQ(client->header("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(given(*client), (std::vector{1, 2}));
  EXPECT_NE(client->response->body.find("https://push.example.com/notify/"), std::string::npos);
  EXPECT_EQ(reported(DeliveryState::kSent), (std::vector{1, 2}));
  EXPECT_EQ(world.events[0].user_agent, device(1));
  EXPECT_EQ(world.events[0].sent_at, clock.wall());
  EXPECT_EQ(world.queue_name, "deliveries");
  ASSERT_EQ(notices.size(), 1U);
  EXPECT_EQ(notices[0].user_agent, device(1));
  EXPECT_TRUE(notices[0].anything_left);
  EXPECT_EQ(notices[0].as_of, clock.mono());
}

TEST_F(PullEndpointTest, GivesAnEmptyArrayWhenNothingIsPending) {
  const auto client = pull();
  EXPECT_EQ(client->response->body, "[]");
  EXPECT_TRUE(world.events.empty());
  ASSERT_EQ(notices.size(), 1U);
  EXPECT_FALSE(notices[0].anything_left);
}

TEST_F(PullEndpointTest, APullAloneConsumesNothing) {
  wait_for(1);
  pull();
  EXPECT_EQ(given(*pull()), (std::vector{1}));
}

TEST_F(PullEndpointTest, TakesTheTokenFromQueryOrBody) {
  wait_for(1);
  EXPECT_EQ(given(*ask("GET", "token=" + token(), "")), (std::vector{1}));
  EXPECT_EQ(given(*ask("POST", "", "", R"({"data":{"uatoken":")" + token() + "\"}}")), (std::vector{1}));
}

TEST_F(PullEndpointTest, RefusesABadOrMissingToken) {
  auto changed = token();
  changed.back() = changed.back() == 'A' ? 'B' : 'A';
  const auto cut = token().substr(0, token().size() - 1);
  for (const auto& bearer : {std::string(), std::string("x"), changed, cut}) {
    const auto client = ask("GET", "", bearer);
    ASSERT_TRUE(client->response);
    EXPECT_EQ(client->response->status, 401) << bearer;
    EXPECT_NE(client->response->body.find("Token received is not accepted. Please get a valid one"), std::string::npos);
    EXPECT_EQ(client->header("WWW-Authenticate"), "Bearer");
    EXPECT_EQ(client->header("Access-Control-Allow-Origin"), "*");
  }
  EXPECT_TRUE(notices.empty());
}

TEST_F(PullEndpointTest, RefusesABodyThatIsNone) {
  EXPECT_EQ(ask("POST", "", token(), "{oops")->response->status, 400);
  EXPECT_EQ(ask("POST", "", token(), R"({"ack":"x"})")->response->status, 400);
  limits.acks_per_pull = 1;
  rebuild();
  EXPECT_EQ(ack({1, 2})->response->status, 413);
  EXPECT_TRUE(world.events.empty());
}

TEST_F(PullEndpointTest, AllowsOnlyGetAndPost) {
  for (const char* method : {"PUT", "DELETE", "HEAD"}) {
    const auto client = ask(method, "", token());
    EXPECT_EQ(client->response->status, 405);
    EXPECT_EQ(client->header("Allow"), "GET, POST");
  }
}

TEST_F(PullEndpointTest, AnswersAPreflight) {
  const auto client = ask("OPTIONS", "", "");
  EXPECT_EQ(client->response->status, 204);
  EXPECT_EQ(client->header("Access-Control-Allow-Headers"), "authorization, content-type");
}

TEST_F(PullEndpointTest, AcksBeforeItReadsAndLeavesTheAckedOut) {
  for (std::uint8_t n = 1; n <= 3; ++n) wait_for(n);
  world.hold_publish = true;
  const auto client = ack({1, 3});
  EXPECT_FALSE(client->response);
  EXPECT_EQ(reported(DeliveryState::kAcked), (std::vector{1, 3}));
  world.hold_publish = false;
  std::move(world.held[0])(Status{});
  loop.run();
  ASSERT_TRUE(client->response);
  EXPECT_EQ(given(*client), (std::vector{2}));
  EXPECT_EQ(given(*pull()), (std::vector{2}));
}

TEST_F(PullEndpointTest, AcksOfOneDeviceHideNothingFromAnother) {
  wait_for(1);
  world.waiting[device(2)] = world.waiting[device(1)];
  ack({1});
  EXPECT_EQ(given(*ask("GET", "", tokens.token_of(device(2)))), (std::vector{1}));
}

TEST_F(PullEndpointTest, ReadsOnPastWhatWasJustAcked) {
  limits.pull_page = 2;
  rebuild();
  for (std::uint8_t n = 1; n <= 7; ++n) wait_for(n);
  EXPECT_EQ(given(*pull()), (std::vector{1, 2}));
  EXPECT_EQ(given(*ack({1, 2})), (std::vector{3, 4}));
  EXPECT_EQ(given(*ack({3, 4})), (std::vector{5, 6}));
  EXPECT_EQ(given(*ack({5, 6})), (std::vector{7}));
  EXPECT_EQ(given(*ack({7})), (std::vector<int>{}));
  EXPECT_FALSE(notices.back().anything_left);
}

// A device's pulls come on connections of their own, each to any of the server's loops.
TEST_F(PullEndpointTest, LeavesOutWhatAnotherLoopTookTheAckOf) {
  limits.pull_page = 2;
  rebuild();
  const auto other_loop = std::move(endpoint);
  rebuild();
  for (std::uint8_t n = 1; n <= 5; ++n) wait_for(n);
  EXPECT_EQ(given(*ack({})), (std::vector{1, 2}));
  EXPECT_EQ(given(*ack({1, 2}, *other_loop)), (std::vector{3, 4}));
  EXPECT_EQ(given(*ack({3, 4})), (std::vector{5}));
  EXPECT_EQ(given(*ack({5}, *other_loop)), (std::vector<int>{}));
  EXPECT_FALSE(notices.back().anything_left);
}

TEST_F(PullEndpointTest, GivesAgainWhatWasAckedLongAgoAndIsStillPending) {
  for (std::uint8_t n = 1; n <= 9; ++n) wait_for(n);
  EXPECT_EQ(given(*ack({1, 2, 3, 4, 5, 6, 7, 8})), (std::vector{9}));
  EXPECT_EQ(given(*ack({9})), (std::vector{1}));
  acks.forget_all();
  EXPECT_EQ(given(*pull()).size(), 9U);
}

TEST_F(PullEndpointTest, AnAppThatIsNeverAckedHidesNoOther) {
  limits.pull_page = 4;
  rebuild();
  for (std::uint8_t n = 1; n <= 20; ++n) wait_for(n, PayloadKind::kFlow2012, 1);
  for (std::uint8_t n = 21; n <= 25; ++n) wait_for(n, PayloadKind::kFlow2012, 2);
  EXPECT_EQ(given(*pull()), (std::vector{1, 2, 21, 22}));
  EXPECT_EQ(given(*ack({21, 22})), (std::vector{1, 2, 23, 24}));
  EXPECT_EQ(given(*ack({23, 24})), (std::vector{1, 2, 3, 25}));
}

TEST_F(PullEndpointTest, LeavesOutWhatExpiredWhileTheStoreWasRead) {
  wait_for(1);
  store_takes = std::chrono::hours(1) - std::chrono::milliseconds(1);
  EXPECT_EQ(given(*pull()), (std::vector{1}));
  wait_for(2);
  store_takes = std::chrono::hours(1);
  EXPECT_EQ(given(*pull()), (std::vector<int>{}));
}

TEST_F(PullEndpointTest, LeavesOutMessagesOfOtherGenerations) {
  wait_for(1, PayloadKind::kWebPush);
  wait_for(2);
  EXPECT_EQ(given(*pull()), (std::vector{2}));
}

TEST_F(PullEndpointTest, TakesNoAcksThatTheQueueDidNotTake) {
  wait_for(1);
  world.publish_error = Error{ErrorKind::kUnavailable, "broker away"};
  const auto client = ack({1});
  EXPECT_EQ(client->response->status, 503);
  EXPECT_EQ(client->header("Retry-After"), "5");
  EXPECT_EQ(given(*pull()), (std::vector{1}));
}

TEST_F(PullEndpointTest, SaysTryAgainWhenTheStoreIsAwayOrTheServerDrains) {
  world.pending_failures = 1;
  EXPECT_EQ(pull()->response->status, 503);
  draining = true;
  const auto client = pull();
  EXPECT_EQ(client->response->status, 503);
  EXPECT_EQ(client->header("Retry-After"), "5");
}

}  // namespace
}  // namespace herald::roles::user_agent_udp
