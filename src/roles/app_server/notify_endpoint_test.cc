#include "roles/app_server/notify_endpoint.h"

#include <gtest/gtest.h>

#include <chrono>

#include "base/crypto.h"
#include "base/random.h"
#include "domain/message_id_source.h"
#include "protocol/app_server/notify/receipt.h"
#include "protocol/json.h"
#include "roles/app_server/only_notify_endpoint.h"
#include "roles/app_server/test_world.h"

namespace herald::roles::app_server {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kGood = R"({"id":"n1","message":"Hello","ttl":60,"priority":2})";

struct NotifyEndpointTest : testing::Test {
  TestWorld world;
  ManualExecutor loop;
  ManualClock clock;
  SeededRandom random{1};
  NullLog log;
  NullMetrics metrics;
  MessageIdSource ids{clock, random};
  AcceptanceOrder order{world, ids};
  ReceiptCursor cursors{std::vector<std::uint8_t>(32, 7)};
  protocol::subscription::EndpointTokens tokens{{std::vector<std::uint8_t>(32, 9)}};
  TestDeadline patience{clock, metrics};
  bool draining = false;
  NotifyEndpoint endpoint{{.limits = {}, .cached_apps_max = 2, .draining = [this] { return draining; }},
                          {world, world, world, world, order, world, cursors, tokens, patience.deadline},
                          loop,
                          clock,
                          log,
                          metrics};
  App app = made_app(1);

  static App made_app(std::uint8_t n) {
    App made;
    made.id.bytes[0] = n;
    return made;
  }
  void SetUp() override { world.apps[app.id] = app; }

  [[nodiscard]] std::string path() const { return "/notify/" + app.id.hex(); }
  std::shared_ptr<TestClient> post(const std::string& target, std::string_view body) {
    auto client = ask(endpoint, "POST", target, body);
    loop.run();
    return client;
  }
  std::shared_ptr<TestClient> get(const std::string& target) {
    auto client = ask(endpoint, "GET", target);
    loop.run();
    return client;
  }
  void answer(Result<ports::PutOutcome> outcome) {
    ASSERT_FALSE(world.puts.empty());
    auto put = std::move(world.puts.front());
    world.puts.pop_front();
    std::move(put.reply)(std::move(outcome));
    loop.run();
  }
  static void expect_refusal(const TestClient& client, int status, std::string_view reason) {
    ASSERT_TRUE(client.response);
    EXPECT_EQ(client.response->status, status);
    EXPECT_EQ(client.response->body, R"({"status": "ERROR", "reason": ")" + std::string(reason) + "\"}");
    EXPECT_EQ(client.header("Access-Control-Allow-Origin"), "*");
  }
};

TEST_F(NotifyEndpointTest, SenderIsToldToTryAgainWhenTheStoreTakesTooLong) {
  const auto client = post(path(), kGood);
  patience.pass();
  loop.run();
  expect_refusal(*client, 503, "Try again later");
  EXPECT_EQ(client->header("Retry-After"), "5");
  EXPECT_TRUE(world.published.empty());
}

TEST_F(NotifyEndpointTest, MessageThatIsStoredLateIsAnnouncedThen) {
  post(path(), kGood);
  patience.pass();
  loop.run();
  const MessageId id = world.puts.front().message.id;
  answer(ports::PutOutcome{});
  ASSERT_EQ(world.published.size(), 1U);
  EXPECT_EQ(world.published[0].second.message, id);
  EXPECT_EQ(patience.deadline.overdue(), 0U);
}

TEST_F(NotifyEndpointTest, MessageThatIsRefusedLateIsNotAnnounced) {
  post(path(), kGood);
  patience.pass();
  loop.run();
  answer(fail(ErrorKind::kUnavailable, "disk full"));
  EXPECT_TRUE(world.published.empty());
}

TEST_F(NotifyEndpointTest, StoreThatOwesTooManyAnswersIsAskedNothingMore) {
  post(path(), kGood);
  post(path(), kGood);
  patience.pass();
  loop.run();
  const auto third = post(path(), kGood);
  expect_refusal(*third, 503, "Try again later");
  EXPECT_EQ(world.puts.size(), 2U);
  answer(ports::PutOutcome{});
  const auto fourth = post(path(), kGood);
  EXPECT_FALSE(fourth->response);
  EXPECT_EQ(world.puts.size(), 2U);
}

