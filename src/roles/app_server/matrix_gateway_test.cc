#include "roles/app_server/matrix_gateway.h"

#include "protocol/subscription/webpush_meta.h"
#include "roles/app_server/push_test_world.h"
#include "transport/http_server.h"

namespace herald::roles::app_server {
namespace {

constexpr std::string_view kPath = "/_matrix/push/v1/notify";

struct MatrixGatewayTest : PushTest {
  MatrixGateway gateway{context, nullptr};
  std::string own = std::string(kOrigin) + tokens.path_of(endpoint());

  MatrixGatewayTest() { world.subscriptions.insert(endpoint().app()); }

  static std::string body(const std::vector<std::string>& pushkeys, std::string_view more = "") {
    std::string devices;
    for (const auto& key : pushkeys) {
      devices += std::string(devices.empty() ? "" : ",") + R"({"app_id":"a","pushkey":")" + key + R"("})";
    }
    return R"({"notification":{"event_id":"$e1",)" + std::string(more) + R"("devices":[)" + devices + "]}}";
  }
  std::shared_ptr<TestClient> post(const std::vector<std::string>& pushkeys, std::string_view more = "") {
    return send(gateway, "POST", kPath, {}, body(pushkeys, more));
  }
};

// unifiedpush.md T2
TEST_F(MatrixGatewayTest, SaysWhatItIs) {
  const auto client = send(gateway, "GET", kPath);
  EXPECT_EQ(client->response->status, 200);
  EXPECT_EQ(client->response->body, R"({"unifiedpush":{"gateway":"matrix"}})");
}

TEST_F(MatrixGatewayTest, TakesLongerBodiesThanOthersDo) {
  EXPECT_EQ(gateway.body_max_bytes(kPath), context.config.limits.matrix_body_max_bytes);
  context.config.limits.http_body_max_bytes = context.config.limits.matrix_body_max_bytes + 1;
  EXPECT_EQ(gateway.body_max_bytes(kPath), context.config.limits.http_body_max_bytes);
}

// T3
TEST_F(MatrixGatewayTest, DeliversToItsOwnEndpoints) {
  const auto client = post({own}, R"("counts":{"unread":2},)");
  EXPECT_EQ(client->response->status, 200);
  EXPECT_EQ(client->response->body, R"({"rejected":[]})");
  ASSERT_EQ(world.stored.size(), 1U);
  const Message& message = world.stored[0];
  EXPECT_EQ(message.body, R"({"notification":{"event_id":"$e1","counts":{"unread":2}}})");
  EXPECT_EQ(message.app, endpoint().app());
  EXPECT_EQ(message.urgency, Urgency::kHigh);
  EXPECT_EQ(message.expires_at, clock.wall() + std::chrono::hours(24));
  EXPECT_EQ(protocol::subscription::WebPushMeta::decode(message.meta)->encoding, "aes128gcm");
  post({own}, R"("prio":"low",)");
  EXPECT_EQ(world.stored[1].urgency, Urgency::kLow);
}

// T4, U8
TEST_F(MatrixGatewayTest, RejectsForeignPushkeys) {
  const std::string path = tokens.path_of(endpoint());
  for (const std::string& foreign :
       {"https://other.example/x" + path, "https://push.example.com.evil.test" + path,
        "https://push.example.com@evil.test" + path, "https://user@push.example.com" + path,
        "http://push.example.com" + path, "wss://push.example.com" + path, "https://push.example.com:444" + path,
        std::string("not a url"), "//push.example.com" + path}) {
    const auto client = post({foreign});
    EXPECT_EQ(client->response->status, 200);
    EXPECT_EQ(client->response->body, R"({"rejected":[")" + foreign + R"("]})");
  }
  EXPECT_TRUE(world.stored.empty());
  EXPECT_EQ(post({"https://PUSH.example.com:443" + path})->response->body, R"({"rejected":[]})") << "the same origin";
}

// T5, U9, U13, T6
TEST_F(MatrixGatewayTest, RejectsOnlyTheBadOnes) {
  auto gone = endpoint();
  gone.channel.bytes[0] ^= 1;
  auto restricted = endpoint();
  restricted.restricted_to.emplace();
  const std::string gone_key = std::string(kOrigin) + tokens.path_of(gone);
  const std::string restricted_key = std::string(kOrigin) + tokens.path_of(restricted);
  const std::string garbage = std::string(kOrigin) + "/wpush/v1/garbage";
  const auto client = post({own, gone_key, garbage, restricted_key});
  EXPECT_EQ(client->response->status, 200);
  EXPECT_EQ(client->response->body,
            R"({"rejected":[")" + gone_key + R"(",")" + garbage + R"(",")" + restricted_key + R"("]})");
  EXPECT_EQ(world.stored.size(), 1U);
}

// U10
TEST_F(MatrixGatewayTest, KeepsPushkeysInItsOwnTrouble) {
  world.put_error = Error{ErrorKind::kUnavailable, "away"};
  EXPECT_EQ(outcome(*post({own})), "503 201");
  world.put_error.reset();
  world.nodes_error = Error{ErrorKind::kUnavailable, "away"};
  const auto client = post({own});
  EXPECT_EQ(outcome(*client), "503 201");
  EXPECT_EQ(client->header("Retry-After"), "30");
}

// A homeserver would send it again for a day, and nothing after it.
TEST_F(MatrixGatewayTest, NothingInAnEventIsRefused) {
  for (const std::string& content : {R"({"body":")" + std::string(6'000, 'x') + "\"}", std::string(R"("\u0000")"),
                                     std::string(R"("\ud800")"), std::string(100, '[') + std::string(100, ']')}) {
    const auto client = post({own}, "\"content\":" + content + ",");
    EXPECT_EQ(client->response->status, 200);
    EXPECT_EQ(client->response->body, R"({"rejected":[]})");
    EXPECT_EQ(world.stored.back().body, R"({"notification":{"event_id":"$e1"}})");
  }
}

// U7, T7, U12
TEST_F(MatrixGatewayTest, RefusesByTheTable) {
  EXPECT_EQ(outcome(*post({})), "400 null");
  EXPECT_EQ(outcome(*send(gateway, "POST", kPath, {}, "x")), "400 null");
  for (const char* method : {"PUT", "DELETE"}) {
    const auto client = send(gateway, method, kPath);
    EXPECT_EQ(outcome(*client), "405 null");
    EXPECT_EQ(client->header("Allow"), "GET, POST, OPTIONS");
  }
}

TEST(ForeignPushes, KnowPrivateAddresses) {
  for (const char* ip : {"127.0.0.1", "10.1.2.3", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1",
                         "0.0.0.0", "::1", "::", "fe80::1", "fd00::1", "::ffff:10.0.0.1", "224.0.0.1"}) {
    EXPECT_TRUE(is_private_address(*transport::IpAddress::parse(ip))) << ip;
  }
  for (const char* ip : {"8.8.8.8", "172.32.0.1", "2606:4700::1111"}) {
    EXPECT_FALSE(is_private_address(*transport::IpAddress::parse(ip))) << ip;
  }
}

// unifiedpush.md §5.4
TEST(ForeignPushes, JudgeByTheStatus) {
  for (const int status : {200, 201, 413}) EXPECT_EQ(verdict_of(status), ForeignVerdict::kDelivered);
  for (const int status : {429, 500, 503}) EXPECT_EQ(verdict_of(status), ForeignVerdict::kTryLater);
  for (const int status : {202, 204, 301, 400, 401, 403, 404, 410}) {
    EXPECT_EQ(verdict_of(status), ForeignVerdict::kRejected);
  }
}

// A closed port of this machine stands in for another server.
struct ForeignPushTest : testing::Test {
  SystemClock clock;
  transport::EventLoop loop{clock};
  std::optional<ForeignVerdict> verdict;

