#include "roles/app_server/receipt_streams.h"

#include <gmock/gmock.h>

#include "domain/message_id_source.h"
#include "roles/app_server/push_test_world.h"
#include "roles/app_server/webpush_receipt_endpoint.h"

namespace herald::roles::app_server {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// Takes a stream, as a connection would.
class StreamClient final : public transport::HttpResponder::Sink,
                           public transport::HttpStream::Sink,
                           public std::enable_shared_from_this<StreamClient> {
 public:
  void respond(std::uint64_t /*token*/, transport::HttpResponse given) override { response = std::move(given); }
  std::weak_ptr<transport::HttpStream::Sink> begin_stream(std::uint64_t /*token*/, transport::HttpResponse given,
                                                          transport::HttpStreamEvents told) override {
    response = std::move(given);
    events = std::move(told);
    is_open = true;
    return weak_from_this();
  }
  bool stream_open(std::uint64_t /*token*/) const override { return is_open; }
  bool stream_blocked(std::uint64_t /*token*/) const override { return is_open && is_blocked; }
  void send_part(std::uint64_t /*token*/, std::string_view bytes) override { received += bytes; }
  void end_stream(std::uint64_t /*token*/, bool whole) override {
    is_open = false;
    completed = whole;
  }
  [[nodiscard]] std::string header(std::string_view name) const {
    for (const auto& [key, value] : response->headers) {
      if (key == name) return value;
    }
    return "";
  }
  // The events since the last call: "delivered:1 expired:2 ", by the last byte of the message's id.
  std::string take() {
    std::string out;
    std::size_t at = 0;
    while ((at = received.find("event: ", at)) != std::string::npos) {
      const auto line = received.find('\n', at);
      out += received.substr(at + 7, line - at - 7) + ":" + names.at(field(R"("location":")", line)) + " ";
      at = line;
    }
    for (std::size_t id = 0; (id = received.find("id: ", id)) != std::string::npos; ++id) {
      last_id = received.substr(id + 4, received.find('\n', id) - id - 4);
    }
    received.clear();
    return out;
  }
  std::string field(std::string_view name, std::size_t from) const {
    const auto begin = received.find(name, from) + name.size();
    return received.substr(begin, received.find('"', begin) - begin);
  }

  std::optional<transport::HttpResponse> response;
  transport::HttpStreamEvents events;
  bool is_open = false;
  bool is_blocked = false;
  bool completed = false;
  std::string received;
  std::string last_id;
  std::map<std::string, std::string> names;  // by location
};

struct ReceiptStreamsTest : PushTest {
  WebPushReceiptEndpoint endpoint_{context};
  ReceiptId receipt;
  std::string path;
  std::map<std::string, std::string> names;

  ReceiptStreamsTest() {
    receipt.bytes.fill(7);
    path = tokens.path_of(receipt);
    for (std::uint8_t n = 1; n <= 3; ++n) add(n);
  }
  void add(std::uint8_t n) {
    ports::MessageStatus status;
    status.id = first_id_at(clock.wall());
    status.id.bytes[15] = n;
    status.app = endpoint().app();
    status.accepted_at = clock.wall();
    status.expires_at = clock.wall() + std::chrono::hours(1);
    world.receipts[receipt].push_back(status);
    names[std::string(kOrigin) + tokens.path_of(protocol::subscription::MessageName{status.app, status.id})] =
        std::to_string(n);
  }
  void finish(std::size_t at, DeliveryState state, std::uint64_t recipients = 1) {
    auto& status = world.receipts[receipt][at];
    status.state = state;
    status.recipients = recipients;
    status.ended_at = clock.wall();
  }
  std::shared_ptr<StreamClient> open(Headers headers = {{"Accept", "text/event-stream"}}, std::string_view at = "") {
    auto client = std::make_shared<StreamClient>();
    client->names = names;
    transport::HttpRequest request;
    request.method = "GET";
    request.path = at.empty() ? std::string_view(path) : at;
    request.target = request.path;
    for (const auto& [name, value] : headers) request.headers.emplace_back(name, value);
    request.peer = *transport::SocketAddress::parse("192.0.2.1:1234");
    endpoint_.on_request(request, transport::HttpResponder(client, 1));
    loop.run();
    return client;
  }
  std::shared_ptr<StreamClient> open_after(const std::string& id) {
    return open({{"Accept", "text/event-stream"}, {"Last-Event-ID", id}});
  }
  // The next timers, for as long as a look at the store takes to come.
  void look() {
    const auto until = clock.mono() + milliseconds(limits.receipt_check_ms);
    while (!timers.waiting.empty() && clock.mono() < until) {
      clock.advance(std::max(timers.waiting.front().first, milliseconds(1)));
      timers.run_next();
      loop.run();
    }
  }
};

TEST_F(ReceiptStreamsTest, TellsWhatIsKnownAndThenEachEnd) {
  finish(0, DeliveryState::kAcked);
  const auto client = open();
  ASSERT_TRUE(client->is_open);
  EXPECT_EQ(client->response->status, 200);
  EXPECT_EQ(client->header("Content-Type"), "text/event-stream");
  EXPECT_EQ(client->header("Cache-Control"), "no-store");
  EXPECT_THAT(client->received, StartsWith("id: "));
  EXPECT_THAT(client->received, HasSubstr(R"("state":"acked","status":204,)"));
  EXPECT_EQ(client->take(), "delivered:1 pending:2 pending:3 ");
  look();
  EXPECT_EQ(client->received, "");
  finish(2, DeliveryState::kReplaced);
  look();
  EXPECT_EQ(client->take(), "replaced:3 ");
  finish(1, DeliveryState::kAcked, 0);
  look();
  EXPECT_EQ(client->take(), "dropped:2 ") << "nobody acked what had no device";
  EXPECT_EQ(endpoint_.streams(), 1U);
}

TEST_F(ReceiptStreamsTest, GoesOnAfterTheLastEvent) {
  const auto first = open();
  finish(1, DeliveryState::kAcked);
  look();
  EXPECT_EQ(first->take(), "pending:1 pending:2 pending:3 delivered:2 ");
  first->events.ended();
  finish(0, DeliveryState::kExpired);
  const auto second = open_after(first->last_id);
  EXPECT_EQ(second->take(), "expired:1 ");
  const auto third = open_after(second->last_id);
  EXPECT_EQ(third->take(), "");
  EXPECT_EQ(open_after("nonsense")->response->status, 400);
}

TEST_F(ReceiptStreamsTest, OnlyWithThatAccept) {
  EXPECT_TRUE(open({{"Accept", "application/json, Text/Event-Stream;q=0.5"}})->is_open);
  EXPECT_EQ(open({{"Accept", "*/*"}})->header("Content-Type"), "application/json");
  EXPECT_EQ(open({})->header("Content-Type"), "application/json");
}

TEST_F(ReceiptStreamsTest, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(open({{"Accept", "text/event-stream"}}, "/r/garbage")->response->status, 404);
  EXPECT_EQ(open({{"Accept", "text/event-stream"}}, tokens.path_of(ReceiptId{}))->response->status, 404);
  draining = true;
  const auto client = open();
  EXPECT_EQ(client->response->status, 503);
  EXPECT_FALSE(client->header("Retry-After").empty());
  EXPECT_EQ(endpoint_.streams(), 0U);
}

TEST_F(ReceiptStreamsTest, SendsACommentWhenNothingHappens) {
  const auto client = open();
  client->take();
  const auto idle = milliseconds(limits.receipt_stream_keepalive_ms);
  const auto until = clock.mono() + (idle - milliseconds(1));
  while (clock.mono() < until) look();
  EXPECT_EQ(client->received, ":\n\n");
  look();
  EXPECT_EQ(client->received, ":\n\n");
}

TEST_F(ReceiptStreamsTest, SendsCommentsBetweenLooks) {
  context.config.limits.receipt_check_ms = 60'000;
  context.config.limits.receipt_stream_keepalive_ms = 25'000;
  const auto client = open();
  client->take();
  EXPECT_EQ(timers.waiting.front().first, milliseconds(25'000));
  clock.advance(milliseconds(25'000));
  EXPECT_EQ(timers.run_next(), milliseconds(25'000));
  EXPECT_TRUE(loop.idle()) << "not yet time to look";
  EXPECT_EQ(client->received, ":\n\n");
  clock.advance(milliseconds(25'000));
  timers.run_next();
  EXPECT_EQ(timers.waiting.front().first, milliseconds(10'000));
  clock.advance(milliseconds(10'000));
  timers.run_next();
  EXPECT_FALSE(loop.idle());
  loop.run();
}

TEST_F(ReceiptStreamsTest, BoundsHowManyEndsOneAwaits) {
  context.config.limits.receipt_stream_waiting_max = 3;
  add(4);
  finish(3, DeliveryState::kAcked);
  const auto client = open();
  EXPECT_EQ(client->take(), "pending:1 pending:2 pending:3 delivered:4 ") << "at the limit";
  add(5);
  add(6);
  finish(5, DeliveryState::kAcked);
  client->names = names;
  look();
  EXPECT_EQ(client->take(), "") << "one past it";
  finish(0, DeliveryState::kAcked);
  look();
  EXPECT_EQ(client->take(), "delivered:1 delivered:6 ");
}

struct BoundedStreamsTest : ReceiptStreamsTest {
  // An endpoint under the limits as they are now.
  void bound() {
    streams = std::make_unique<ReceiptStreamSlots>(limits);
    bounded_context.emplace(make_context());
    bounded.emplace(*bounded_context);
  }
  std::shared_ptr<StreamClient> get_from(const char* address) {
    auto client = std::make_shared<StreamClient>();
    transport::HttpRequest request;
    request.method = "GET";
    request.path = request.target = path;
    request.headers = {{"Accept", "text/event-stream"}};
    request.peer = *transport::SocketAddress::parse(address);
    bounded->on_request(request, transport::HttpResponder(client, 1));
    loop.run();
    return client;
  }

  std::optional<PushContext> bounded_context;
  std::optional<WebPushReceiptEndpoint> bounded;
};

TEST_F(BoundedStreamsTest, InTheProcess) {
  limits.receipt_streams_per_process = 2;
  bound();
  const auto two = streams->take("192.0.2.9", ReceiptId{});
  const auto at_the_limit = get_from("192.0.2.1:1234");
  EXPECT_TRUE(at_the_limit->is_open);
  const auto past_it = get_from("192.0.2.1:1234");
  EXPECT_EQ(past_it->response->status, 503);
  EXPECT_EQ(past_it->header("Retry-After"), "30");
  at_the_limit->events.ended();
  EXPECT_TRUE(get_from("192.0.2.1:1234")->is_open);
}

TEST_F(BoundedStreamsTest, OfOneAddressWithoutHarmToOthers) {
  limits.receipt_streams_per_address = 2;
  bound();
  const auto first = get_from("192.0.2.1:1");
  EXPECT_TRUE(get_from("192.0.2.1:2")->is_open);
  const auto past_it = get_from("192.0.2.1:3");
  EXPECT_EQ(past_it->response->status, 429);
  EXPECT_EQ(past_it->header("Retry-After"), "30");
  EXPECT_NE(past_it->response->body.find("receipt_streams_per_address"), std::string::npos);
  EXPECT_TRUE(get_from("192.0.2.2:1")->is_open);
  EXPECT_TRUE(get_from("[2001:db8:0:1::1]:1")->is_open);
  EXPECT_TRUE(get_from("[2001:db8:0:1::2]:1")->is_open);
  EXPECT_EQ(get_from("[2001:db8:0:1::3]:1")->response->status, 429) << "the same IPv6 network";
  first->events.ended();
  EXPECT_TRUE(get_from("192.0.2.1:3")->is_open);
}

TEST_F(BoundedStreamsTest, OfOneReceipt) {
  limits.receipt_streams_per_receipt = 2;
  bound();
  const auto first = get_from("192.0.2.1:1");
  EXPECT_TRUE(get_from("192.0.2.2:1")->is_open);
  const auto past_it = get_from("192.0.2.3:1");
  EXPECT_EQ(past_it->response->status, 429);
  EXPECT_NE(past_it->response->body.find("receipt_streams_per_receipt"), std::string::npos);
  first->events.ended();
  EXPECT_TRUE(get_from("192.0.2.3:1")->is_open);
}

TEST_F(ReceiptStreamsTest, ARefusedStreamLeavesNoSlotTaken) {
  limits.receipt_streams_per_process = 1;
  streams = std::make_unique<ReceiptStreamSlots>(limits);
  PushContext narrow = make_context();
  ReceiptStreams one(narrow);
  transport::HttpRequest request;
  auto client = std::make_shared<StreamClient>();
  one.begin(ReceiptId{}, request, transport::HttpResponder(client, 1));
  loop.run();
  EXPECT_EQ(client->response->status, 404);
  EXPECT_TRUE(streams->take("", ReceiptId{}));
}

TEST_F(ReceiptStreamsTest, DeleteEndsIt) {
  const auto client = open();
  EXPECT_EQ(outcome(*send(endpoint_, "DELETE", path)), "204 -");
  clock.advance(std::chrono::minutes(1));
  look();
  EXPECT_FALSE(client->is_open);
  EXPECT_TRUE(client->completed);
  EXPECT_EQ(endpoint_.streams(), 0U);
  look();
  EXPECT_TRUE(timers.waiting.empty());
}

TEST_F(ReceiptStreamsTest, StopsLookingWhenThePeerHasGone) {
  const auto client = open();
  client->is_open = false;
  client->events.ended();
  EXPECT_EQ(endpoint_.streams(), 0U);
  look();
  EXPECT_TRUE(timers.waiting.empty());
  EXPECT_TRUE(loop.idle());
}

TEST_F(ReceiptStreamsTest, APeerThatIsBehindIsNotReadForUntilItHasCaughtUp) {
  for (std::uint8_t n = 4; n <= 250; ++n) add(n);
  auto client = std::make_shared<StreamClient>();
  client->names = names;
  client->is_blocked = true;
  transport::HttpRequest request;
  ReceiptStreams slow(context);
  slow.begin(receipt, request, transport::HttpResponder(client, 1));
  loop.run();
  EXPECT_EQ(std::ranges::count(client->take(), ' '), static_cast<long>(ReceiptProgress::kFrontRows));
  EXPECT_TRUE(timers.waiting.empty());
  client->is_blocked = false;
  client->events.drained();
  loop.run();
  EXPECT_THAT(client->take(), HasSubstr("pending:250 "));
}

TEST_F(ReceiptStreamsTest, WhoReadsNoCommentsIsSentNoMore) {
  const auto client = open();
  client->take();
  client->is_blocked = true;
  finish(0, DeliveryState::kAcked);
  for (int i = 0; i < 3; ++i) look();
  EXPECT_EQ(client->received, "");
  EXPECT_TRUE(timers.waiting.empty());
  client->is_blocked = false;
  client->events.drained();
  loop.run();
  EXPECT_EQ(client->take(), "delivered:1 ");
}

}  // namespace
}  // namespace herald::roles::app_server