TEST_F(NotifyEndpointTest, AnswersOnlyWhenTheMessageIsStored) {
  const auto client = post(path(), kGood);
  ASSERT_EQ(world.puts.size(), 1U);
  EXPECT_FALSE(client->response);
  EXPECT_TRUE(world.published.empty());
  answer(ports::PutOutcome{});
  ASSERT_TRUE(client->response);
  EXPECT_EQ(client->response->status, 200);
  EXPECT_EQ(client->response->body, R"({"status": "ACCEPTED"})");
  EXPECT_TRUE(client->header("Content-Type").starts_with("application/json"));
  EXPECT_EQ(client->header("Access-Control-Allow-Origin"), "*");
}

TEST_F(NotifyEndpointTest, AnnouncesTogetherWhatIsStoredInOneTurn) {
  std::vector<std::shared_ptr<TestClient>> clients;
  for (int i = 0; i < 70; ++i) clients.push_back(post(path(), kGood));
  for (auto& put : world.puts) std::move(put.reply)(ports::PutOutcome{});
  loop.run();
  EXPECT_EQ(world.publications, (std::vector<std::size_t>{64, 6})) << "in parts, since a queue takes all or nothing";
  for (std::size_t i = 0; i < clients.size(); ++i) {
    EXPECT_EQ(clients[i]->response->status, 200);
    EXPECT_EQ(world.published[i].second.message, world.puts[i].message.id) << "in the order of acceptance";
  }
}

TEST_F(NotifyEndpointTest, StoresEveryFieldAndAnnouncesTheId) {
  const auto client = post(path(), kGood);
  ASSERT_EQ(world.puts.size(), 1U);
  const Message stored = world.puts[0].message;
  EXPECT_EQ(stored.app, app.id);
  EXPECT_EQ(stored.replace_key, "n1");
  EXPECT_EQ(stored.priority, Priority::kGathered);
  EXPECT_EQ(stored.kind, PayloadKind::kFlow2012);
  EXPECT_EQ(stored.accepted_at, clock.wall());
  EXPECT_EQ(stored.expires_at, clock.wall() + std::chrono::seconds(60));
  EXPECT_NE(stored.body.find("\"message\":\"Hello\""), std::string::npos);
  answer(ports::PutOutcome{});
  ASSERT_EQ(world.published.size(), 1U);
  EXPECT_EQ(world.published[0].first, "newMessages");
  EXPECT_EQ(world.published[0].second.message, stored.id);
  EXPECT_EQ(world.published[0].second.app, app.id);
  EXPECT_EQ(world.published[0].second.priority, Priority::kGathered);
  EXPECT_EQ(world.published[0].second.expires_at, stored.expires_at);
  EXPECT_EQ(client->header("Location"), path() + "/messages/" + stored.id.hex());
}

TEST_F(NotifyEndpointTest, NumbersMessagesInTheOrderTheyReachTheStore) {
  for (int i = 0; i < 5; ++i) post(path(), kGood);
  ASSERT_EQ(world.puts.size(), 5U);
  for (std::size_t i = 1; i < 5; ++i) EXPECT_LT(world.puts[i - 1].message.id, world.puts[i].message.id);
}

TEST_F(NotifyEndpointTest, StaysAcceptedWhenTheQueueIsAway) {
  world.publish_error = Error{ErrorKind::kUnavailable, "broker away"};
  const auto client = post(path(), kGood);
  answer(ports::PutOutcome{});
  EXPECT_EQ(client->response->status, 200);
}

TEST_F(NotifyEndpointTest, StoresAnExpiredNotificationForItsReceiptButAnnouncesNothing) {
  const auto client = post(path(), R"({"message":"late","ttl":1,"timestamp":"1343692800"})");
  ASSERT_EQ(world.puts.size(), 1U);
  EXPECT_LE(world.puts[0].message.expires_at, clock.wall());
  answer(ports::PutOutcome{});
  EXPECT_EQ(client->response->status, 200);
  EXPECT_TRUE(world.published.empty());
}

TEST_F(NotifyEndpointTest, TakesTheTokenFromTheQuery) {
  post("/notify?token=" + app.id.hex(), kGood);
  ASSERT_EQ(world.puts.size(), 1U);
  EXPECT_EQ(world.puts[0].message.app, app.id);
}