  void push(ForeignPushConfig config, std::string_view url) {
    ForeignPush foreign(std::move(config), loop);
    foreign.push(*transport::Url::parse(url), Urgency::kHigh, "{}",
                 Reply<ForeignVerdict>(loop, [this](ForeignVerdict answer) { verdict = answer; }));
    for (int round = 0; round < 600 && !verdict; ++round) loop.run_once(std::chrono::milliseconds(100));
  }
};

TEST_F(ForeignPushTest, ReachesOnlyAllowedHosts) {
  push({.allowed_hosts = {"push.other.example"}}, "http://127.0.0.1:9/x");
  EXPECT_EQ(verdict, ForeignVerdict::kRejected);
}

TEST_F(ForeignPushTest, ReachesNoPrivateAddress) {
  push({.allowed_hosts = {"127.0.0.1"}}, "http://127.0.0.1:9/x");
  EXPECT_EQ(verdict, ForeignVerdict::kRejected);
}

TEST_F(ForeignPushTest, KeepsThePushkeyOfAServerThatIsAway) {
  push({.allowed_hosts = {"127.0.0.1"}, .allow_private = true}, "http://127.0.0.1:9/x");
  EXPECT_EQ(verdict, ForeignVerdict::kTryLater);
}

// Stands in for another server, and tells what it was asked.
struct OtherServer final : transport::HttpHandler {
  explicit OtherServer(transport::EventLoop& loop)
      : server(transport::HttpServer::create(loop, {.http = this}, Limits{}, log, metrics,
                                             transport::make_connection_counts())),
        address(server->listen(*transport::SocketAddress::parse("127.0.0.1:0"), nullptr).value()) {}

