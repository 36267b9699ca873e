#include "roles/app_server/webpush_endpoint.h"

#include "protocol/subscription/webpush_meta.h"
#include "roles/app_server/push_test_world.h"
#include "roles/app_server/webpush_message_endpoint.h"

namespace herald::roles::app_server {
namespace {

namespace subscription = protocol::subscription;

struct WebPushTest : PushTest {
  WebPushEndpoint webpush{context};
  WebPushMessageEndpoint messages{context};
  std::unique_ptr<P256PrivateKey> key_a =
      std::move(*P256PrivateKey::from_scalar(sha256(as_bytes("push-test-vapid-A"))));
  std::unique_ptr<P256PrivateKey> key_b =
      std::move(*P256PrivateKey::from_scalar(sha256(as_bytes("push-test-vapid-B"))));
  std::string open = tokens.path_of(endpoint());
  std::string restricted = tokens.path_of(restricted_endpoint());

  WebPushTest() { world.subscriptions.insert(endpoint().app()); }

  [[nodiscard]] subscription::WebPushEndpoint restricted_endpoint() const {
    auto out = endpoint();
    out.restricted_to = sha256(key_a->point());
    return out;
  }
  [[nodiscard]] std::string vapid_by(const P256PrivateKey& key, std::string_view origin = kOrigin,
                                     std::int64_t valid_s = 43'200) const {
    return protocol::webpush::make_vapid(key, origin, "mailto:ops@example.com", clock.wall().ms / 1000 + valid_s);
  }
  std::shared_ptr<TestClient> post(std::string_view path, Headers headers = {}, std::string_view body = "") {
    return send(webpush, "POST", path, headers, body);
  }
  static Headers plain(Headers more = {}) {
    Headers headers{{"TTL", "60"}, {"Content-Encoding", "aes128gcm"}};
    headers.insert(headers.end(), more.begin(), more.end());
    return headers;
  }
  static std::string path_of_location(const TestClient& client) {
    const std::string location = client.header("Location");
    EXPECT_TRUE(location.starts_with(std::string(kOrigin) + "/m/")) << location;
    return location.substr(kOrigin.size());
  }
};

// E1
TEST_F(WebPushTest, StoresAMessageAndSaysWhere) {
  const auto client = post(open, plain(), "secret");
  ASSERT_EQ(outcome(*client), "201 -");
  EXPECT_EQ(client->header("TTL"), "60");
  EXPECT_EQ(client->response->body, "");
  EXPECT_EQ(client->header("Access-Control-Allow-Origin"), "*");
  EXPECT_NE(client->header("Access-Control-Expose-Headers").find("Location"), std::string::npos);
  ASSERT_EQ(world.stored.size(), 1U);
  const Message& message = world.stored[0];
  EXPECT_EQ(message.app, endpoint().app());
  EXPECT_EQ(message.kind, PayloadKind::kWebPush);
  EXPECT_EQ(message.body, "secret");
  EXPECT_EQ(message.replace_key, "");
  EXPECT_EQ(message.urgency, Urgency::kNormal);
  EXPECT_EQ(message.priority, Priority::kGathered);
  EXPECT_FALSE(message.transient);
  EXPECT_EQ(message.accepted_at, clock.wall());
  EXPECT_EQ(message.expires_at, clock.wall() + std::chrono::seconds(60));
  EXPECT_EQ(message.receipt, ReceiptId{});
  EXPECT_EQ(*subscription::WebPushMeta::decode(message.meta),
            (subscription::WebPushMeta{"d9b74644-4f97-46aa-b8fa-9393985cd6cd", "aes128gcm", "", ""}));
  const auto named = tokens.read_message(path_of_location(*client));
  ASSERT_TRUE(named);
  EXPECT_EQ(*named, (subscription::MessageName{message.app, message.id}));
  ASSERT_EQ(world.published.size(), 1U);
  EXPECT_EQ(world.published[0].second.message, message.id);
}

TEST_F(WebPushTest, AnswersOnlyWhenItIsStored) {
  world.put_error = Error{ErrorKind::kUnavailable, "disk full"};
  const auto client = post(open, plain(), "x");
  EXPECT_EQ(outcome(*client), "503 201");
  EXPECT_EQ(client->header("Retry-After"), "30");
  EXPECT_TRUE(world.published.empty());
  world.put_error = Error{ErrorKind::kCorrupt, "damaged"};
  EXPECT_EQ(outcome(*post(open, plain(), "x")), "500 999");
}

TEST_F(WebPushTest, AQueueThatIsFullCostsNoMessage) {
  world.publish_error = Error{ErrorKind::kExhausted, "full"};
  EXPECT_EQ(outcome(*post(open, plain(), "x")), "201 -");
}

// E2, H4
TEST_F(WebPushTest, LowersTheTtlAndSaysSo) {
  const auto client = post(open, {{"TTL", "99999999"}});
  EXPECT_EQ(outcome(*client), "201 -");
  EXPECT_EQ(client->header("TTL"), "2592000");
  EXPECT_EQ(world.stored[0].expires_at, clock.wall() + std::chrono::seconds(2'592'000));
}

// E4
TEST_F(WebPushTest, TtlZeroIsForWhoIsThere) {
  const auto client = post(open, {{"TTL", "0"}});
  EXPECT_EQ(outcome(*client), "201 -");
  EXPECT_EQ(client->header("TTL"), "0");
  EXPECT_TRUE(world.stored[0].transient);
  EXPECT_EQ(world.stored[0].expires_at, clock.wall() + std::chrono::milliseconds(limits.transient_grace_ms));
  EXPECT_EQ(subscription::WebPushMeta::decode(world.stored[0].meta)->encoding, "");
}

TEST_F(WebPushTest, UrgencyMakesThePriority) {
  const std::pair<const char*, Priority> cases[] = {{"high", Priority::kRealTime},
                                                    {"normal", Priority::kGathered},
                                                    {"low", Priority::kPassive},
                                                    {"very-low", Priority::kPassive}};
  for (const auto& [urgency, priority] : cases) {
    post(open, {{"TTL", "1"}, {"Urgency", urgency}});
    EXPECT_EQ(world.stored.back().priority, priority) << urgency;
  }
}

// E6
TEST_F(WebPushTest, ATopicReplaces) {
  const auto first = post(open, plain({{"Topic", "news"}}), "x");
  const auto second = post(open, plain({{"Topic", "news"}}), "y");
  EXPECT_EQ(world.stored[0].replace_key, "topic:news");
  EXPECT_EQ(world.stored[1].replace_key, "topic:news");
  EXPECT_NE(first->header("Location"), second->header("Location"));
}

// E7, H25; §2.6 of the design: an old Location never touches the newer message.
TEST_F(WebPushTest, DeleteTakesBackThatInstance) {
  const std::string old = path_of_location(*post(open, plain({{"Topic", "news"}}), "x"));
  post(open, plain({{"Topic", "news"}}), "y");
  EXPECT_EQ(outcome(*send(messages, "DELETE", old)), "204 -");
  ASSERT_EQ(world.cancelled.size(), 1U);
  EXPECT_EQ(world.cancelled[0], world.stored[0].id.hex());
  EXPECT_EQ(outcome(*send(messages, "DELETE", old)), "204 -") << "again";
  EXPECT_EQ(outcome(*send(messages, "DELETE", "/m/garbage")), "400 null");
  EXPECT_EQ(outcome(*send(messages, "DELETE", "/m/" + open.substr(10))), "400 null");
  world.status_error = Error{ErrorKind::kUnavailable, "away"};
  EXPECT_EQ(outcome(*send(messages, "DELETE", old)), "503 201");
  const auto get = send(messages, "GET", old);
  EXPECT_EQ(get->response->status, 405);
  EXPECT_EQ(get->header("Allow"), "DELETE, OPTIONS");
}

// H1 to H13 and H26 by the endpoint; the parser's tests have the fine print.
TEST_F(WebPushTest, RefusesByTheTable) {
  struct Row {
    const char* name;
    Headers headers;
    std::string body;
    const char* outcome;
  };
  const std::string salt = "salt=lngarbyKfMoi9Z75xYXmkg";
  for (const auto& [name, headers, body, expected] : std::vector<Row>{
           {"H1", {}, "", "400 111"},
           {"H2", {{"TTL", "abc"}}, "", "400 111"},
           {"H3", {{"TTL", "-1"}}, "", "400 114"},
           {"H4", {{"TTL", "99999999999"}}, "", "201 -"},
           {"H5", plain({{"Topic", std::string(33, 'a')}}), "x", "400 113"},
           {"H6", plain({{"Topic", "a b"}}), "x", "400 113"},
           {"H7", plain({{"Urgency", "high, low"}}), "x", "400 null"},
           {"H7 twice", plain({{"Urgency", "high"}, {"Urgency", "low"}}), "x", "400 null"},
           {"H8", plain({{"Urgency", "now"}}), "x", "400 null"},
           {"H9", {{"TTL", "1"}}, "x", "400 110"},
           {"H10", {{"TTL", "1"}, {"Content-Encoding", "gzip"}}, "x", "400 110"},
           {"H11", {{"TTL", "1"}, {"Content-Encoding", "aesgcm"}}, "x", "400 110"},
           {"H12", plain({{"Encryption", salt}}), "x", "400 110"},
           {"H13", plain(), std::string(4097, 'x'), "413 104"},
           {"H13 fits", plain(), std::string(4096, 'x'), "201 -"},
           {"H26", {{"TTL", "1"}, {"TTL", "2"}}, "", "400 112"},
       }) {
    EXPECT_EQ(outcome(*post(open, headers, body)), expected) << name;
  }
}

// H14, H17, E5
TEST_F(WebPushTest, ARestrictedSubscriptionWantsItsKey) {
  const auto without = post(restricted, plain(), "x");
  EXPECT_EQ(outcome(*without), "401 109");
  EXPECT_EQ(without->header("WWW-Authenticate"), "vapid");
  EXPECT_NE(without->response->body.find("Missing VAPID public key"), std::string::npos);
  const auto other = post(restricted, plain({{"Authorization", vapid_by(*key_b)}}), "x");
  EXPECT_EQ(outcome(*other), "401 109");
  EXPECT_NE(other->response->body.find("VAPID public key mismatch"), std::string::npos);
  EXPECT_EQ(outcome(*post(restricted, plain({{"Authorization", vapid_by(*key_a)}}), "x")), "201 -");
  EXPECT_EQ(world.stored.size(), 1U);
}

// H15, H16
TEST_F(WebPushTest, AWrongVapidIsRefusedEvenWhereNoneIsNeeded) {
  for (const std::string& value : {std::string("Basic dXNlcjpwYXNz"), std::string("vapid t=a.b.c,k=x"),
                                   vapid_by(*key_a, "https://other.example.net"), vapid_by(*key_a, kOrigin, -3'600),
                                   vapid_by(*key_a, kOrigin, 90'000), vapid_by(*key_a, "https://push.example.com/")}) {
    EXPECT_EQ(outcome(*post(open, plain({{"Authorization", value}}), "x")), "401 109") << value;
  }
  EXPECT_EQ(outcome(*post(open, plain({{"Authorization", "WebPush a.b.c"}}), "x")), "400 110");
  EXPECT_EQ(outcome(*post(open, plain({{"Authorization", vapid_by(*key_b)}}), "x")), "201 -");
  EXPECT_EQ(world.stored.size(), 1U);
}

TEST_F(WebPushTest, TakesTheDraftsForm) {
  const std::string current = vapid_by(*key_a);
  const std::string token = current.substr(8, current.find(',') - 8);
  const Headers headers{
      {"TTL", "60"},
      {"Content-Encoding", "aesgcm"},
      {"Encryption", "salt=lngarbyKfMoi9Z75xYXmkg"},
      {"Crypto-Key", "dh=" + to_base64url(key_b->point()) + ";p256ecdsa=" + to_base64url(key_a->point())},
      {"Authorization", "WebPush " + token}};
  EXPECT_EQ(outcome(*post(restricted, headers, "x")), "201 -");
  EXPECT_EQ(*subscription::WebPushMeta::decode(world.stored[0].meta),
            (subscription::WebPushMeta{"d9b74644-4f97-46aa-b8fa-9393985cd6cd", "aesgcm", "salt=lngarbyKfMoi9Z75xYXmkg",
                                       "dh=" + to_base64url(key_b->point())}));
}

// H18
TEST_F(WebPushTest, AKeyThatSignsMustNotAlsoAgree) {
  std::string body(16, 's');
  body.append("\0\0\x10\0\x41", 5).append(as_text(key_a->point())).append(17, 'r');
  EXPECT_EQ(outcome(*post(restricted, plain({{"Authorization", vapid_by(*key_a)}}), body)), "400 110");
  EXPECT_EQ(outcome(*post(open, plain({{"Authorization", vapid_by(*key_b)}}), body)), "201 -");
}

// H19
TEST_F(WebPushTest, KnowsOnlyItsOwnTokens) {
  std::string altered = open;
  altered[20] = altered[20] == 'A' ? 'B' : 'A';
  for (const std::string& path :
       {altered, "/wpush/v3/" + open.substr(10), "/wpush/v2/" + open.substr(10), "/wpush/v1/" + restricted.substr(10),
        std::string("/wpush/v1/"), std::string("/wpush/"), std::string("/wpush/v1/garbage")}) {
    EXPECT_EQ(outcome(*post(path, plain(), "x")), "404 102") << path;
  }
}

// Senders delete subscriptions on 404.
TEST_F(WebPushTest, AChangedUrlIsNotAnUnknownSubscription) {
  for (const std::string& path : {open + "%20", open + "%0A", open + "=", open + ".", open + ",",
                                  "/wpush/v1/%22" + open.substr(10), open + "%2F"}) {
    EXPECT_EQ(outcome(*post(path, plain(), "x")), "400 null") << path;
  }
}

// H20, H21
TEST_F(WebPushTest, AGoneSubscriptionIsGoneForADay) {
  world.subscriptions.clear();
  const auto client = post(open, plain(), "x");
  EXPECT_EQ(outcome(*client), "410 106");
  EXPECT_EQ(client->header("Cache-Control"), "max-age=86400");
  world.nodes_error = Error{ErrorKind::kUnavailable, "away"};
  EXPECT_EQ(outcome(*post(open, plain(), "x")), "503 201") << "never gone for what may pass";
}

// webpush-http.md §2.7
TEST_F(WebPushTest, TheFirstFaultWins) {
  world.subscriptions.clear();
  EXPECT_EQ(outcome(*post("/wpush/v1/garbage", {{"Authorization", "Basic x"}})), "404 102");
  EXPECT_EQ(outcome(*post(restricted, {}, std::string(5000, 'x'))), "401 109");
  EXPECT_EQ(outcome(*post(open, {}, std::string(5000, 'x'))), "410 106");
  world.subscriptions.insert(endpoint().app());
  EXPECT_EQ(outcome(*post(open, {}, std::string(5000, 'x'))), "413 104");
}

// H22, E8, unifiedpush.md T1 and U14
TEST_F(WebPushTest, AnswersOtherMethods) {
  const auto put = send(webpush, "PUT", open);
  EXPECT_EQ(outcome(*put), "405 null");
  EXPECT_EQ(put->header("Allow"), "GET, POST, OPTIONS");
  for (const std::string& path : {open, std::string("/wpush/v1/unknown")}) {
    const auto get = send(webpush, "GET", path);
    EXPECT_EQ(get->response->status, 200);
    EXPECT_EQ(get->response->body, R"({"unifiedpush":{"version":1}})");
    EXPECT_EQ(get->header("Access-Control-Allow-Origin"), "*");
  }
  const auto preflight =
      send(webpush, "OPTIONS", open, {{"Access-Control-Request-Headers", "authorization,content-encoding,ttl"}});
  EXPECT_EQ(preflight->response->status, 204);
  EXPECT_EQ(preflight->header("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(preflight->header("Access-Control-Allow-Methods"), "DELETE, GET, POST, PUT");
  EXPECT_EQ(preflight->header("Access-Control-Allow-Headers"), "authorization,content-encoding,ttl");
  const auto odd = send(webpush, "OPTIONS", open, {{"Access-Control-Request-Headers", "a\tb;c"}});
  EXPECT_EQ(odd->header("Access-Control-Allow-Headers"), "*");
}

TEST_F(WebPushTest, TakesNothingNewWhileDraining) {
  draining = true;
  const auto client = post(open, plain(), "x");
  EXPECT_EQ(outcome(*client), "503 201");
  EXPECT_EQ(client->header("Retry-After"), "5");
}

// E9
TEST_F(WebPushTest, RespondAsyncGivesAReceiptSubscription) {
  const auto client = post(open, plain({{"Prefer", "respond-async"}}), "x");
  ASSERT_EQ(client->response->status, 202);
  EXPECT_EQ(client->header("Preference-Applied"), "respond-async");
  const std::string link = client->header("Link");
  const std::string end = ">; rel=\"urn:ietf:params:push:receipt\"";
  ASSERT_TRUE(link.starts_with("<" + std::string(kOrigin) + "/r/") && link.ends_with(end)) << link;
  const std::string path = link.substr(1 + kOrigin.size(), link.size() - 1 - kOrigin.size() - end.size());
  EXPECT_EQ(*tokens.read_receipt(path), world.stored[0].receipt);
  EXPECT_NE(world.stored[0].receipt, ReceiptId{});
  path_of_location(*client);

  // The same again, by absolute and by relative reference.
  EXPECT_EQ(post(open, plain({{"Prefer", "respond-async"}, {"Link", link}}), "x")->response->status, 202);
  EXPECT_EQ(post(open, plain({{"Prefer", "respond-async"}, {"Link", "<" + path + end}}), "x")->response->status, 202);
  EXPECT_EQ(world.stored[1].receipt, world.stored[0].receipt);
  EXPECT_EQ(world.stored[2].receipt, world.stored[0].receipt);
  post(open, plain({{"Prefer", "respond-async"}}), "x");
  EXPECT_NE(world.stored[3].receipt, world.stored[0].receipt);
  const std::string spelled = "<HTTPS://Push.Example.Com:443" + path + end;
  EXPECT_EQ(post(open, plain({{"Prefer", "respond-async"}, {"Link", spelled}}), "x")->response->status, 202);
  EXPECT_EQ(world.stored[4].receipt, world.stored[0].receipt);
}

// H24
TEST_F(WebPushTest, RefusesAForeignReceiptSubscription) {
  ReceiptId unknown;
  unknown.bytes.fill(7);
  for (const std::string& target :
       {std::string("https://other.example/r/abc"), std::string("/r/garbage"), tokens.path_of(unknown), open}) {
    const std::string link = "<" + target + ">; rel=\"urn:ietf:params:push:receipt\"";
    EXPECT_EQ(outcome(*post(open, plain({{"Prefer", "respond-async"}, {"Link", link}}), "x")), "400 null") << target;
    EXPECT_EQ(outcome(*post(open, plain({{"Link", link}}), "x")), "201 -") << "not asked for";
  }
}

// H23
TEST_F(WebPushTest, LimitsTheRateOfASubscription) {
  limits.webpush_per_subscription_per_s = 1;
  rates = std::make_unique<RateLimits>(limits);
  PushContext strict = make_context();
  WebPushEndpoint slow{strict};
  for (int i = 0; i < 10; ++i) EXPECT_EQ(outcome(*send(slow, "POST", open, plain(), "x")), "201 -");
  const auto client = send(slow, "POST", open, plain(), "x");
  EXPECT_EQ(outcome(*client), "429 null");
  EXPECT_EQ(client->header("Retry-After"), "1");
  EXPECT_NE(client->response->body.find("to this subscription"), std::string::npos);
  auto other = endpoint();
  other.channel.bytes[0] ^= 1;
  world.subscriptions.insert(other.app());
  EXPECT_EQ(outcome(*send(slow, "POST", tokens.path_of(other), plain(), "x")), "201 -");
  clock.advance(std::chrono::seconds(1));
  EXPECT_EQ(outcome(*send(slow, "POST", open, plain(), "x")), "201 -");
}

TEST_F(WebPushTest, LenientTakesOldUnifiedPushSenders) {
  EXPECT_EQ(outcome(*post(open, {}, "hello")), "400 111");
  PushContext lenient = make_context();
  lenient.config.lenient = true;
  WebPushEndpoint mild{lenient};
  const auto client = send(mild, "POST", open, {}, "hello");
  EXPECT_EQ(outcome(*client), "201 -");
  EXPECT_EQ(client->header("TTL"), "0");
  EXPECT_FALSE(world.stored[0].transient);
}

}  // namespace
}  // namespace herald::roles::app_server