TEST_F(NotifyEndpointTest, RefusesWhatTheProtocolSays) {
  const std::string plain_big(4'097, 'a');
  const std::string big = R"({"message":")" + plain_big + "\"}";
  struct Row {
    std::string target;
    std::string_view body;
    int status;
    std::string_view reason;
  };
  const std::vector<Row> rows = {
      {"/notify", kGood, 404, "No valid WAtoken"},                                            // S13
      {"/notify/", kGood, 404, "No valid WAtoken"},                                           // S13
      {path(), "{oops", 400, "JSON not valid"},                                               // S14
      {path(), "[]", 400, "JSON not valid"},                                                  // S14
      {path(), "", 400, "JSON not valid"},                                                    // S14
      {path(), R"({"messageType":"x","message":"a"})", 400, "Not messageType=notification"},  // S15
      {path(), R"({"id":"n1"})", 400,
       "Missing message: the JSON object needs a message, which is text or any value but null"},  // S16
      {path(), "\xff", 400, "Message is not UTF-8 text"},
      {path(), std::string_view("a\0b", 3), 400, "Message is not UTF-8 text"},
      {path(), plain_big, 413, "Body too big"},
      {path() + "?priority=high", "Hello", 400, "Not valid priority"},
      {path() + "?ttl=", "Hello", 400, "Not valid ttl"},
      {path() + "?signature=00ff", "Hello", 400, "Bad signature, dropping notification"},
      {path(), big, 413, "Body too big"},                                                            // S17
      {path(), R"({"message":"a","signature":"zz"})", 400, "Bad signature, dropping notification"},  // S18
      {"/notify/abc", kGood, 404, "No valid WAtoken"},                                               // S20
      {path() + "00", kGood, 404, "No valid WAtoken"},                                               // S20
      {path() + "/", kGood, 404, "No valid WAtoken"},
      {path() + "%2Fmessages%2Fn1", kGood, 404, "No valid WAtoken"},
      {"/notify/" + std::string(64, 'A'), kGood, 404, "No valid WAtoken"},  // S20
      {"/notify/" + std::string(64, 'a'), kGood, 404, "No valid AppToken"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.target + " " + std::string(row.body.substr(0, 60)));
    expect_refusal(*post(row.target, row.body), row.status, row.reason);
    EXPECT_TRUE(world.puts.empty());
  }
}

