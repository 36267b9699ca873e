#include "roles/app_server/webpush_receipt_endpoint.h"

#include "roles/app_server/push_test_world.h"

namespace herald::roles::app_server {
namespace {

namespace subscription = protocol::subscription;

struct WebPushReceiptTest : PushTest {
  WebPushReceiptEndpoint receipts{context};
  ReceiptId receipt;
  std::string path;

  WebPushReceiptTest() {
    receipt.bytes.fill(7);
    path = tokens.path_of(receipt);
    for (std::uint8_t n = 1; n <= 3; ++n) add(n);
  }
  ports::MessageStatus& add(std::uint8_t n) {
    ports::MessageStatus status;
    status.id.bytes[15] = n;
    status.app = endpoint().app();
    status.accepted_at = clock.wall();
    status.expires_at = clock.wall() + std::chrono::hours(1);
    return world.receipts[receipt].emplace_back(status);
  }
  void finish(std::size_t at, DeliveryState state, std::uint64_t recipients = 1) {
    auto& status = world.receipts[receipt][at];
    status.state = state;
    status.recipients = recipients;
    status.ended_at = clock.wall();
  }
  std::shared_ptr<TestClient> get(std::string_view query = "", Headers headers = {}) {
    return send(receipts, "GET", path + std::string(query), headers);
  }
  static std::string states(const TestClient& client) {
    std::string out;
    const auto document = protocol::JsonDocument::parse(client.response->body, 8);
    for (const auto& row : document->root().get("messages")->elements()) {
      out += std::string(*row.get("state")->string()) + ":" + std::string(row.get("status")->raw()) + " ";
    }
    return out;
  }
};

TEST_F(WebPushReceiptTest, TellsWhatBecameOfEachMessage) {
  finish(0, DeliveryState::kAcked);
  finish(1, DeliveryState::kReplaced);
  const auto client = get();
  ASSERT_EQ(client->response->status, 200);
  EXPECT_EQ(states(*client), "acked:204 replaced:410 pending:null ");
  EXPECT_EQ(client->header("Cache-Control"), "no-store");
  EXPECT_FALSE(client->header("ETag").empty());
  const auto document = protocol::JsonDocument::parse(client->response->body, 8);
  const auto first = document->root().get("messages")->elements()[0];
  EXPECT_EQ(first.get("location")->string(),
            std::string(kOrigin) +
                tokens.path_of(subscription::MessageName{endpoint().app(), world.receipts[receipt][0].id}));
}

TEST_F(WebPushReceiptTest, NobodyAckedWhatHadNoDevice) {
  finish(0, DeliveryState::kAcked, 0);
  EXPECT_EQ(states(*get("?limit=1")), "dropped:410 ");
}

TEST_F(WebPushReceiptTest, Pages) {
  const auto first = get("?limit=2");
  const auto document = protocol::JsonDocument::parse(first->response->body, 8);
  const std::string next(*document->root().get("next")->string());
  ASSERT_TRUE(next.starts_with(std::string(kOrigin) + path + "?limit=2&after=")) << next;
  const auto second = get(next.substr(kOrigin.size() + path.size()));
  EXPECT_EQ(states(*second), "pending:null ");
  EXPECT_EQ(second->response->body.find("next"), std::string::npos);
}

TEST_F(WebPushReceiptTest, RefusesWhatItDoesNotKnow) {
  ReceiptId unknown;
  EXPECT_EQ(outcome(*send(receipts, "GET", tokens.path_of(unknown))), "404 102");
  EXPECT_EQ(outcome(*send(receipts, "GET", "/r/garbage")), "404 102");
  EXPECT_EQ(outcome(*send(receipts, "DELETE", "/r/garbage")), "404 102");
  EXPECT_EQ(outcome(*send(receipts, "GET", path + "%0A")), "400 null");
  EXPECT_EQ(outcome(*send(receipts, "DELETE", path + "%20")), "400 null");
  EXPECT_EQ(outcome(*get("?limit=0")), "400 null");
  EXPECT_EQ(outcome(*get("?limit=x")), "400 null");
  EXPECT_EQ(outcome(*get("?after=x")), "400 null");
  const auto post = send(receipts, "POST", path);
  EXPECT_EQ(post->response->status, 405);
  EXPECT_EQ(post->header("Allow"), "GET, DELETE, OPTIONS");
}

TEST_F(WebPushReceiptTest, WaitsForAChange) {
  const std::string etag = get()->header("ETag");
  const auto client = get("", {{"If-None-Match", etag}});
  EXPECT_FALSE(client->response);
  EXPECT_EQ(receipts.waiting(), 1U);
  ASSERT_EQ(timers.waiting.size(), 1U);
  EXPECT_EQ(timers.run_next(), std::chrono::milliseconds(limits.receipt_check_ms));
  loop.run();
  EXPECT_FALSE(client->response) << "nothing has changed yet";
  finish(0, DeliveryState::kAcked);
  timers.run_next();
  loop.run();
  ASSERT_TRUE(client->response);
  EXPECT_EQ(client->response->status, 200);
  EXPECT_NE(client->header("ETag"), etag);
  EXPECT_EQ(receipts.waiting(), 0U);
  EXPECT_TRUE(timers.waiting.empty());
}

TEST_F(WebPushReceiptTest, SaysThatNothingChangedInTime) {
  const std::string etag = get()->header("ETag");
  const auto client = get("", {{"If-None-Match", etag}});
  clock.advance(std::chrono::milliseconds(limits.receipt_wait_ms));
  timers.run_next();
  loop.run();
  ASSERT_TRUE(client->response);
  EXPECT_EQ(client->response->status, 304);
  EXPECT_EQ(client->header("ETag"), etag);
}

TEST_F(WebPushReceiptTest, WaitsNoLongerThanAsked) {
  const std::string etag = get()->header("ETag");
  EXPECT_EQ(get("", {{"If-None-Match", etag}, {"Prefer", "wait=0"}})->response->status, 304);
  const auto client = get("", {{"If-None-Match", etag}, {"Prefer", "respond-async, wait=2"}});
  clock.advance(std::chrono::milliseconds(1'900));
  EXPECT_LE(timers.run_next(), std::chrono::milliseconds(500));
  loop.run();
  EXPECT_FALSE(client->response);
  EXPECT_EQ(timers.run_next(), std::chrono::milliseconds(100));
  EXPECT_FALSE(client->response);
  clock.advance(std::chrono::milliseconds(100));
  loop.run();
  EXPECT_TRUE(client->response);
}

TEST_F(WebPushReceiptTest, AnIntermediaryMayWeakenOrListTheTag) {
  const std::string etag = get()->header("ETag");
  const std::string opaque = etag.substr(1, etag.size() - 2);
  for (const std::string& value : {"W/" + etag, "\"other\", " + etag, std::string("*"), "W/\"" + opaque + "-gzip\""}) {
    const auto client = get("", {{"If-None-Match", value}, {"Prefer", "wait=0"}});
    EXPECT_EQ(client->response->status, 304) << value;
    EXPECT_EQ(client->header("ETag"), etag);
    EXPECT_EQ(client->header("Cache-Control"), "no-store");
    EXPECT_EQ(client->header("Vary"), "Accept");
  }
  EXPECT_FALSE(get("", {{"If-None-Match", "W/" + etag}})->response) << "it waits";
  EXPECT_EQ(get("", {{"If-None-Match", opaque}})->response->status, 200) << "not an entity tag";
}

TEST_F(WebPushReceiptTest, BoundsHowManyWait) {
  context.config.limits.receipt_waiters_max = 1;
  const std::string etag = get()->header("ETag");
  EXPECT_FALSE(get("", {{"If-None-Match", etag}})->response);
  EXPECT_EQ(get("", {{"If-None-Match", etag}})->response->status, 304);
}

TEST_F(WebPushReceiptTest, BoundsHowManyWaitOfOneAddress) {
  ReceiptStreamSlots places(limits);
  std::vector<ReceiptStreamSlots::Slot> held;
  for (std::uint64_t n = 0; n < limits.receipt_waiters_per_address; ++n) {
    auto place = places.wait("192.0.2.1");
    ASSERT_TRUE(place) << n;
    held.push_back(std::move(*place));
  }
  EXPECT_FALSE(places.wait("192.0.2.1")) << "one past it";
  EXPECT_TRUE(places.wait("192.0.2.2"));
  held.pop_back();
  EXPECT_TRUE(places.wait("192.0.2.1"));
}

TEST_F(WebPushReceiptTest, AnswersAtOnceWhoeverMayNotWait) {
  limits.receipt_waiters_per_address = 1;
  streams = std::make_unique<ReceiptStreamSlots>(limits);
  PushContext narrow = make_context();
  WebPushReceiptEndpoint other(narrow);
  const std::string etag = send(other, "GET", path)->header("ETag");
  EXPECT_FALSE(send(other, "GET", path, {{"If-None-Match", etag}})->response) << "it waits";
  EXPECT_EQ(send(other, "GET", path, {{"If-None-Match", etag}})->response->status, 304);
}

TEST_F(WebPushReceiptTest, DeleteEndsIt) {
  for (int n = 0; n < 1'500; ++n) add(9);
  EXPECT_EQ(outcome(*send(receipts, "DELETE", path)), "204 -");
  EXPECT_EQ(outcome(*get()), "404 102");
  EXPECT_EQ(outcome(*send(receipts, "DELETE", path)), "204 -") << "again";
}

}  // namespace
}  // namespace herald::roles::app_server