  void on_request(const transport::HttpRequest& request, transport::HttpResponder responder) override {
    hosts.emplace_back(*request.header("Host"));
    responder.send(transport::text_response(201, ""));
  }

  NullLog log;
  NullMetrics metrics;
  std::vector<std::string> hosts;
  std::unique_ptr<transport::HttpServer> server;
  transport::SocketAddress address;
};

// DNS rebinding: the address that was judged is the one that is connected to. No resolver knows this name, so a second
// look-up would fail.
TEST_F(ForeignPushTest, ConnectsToTheAddressThatWasJudged) {
  OtherServer other(loop);
  push({.allowed_hosts = {"push.other.invalid"},
        .allow_private = true,
        .resolve = [&other](const std::string&, std::uint16_t) { return std::vector{other.address}; }},
       "http://push.other.invalid/x");
  EXPECT_EQ(verdict, ForeignVerdict::kDelivered);
  EXPECT_EQ(other.hosts, std::vector<std::string>{"push.other.invalid"});
  other.server->abort_all();
}

TEST_F(ForeignPushTest, LooksTheNameUpForEachPush) {
  OtherServer other(loop);
  int lookups = 0;
  const ForeignPushConfig config{
      .allowed_hosts = {"push.other.invalid"}, .resolve = [&](const std::string&, std::uint16_t) {
        ++lookups;
        return std::vector{*transport::SocketAddress::parse(lookups == 1 ? "93.184.215.14:80" : "127.0.0.1:80"),
                           other.address};
      }};
  push(config, "http://push.other.invalid/x");
  EXPECT_EQ(verdict, ForeignVerdict::kRejected) << "one private address among public ones is enough";
  verdict.reset();
  push(config, "http://push.other.invalid/x");
  EXPECT_EQ(verdict, ForeignVerdict::kRejected);
  EXPECT_EQ(lookups, 2);
  EXPECT_TRUE(other.hosts.empty());
  other.server->abort_all();
}

TEST_F(ForeignPushTest, BoundsWhatIsUnderWay) {
  push({.allowed_hosts = {"127.0.0.1"}, .allow_private = true, .open_max = 0}, "http://127.0.0.1:9/x");
  EXPECT_EQ(verdict, ForeignVerdict::kTryLater);
}

}  // namespace
}  // namespace herald::roles::app_server