TEST_F(NotifyEndpointTest, ABodyOfTextIsTheMessage) {
  post(path(), "Dinner is ready");
  post(path() + "?id=n1&priority=3&title=Ping%20pong", "Hi \"there\"");
  post(path(), std::string(4'096, 'a'));
  ASSERT_EQ(world.puts.size(), 3U);
  EXPECT_EQ(world.puts[0].message.body, R"({"message":"Dinner is ready"})");
  EXPECT_EQ(world.puts[0].message.priority, Priority::kRealTime);
  EXPECT_EQ(world.puts[1].message.body, R"({"message":"Hi \"there\"","id":"n1","title":"Ping pong","priority":3})");
  EXPECT_EQ(world.puts[1].message.replace_key, "n1");
  EXPECT_EQ(world.puts[1].message.priority, Priority::kPassive);
}

TEST_F(NotifyEndpointTest, FieldsOfATextMayBeHeaders) {
  const auto client = std::make_shared<TestClient>();
  transport::HttpRequest request;
  const std::string target = path();
  request.method = "POST";
  request.path = request.target = target;
  request.query = "priority=2";
  request.headers = {{"Content-Type", "text/plain"}, {"X-Id", "n2"}, {"x-priority", "3"}, {"Priority", "u=1"}};
  request.body = "Hello";
  endpoint.on_request(request, transport::HttpResponder(client, 1));
  request.headers[0].second = "application/json";
  const auto strict = std::make_shared<TestClient>();
  endpoint.on_request(request, transport::HttpResponder(strict, 1));
  loop.run();
  ASSERT_EQ(world.puts.size(), 1U);
  EXPECT_EQ(world.puts[0].message.body, R"({"message":"Hello","id":"n2","priority":2})") << "the query comes first";
  expect_refusal(*strict, 400, "JSON not valid");
}

TEST_F(NotifyEndpointTest, ATextIsSignedAsItIs) {
  const auto key = PrivateKey::generate(PrivateKey::Algorithm::kEcdsaP256);
  world.apps[app.id].public_key_pem = (*key)->public_pem();
  expect_refusal(*post(path(), "Hello"), 400, "You must sign your message with your Private Key");
  post(path() + "?signature=" + to_hex(*(*key)->sign(as_bytes("Hello"))), "Hello");
  EXPECT_EQ(world.puts.size(), 1U);
}

TEST_F(NotifyEndpointTest, TheLocationIsBelowThePublicPath) {
  NotifyEndpoint below{{.limits = {}, .base_path = "/push", .draining = {}},
                       {world, world, world, world, order, world, cursors, tokens, patience.deadline},
                       loop,
                       clock,
                       log,
                       metrics};
  const auto client = ask(below, "POST", path(), kGood);
  loop.run();
  answer(ports::PutOutcome{});
  ASSERT_TRUE(client->response);
  EXPECT_TRUE(client->header("Location").starts_with("/push/notify/" + app.id.hex() + "/messages/"));
}

TEST_F(NotifyEndpointTest, ChecksTheSignatureOfAnAppThatHasAKey) {
  const auto key = PrivateKey::generate(PrivateKey::Algorithm::kEcdsaP256);
  ASSERT_TRUE(key);
  world.apps[app.id].public_key_pem = (*key)->public_pem();
  expect_refusal(*post(path(), kGood), 400, "You must sign your message with your Private Key");  // S19
  expect_refusal(*post(path(), R"({"message":"Hello","signature":""})"), 400,
                 "You must sign your message with your Private Key");  // S19
  const auto signed_by = [&key](std::string_view text) {
    return R"({"message":"Hello","signature":")" + to_hex(*(*key)->sign(as_bytes(text))) + "\"}";
  };
  expect_refusal(*post(path(), signed_by("Hello\n")), 400, "Bad signature, dropping notification");  // S18
  EXPECT_TRUE(world.puts.empty());
  post(path(), signed_by("Hello"));
  EXPECT_EQ(world.puts.size(), 1U);
}

TEST_F(NotifyEndpointTest, AllowsOnlyPostOnANotifyUrl) {  // S21
  for (const char* method : {"GET", "PUT", "DELETE", "PATCH"}) {
    const auto client = ask(endpoint, method, path());
    ASSERT_TRUE(client->response);
    EXPECT_EQ(client->response->status, 405);
    EXPECT_EQ(client->header("Allow"), "POST");
  }
}

TEST_F(NotifyEndpointTest, AnswersAPreflight) {
  const auto client = ask(endpoint, "OPTIONS", path());
  ASSERT_TRUE(client->response);
  EXPECT_EQ(client->response->status, 204);
  EXPECT_EQ(client->header("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(client->header("Access-Control-Allow-Methods"), "POST, GET, DELETE");
  EXPECT_EQ(client->header("Access-Control-Allow-Headers"),
            "content-type, x-id, x-title, x-priority, x-ttl, x-timestamp, x-signature");
}

TEST_F(NotifyEndpointTest, TurnsStoreErrorsIntoRepliesThatSayWhenToComeBack) {
  const std::vector<std::pair<ErrorKind, int>> rows = {{ErrorKind::kUnavailable, 503},
                                                       {ErrorKind::kInternal, 503},
                                                       {ErrorKind::kCorrupt, 503},
                                                       {ErrorKind::kExhausted, 429}};
  for (const auto& [kind, status] : rows) {
    const auto client = post(path(), kGood);
    answer(fail(kind, "store"));
    expect_refusal(*client, status, "Try again later");
    EXPECT_EQ(client->header("Retry-After"), "5");
    EXPECT_TRUE(world.published.empty());
  }
}

TEST_F(NotifyEndpointTest, TurnsADirectoryErrorIntoTryAgainLater) {
  world.directory_error = Error{ErrorKind::kUnavailable, "away"};
  expect_refusal(*post(path(), kGood), 503, "Try again later");
}

TEST_F(NotifyEndpointTest, TakesNothingNewWhileDraining) {
  const auto earlier = post(path(), kGood);
  draining = true;
  const auto client = post(path(), kGood);
  expect_refusal(*client, 503, "Try again later");
  EXPECT_EQ(client->header("Retry-After"), "5");
  answer(ports::PutOutcome{});
  EXPECT_EQ(earlier->response->status, 200);
}

TEST_F(NotifyEndpointTest, LooksAnAppUpOnceWhileItIsCached) {
  post(path(), kGood);
  post(path(), kGood);
  EXPECT_EQ(world.lookups, 1);
  for (std::uint8_t n = 2; n <= 3; ++n) {
    world.apps[made_app(n).id] = made_app(n);
    post("/notify/" + made_app(n).id.hex(), kGood);
  }
  post(path(), kGood);
  EXPECT_EQ(world.lookups, 4);
}

TEST_F(NotifyEndpointTest, AsksForAnAppAgainWhenItWasCachedForLong) {
  post(path(), kGood);
  clock.advance(milliseconds(Limits{}.app_cached_ms - 1));
  post(path(), kGood);
  EXPECT_EQ(world.lookups, 1);
  clock.advance(milliseconds(1));
  world.apps[app.id].public_key_pem = "a key that came later";
  expect_refusal(*post(path(), kGood), 400, "You must sign your message with your Private Key");
  EXPECT_EQ(world.lookups, 2);
  world.apps.clear();
  clock.advance(milliseconds(Limits{}.app_cached_ms));
  expect_refusal(*post(path(), kGood), 404, "No valid AppToken");
}

TEST_F(NotifyEndpointTest, NeverRemembersThatAnAppIsUnknown) {
  world.apps.clear();
  expect_refusal(*post(path(), kGood), 404, "No valid AppToken");
  world.apps[app.id] = app;
  post(path(), kGood);
  EXPECT_EQ(world.puts.size(), 1U);
}

// Who sees what was signed must not act for who signed it.

struct KeyedAppTest : NotifyEndpointTest {
  std::unique_ptr<PrivateKey> key = *PrivateKey::generate(PrivateKey::Algorithm::kEd25519);

  void SetUp() override {
    app.public_key_pem = key->public_pem();
    NotifyEndpointTest::SetUp();
  }
  [[nodiscard]] std::string sign(std::string_view bytes) const { return to_hex(*key->sign(as_bytes(bytes))); }
  [[nodiscard]] std::string body(std::string_view text, std::string_view more = "") const {
    return R"({"message":")" + std::string(text) + R"(","signature":")" + sign(text) + '"' + std::string(more) + '}';
  }
  // A request signed as a whole, with `changed` in the place of one of its fields after it was signed.
  [[nodiscard]] std::string request(std::string_view text, WallTime at, std::string_view changed = "") const {
    const std::string timestamp = std::to_string(at.ms);
    const std::string lines = "herald notification 1\n" + app.id.hex() + "\n" + timestamp + "\n60\n2\n" +
                              to_hex(sha256(as_bytes(text))) + "\nn1";
    std::string out = R"({"message":")" + std::string(text) + R"(","signs":"request","signature":")" + sign(lines) +
                      R"(","id":"n1","ttl":60,"priority":"2","timestamp":)" + timestamp + "}";
    if (changed.empty()) return out;
    const auto name = changed.substr(0, changed.find(':') + 1);
    const auto from = out.find(name);
    return out.replace(from, out.find_first_of(",}", from) - from, changed);
  }
  // The accepted message, and the proof in its Location.
  std::pair<Message, std::string> accepted(const std::string& posted) {
    const auto client = post(path(), posted);
    if (world.puts.empty()) return {};
    Message message = world.puts.front().message;
    answer(ports::PutOutcome{});
    const std::string location = client->header("Location");
    const std::string before = path() + "/messages/" + message.id.hex() + "?proof=";
    EXPECT_TRUE(location.starts_with(before)) << location;
    return {message, location.substr(before.size())};
  }
  void store(const Message& message) {
    ports::MessageStatus status;
    status.id = message.id;
    status.app = message.app;
    status.replace_key = message.replace_key;
    status.receipt = message.receipt;
    for (const auto& name : {message.id.hex(), message.replace_key}) world.statuses[{app.id, name}] = status;
  }
};

constexpr std::string_view kRepeated =
    R"(This signature was accepted before: sign the whole request (\"signs\":\"request\") to send the same text again)";
constexpr std::string_view kUnproven = "This message was signed: ask with the Location that its POST was answered with";

TEST_F(KeyedAppTest, ATextThatWasSignedAloneIsAcceptedOnce) {
  accepted(body("Hello", R"(,"id":"n1")"));
  for (const char* more : {"", R"(,"id":"n1")", R"(,"id":"n2")", R"(,"ttl":1)"}) {
    expect_refusal(*post(path(), body("Hello", more)), 409, kRepeated);
  }
  EXPECT_TRUE(world.puts.empty());
  EXPECT_FALSE(accepted(body("Hello again")).second.empty());
}

TEST_F(KeyedAppTest, TheSameTextGoesToAnotherAppOfTheSameKey) {
  accepted(body("Hello"));
  App other = made_app(2);
  other.public_key_pem = app.public_key_pem;
  world.apps[other.id] = other;
  post("/notify/" + other.id.hex(), body("Hello"));
  EXPECT_EQ(world.puts.size(), 1U);
}

TEST_F(KeyedAppTest, ASignedRequestIsAcceptedOnceAndItsTextAgain) {
  const std::string first = request("Hello", clock.wall());
  const auto [message, proof] = accepted(first);
  EXPECT_EQ(message.replace_key, "n1");
  EXPECT_EQ(message.expires_at, clock.wall() + std::chrono::seconds(60));
  expect_refusal(*post(path(), first), 409, kRepeated);
  clock.advance(milliseconds(1));
  EXPECT_NE(accepted(request("Hello", clock.wall())).first.receipt, message.receipt);
}

TEST_F(KeyedAppTest, ASignedRequestIsRefusedWhenAnyOfItIsChanged) {
  for (const char* changed : {R"("message":"Hullo")", R"("id":"n2")", R"("ttl":61)", R"("priority":"1")",
                              R"("timestamp":1)", R"("signs":"message")"}) {
    const auto client = post(path(), request("Hello", clock.wall(), changed));
    ASSERT_TRUE(client->response) << changed;
    EXPECT_EQ(client->response->status, 400) << changed;
  }
  App other = made_app(2);
  other.public_key_pem = app.public_key_pem;
  world.apps[other.id] = other;
  expect_refusal(*post("/notify/" + other.id.hex(), request("Hello", clock.wall())), 400,
                 "Bad signature, dropping notification");
  EXPECT_TRUE(world.puts.empty());
}

TEST_F(KeyedAppTest, ASignedRequestIsRefusedFarFromItsTime) {
  const auto most = std::chrono::seconds(Limits{}.signed_request_age_s);
  const auto refused = [this](WallTime at) {
    const auto client = post(path(), request("Hello", at));
    return client->response && client->response->status == 400;
  };
  EXPECT_TRUE(refused(clock.wall() - most - milliseconds(1)));
  EXPECT_TRUE(refused(clock.wall() + most + milliseconds(1)));
  EXPECT_TRUE(refused(clock.wall() + std::chrono::hours(48)));
  EXPECT_FALSE(refused(clock.wall() - most));
  EXPECT_FALSE(refused(clock.wall() + most));
}

TEST_F(KeyedAppTest, ATextThatLooksLikeASignedRequestIsRefused) {
  const std::string text = R"(herald notification 1\nx)";
  const std::string decoded = "herald notification 1\nx";
  expect_refusal(*post(path(), R"({"message":")" + text + R"(","signature":")" + sign(decoded) + "\"}"), 400,
                 "Bad signature, dropping notification");
}

TEST_F(KeyedAppTest, OnlyTheProofOfTheLocationShowsAReceiptOrTakesAMessageBack) {
  const auto [message, proof] = accepted(body("Hello", R"(,"id":"n1")"));
  const auto [other, other_proof] = accepted(body("other"));
  store(message);
  for (const auto& name : {message.id.hex(), std::string("n1")}) {
    const std::string url = path() + "/messages/" + name;
    for (const std::string& wrong :
         {std::string(), std::string("?proof="), "?proof=" + other_proof, "?proof=" + message.id.hex()}) {
      expect_refusal(*get(url + wrong), 403, kUnproven);
      const auto client = ask(endpoint, "DELETE", url + wrong);
      loop.run();
      expect_refusal(*client, 403, kUnproven);
    }
    EXPECT_TRUE(world.cancelled.empty());
    EXPECT_EQ(get(url + "?proof=" + proof)->response->status, 200);
  }
  const auto client = ask(endpoint, "DELETE", path() + "/messages/n1?proof=" + proof);
  loop.run();
  EXPECT_EQ(client->response->status, 200);
  EXPECT_EQ(world.cancelled, std::vector<std::string>{message.id.hex()});
}

TEST_F(NotifyEndpointTest, AnAppWithoutAKeyHasALocationWithoutAProof) {
  const auto client = post(path(), kGood);
  const MessageId id = world.puts.front().message.id;
  answer(ports::PutOutcome{});
  EXPECT_EQ(client->header("Location"), path() + "/messages/" + id.hex());
}

// Receipts.

struct ReceiptTest : NotifyEndpointTest {
  ports::MessageStatus status;

  void SetUp() override {
    NotifyEndpointTest::SetUp();
    status.id.bytes[15] = 9;
    status.app = app.id;
    status.replace_key = "a/b c";
    status.priority = Priority::kPassive;
    status.accepted_at = clock.wall();
    status.expires_at = clock.wall() + std::chrono::hours(1);
    status.routed = true;
    status.recipients = 3;
    status.acked = 1;
    world.statuses[{app.id, status.id.hex()}] = status;
    world.statuses[{app.id, status.replace_key}] = status;
    for (std::uint8_t n = 1; n <= 3; ++n) {
      Delivery delivery;
      delivery.user_agent.bytes.fill(n);
      delivery.state = DeliveryState::kSent;
      delivery.routed_at = clock.wall();
      world.deliveries.push_back(delivery);
    }
  }
  [[nodiscard]] std::string url() const { return path() + "/messages/" + status.id.hex(); }
  static std::string next_of(const TestClient& client) {
    const auto document = protocol::JsonDocument::parse(client.response->body, 8);
    const auto next = document->root().get("next");
    return next ? std::string(*next->string()) : "";
  }
  static std::vector<std::string> devices_of(const TestClient& client) {
    std::vector<std::string> devices;
    const auto document = protocol::JsonDocument::parse(client.response->body, 8);
    for (const auto& row : document->root().get("deliveries")->elements()) {
      devices.emplace_back(*row.get("device")->string());
    }
    return devices;
  }
  [[nodiscard]] std::string device(std::size_t n) const {
    return protocol::notify::pseudonym(app.id, world.deliveries[n].user_agent);
  }
};

TEST_F(ReceiptTest, ShowsTheMessageAndItsDeliveries) {
  const auto client = get(url());
  ASSERT_TRUE(client->response);
  EXPECT_EQ(client->response->status, 200);
  EXPECT_EQ(client->header("Cache-Control"), "no-store");
  EXPECT_EQ(client->header("Access-Control-Allow-Origin"), "*");
  const auto document = protocol::JsonDocument::parse(client->response->body, 8);
  ASSERT_TRUE(document);
  const auto root = document->root();
  EXPECT_EQ(root.get("messageId")->string(), status.id.hex());
  EXPECT_EQ(root.get("id")->string(), "a/b c");
  EXPECT_EQ(root.get("priority")->integer(), 3);
  EXPECT_EQ(root.get("recipients")->integer(), 3);
  EXPECT_EQ(root.get("acked")->integer(), 1);
  EXPECT_EQ(root.get("routed")->boolean(), true);
  EXPECT_FALSE(root.get("next"));
  EXPECT_EQ(devices_of(*client), (std::vector{device(0), device(1), device(2)}));
}

TEST_F(ReceiptTest, FindsAMessageByTheSendersIdPercentDecoded) {
  EXPECT_EQ(get(path() + "/messages/a%2Fb%20c")->response->status, 200);
  EXPECT_EQ(get(path() + "/messages/a/b%20c")->response->status, 200);
}

TEST_F(ReceiptTest, PagesWithCursorsThatDoNotNameADevice) {
  const auto first = get(url() + "?limit=2");
  EXPECT_EQ(devices_of(*first), (std::vector{device(0), device(1)}));
  const auto next = next_of(*first);
  ASSERT_FALSE(next.empty());
  const auto raw = from_base64url(next);
  ASSERT_TRUE(raw);
  EXPECT_EQ(as_text(*raw).find(world.deliveries[1].user_agent.view()), std::string_view::npos);
  const auto second = get(url() + "?limit=2&after=" + next);
  EXPECT_EQ(devices_of(*second), (std::vector{device(2)}));
  EXPECT_EQ(next_of(*second), "");
}

TEST_F(ReceiptTest, BoundsThePage) {
  world.deliveries.clear();
  for (int n = 0; n < 1'100; ++n) {
    Delivery delivery;
    delivery.user_agent.bytes[0] = static_cast<std::uint8_t>(n / 256);
    delivery.user_agent.bytes[1] = static_cast<std::uint8_t>(n % 256);
    world.deliveries.push_back(delivery);
  }
  EXPECT_EQ(devices_of(*get(url())).size(), 100U);
  EXPECT_EQ(devices_of(*get(url() + "?limit=1000")).size(), 1'000U);
  EXPECT_EQ(devices_of(*get(url() + "?limit=1001")).size(), 1'000U);
}

TEST_F(ReceiptTest, RefusesABadLimitOrCursor) {
  for (const char* limit : {"0", "-1", "x", "1x", "", "99999999999999999999999"}) {
    expect_refusal(*get(url() + "?limit=" + limit), 400, "Bad limit");
  }
  const auto foreign = cursors.seal(made_app(5).id, world.deliveries[0].user_agent);
  for (const auto& cursor : {std::string("x"), std::string(43, 'A'), foreign}) {
    expect_refusal(*get(url() + "?after=" + cursor), 400, "Bad cursor");
  }
}

TEST_F(ReceiptTest, SaysWhenThereIsNoSuchMessage) {
  for (const char* id : {"other", "%zz", "%4", "%ff", ""}) {
    SCOPED_TRACE(id);
    expect_refusal(*get(path() + "/messages/" + id), 404, "No such message");
  }
  expect_refusal(*get("/notify/abc/messages/n1"), 404, "No valid WAtoken");
}

TEST_F(ReceiptTest, SaysTryAgainWhenTheStoreIsAway) {
  world.page_error = Error{ErrorKind::kUnavailable, "away"};
  expect_refusal(*get(url()), 503, "Try again later");
  world.status_error = Error{ErrorKind::kUnavailable, "away"};
  expect_refusal(*get(url()), 503, "Try again later");
}

TEST_F(ReceiptTest, TakesAMessageBack) {
  const auto client = ask(endpoint, "DELETE", path() + "/messages/a%2Fb%20c");
  loop.run();
  ASSERT_TRUE(client->response);
  EXPECT_EQ(client->response->status, 200);
  EXPECT_EQ(world.cancelled, std::vector<std::string>{"a/b c"});
  EXPECT_NE(client->response->body.find("cancelled"), std::string::npos);
  EXPECT_TRUE(devices_of(*client).empty());
  const auto unknown = ask(endpoint, "DELETE", path() + "/messages/other");
  loop.run();
  expect_refusal(*unknown, 404, "No such message");
}

TEST_F(ReceiptTest, AllowsOnlyGetAndDelete) {
  for (const char* method : {"POST", "PUT", "HEAD"}) {
    const auto client = ask(endpoint, method, url());
    EXPECT_EQ(client->response->status, 405);
    EXPECT_EQ(client->header("Allow"), "GET, DELETE");
  }
}

TEST(OnlyNotifyEndpoint, TellsAPostWhereToGo) {  // S12
  OnlyNotifyEndpoint endpoint;
  const auto client = ask(endpoint, "POST", "/other/x", "{}");
  EXPECT_EQ(client->response->status, 404);
  EXPECT_EQ(client->response->body, R"({"status": "ERROR", "reason": "Only notify by this interface"})");
  EXPECT_EQ(ask(endpoint, "GET", "/other/x")->response->status, 404);
}

TEST(ReceiptCursor, OpensWhatItSealedAndNothingElse) {
  const ReceiptCursor cursors(std::vector<std::uint8_t>(32, 1));
  const ReceiptCursor others(std::vector<std::uint8_t>(32, 2));
  AppId app;
  UserAgentId user_agent;
  user_agent.bytes.fill(0xab);
  auto sealed = cursors.seal(app, user_agent);
  EXPECT_EQ(cursors.open(app, sealed), user_agent);
  EXPECT_FALSE(others.open(app, sealed));
  for (std::size_t i = 0; i < sealed.size() - 1; ++i) {
    auto changed = sealed;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(cursors.open(app, changed)) << i;
  }
}

}  // namespace
}  // namespace herald::roles::app_server
