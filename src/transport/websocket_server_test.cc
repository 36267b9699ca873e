// WebSocket on the server's side, over loopback.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <functional>
#include <optional>

#include "transport/server_fixture_test.h"
#include "transport/websocket_frame.h"

namespace herald::transport {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* kKey = "dGhlIHNhbXBsZSBub25jZQ==";  // RFC 6455 §1.3
constexpr WebSocketMask kMask = {1, 2, 3, 4};

std::string upgrade_request(std::string_view extra = "") {
  return "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " +
         std::string(kKey) + "\r\n" + std::string(extra) + "\r\n";
}

std::string frame(WebSocketOpcode opcode, std::string_view payload, bool last = true) {
  std::string out;
  append_frame(out, opcode, payload, kMask, last);
  return out;
}

std::string text(std::string_view payload) {
  return frame(WebSocketOpcode::kText, payload);
}

std::string close_frame(CloseCode code) {
  std::string out;
  append_close(out, code, {}, kMask);
  return out;
}

// What the server sends, as a client would see it on the wire.
std::string bare(WebSocketOpcode opcode, std::string_view payload) {
  std::string out;
  append_frame(out, opcode, payload);
  return out;
}

std::string bare_close(CloseCode code, std::string_view reason = {}) {
  std::string out;
  append_close(out, code, reason);
  return out;
}

// What happened to one handler; outlives it.
struct Journal {
  std::vector<std::string> events;
  WebSocket* socket = nullptr;
  bool destroyed = false;
  std::function<void(WebSocket&)> when_open = [](WebSocket&) {};
  std::function<void(WebSocket&, std::string_view)> when_text = [](WebSocket& to, std::string_view what) {
    to.send_text(what);
  };
};

class JournalHandler final : public WebSocketHandler {
 public:
  explicit JournalHandler(Journal& journal) : journal_(journal) {}
  ~JournalHandler() override { journal_.destroyed = true; }
  void on_open(WebSocket& socket) override {
    journal_.socket = &socket;
    journal_.events.emplace_back("open");
    journal_.when_open(socket);
  }
  void on_text(std::string_view what) override {
    journal_.events.push_back("text " + std::string(what.substr(0, 20)));
    journal_.when_text(*journal_.socket, what);
  }
  void on_binary(std::string_view bytes) override {
    journal_.events.push_back("binary " + std::to_string(bytes.size()));
  }
  void on_drained() override { journal_.events.emplace_back("drained"); }
  void on_close(CloseCode code) override {
    journal_.socket->send_text("too late");
    journal_.socket->close(CloseCode::kNormal);
    journal_.events.push_back("close " + std::to_string(static_cast<int>(code)));
  }

 private:
  Journal& journal_;
};

class WebSocketServerTest : public ServerFixture, public WebSocketAcceptor {
 protected:
  WebSocketServerTest() { acceptor = this; }
  // Handlers are told of the end, and write it down.
  ~WebSocketServerTest() override { destroy_server(); }

  std::variant<WebSocketAccept, HttpResponse> on_upgrade(const HttpRequest& request) override {
    if (request.path == "/forbidden") return text_response(403, "no\n");
    journals.push_back(std::make_unique<Journal>(plan));
    return WebSocketAccept{offers_subprotocol(request, "push-notification") ? "push-notification" : "",
                           std::make_unique<JournalHandler>(*journals.back()), message_max_bytes};
  }

  std::unique_ptr<TestSocket> connect() {
    auto out = std::make_unique<TestSocket>(address());
    exchange(*out, upgrade_request(), "\r\n\r\n");
    return out;
  }

  Journal& journal() { return *journals.back(); }

  Journal plan;
  std::vector<std::unique_ptr<Journal>> journals;
  std::size_t message_max_bytes = 0;
};

TEST_F(WebSocketServerTest, Upgrades) {
  TestSocket client(address());
  const std::string answer =
      exchange(client, upgrade_request("Sec-WebSocket-Protocol: other, push-notification\r\n"), "\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 101 Switching Protocols\r\n"));
  EXPECT_THAT(answer, HasSubstr("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
  EXPECT_THAT(answer, HasSubstr("Sec-WebSocket-Protocol: push-notification\r\n"));
  EXPECT_THAT(answer, HasSubstr("Upgrade: websocket\r\n"));
  EXPECT_THAT(answer, HasSubstr("Connection: Upgrade\r\n"));
  EXPECT_THAT(journal().events, ElementsAre("open"));
  EXPECT_EQ(counted("herald_connections", "websocket false"), 1U);
  EXPECT_EQ(counted("herald_connections", "http false"), 0U);
}

TEST_F(WebSocketServerTest, SelectsNoSubprotocolThatWasNotAccepted) {
  TestSocket client(address());
  EXPECT_THAT(exchange(client, upgrade_request("Sec-WebSocket-Protocol: other\r\n"), "\r\n\r\n"),
              Not(HasSubstr("Sec-WebSocket-Protocol")));
}

TEST_F(WebSocketServerTest, RefusesAWrongHandshake) {
  const auto refused = [&](std::string request, std::string_view from, std::string_view to) {
    const auto at = request.find(from);
    EXPECT_NE(at, std::string::npos);
    request.replace(at, from.size(), to);
    TestSocket client(address());
    client.send(request);
    return read_to_end(client);
  };
  const std::string good = upgrade_request();
  EXPECT_THAT(refused(good, "Version: 13", "Version: 8"), StartsWith("HTTP/1.1 426 "));
  EXPECT_THAT(refused(good, "Version: 13", "Version: 8"), HasSubstr("Sec-WebSocket-Version: 13\r\n"));
  EXPECT_THAT(refused(good, "Sec-WebSocket-Version: 13\r\n", ""), StartsWith("HTTP/1.1 426 "));
  EXPECT_THAT(refused(good, kKey, "c2hvcnQ="), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(refused(good, kKey, "!!!!IHNhbXBsZSBub25jZQ=="), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(refused(good, "Sec-WebSocket-Key", "X-Key"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(refused(good, "keep-alive, Upgrade", "keep-alive"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(refused(good, "HTTP/1.1", "HTTP/1.0"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(refused(good, "Host: h\r\n", ""), StartsWith("HTTP/1.1 400 "));
  EXPECT_TRUE(journals.empty());
}

TEST_F(WebSocketServerTest, OtherRequestsStayHttp) {
  TestSocket client(address());
  std::string request = upgrade_request();
  request.replace(request.find("WebSocket"), 9, "h2c");
  EXPECT_THAT(exchange(client, request, "\r\n\r\n/"), StartsWith("HTTP/1.1 200 "));
  request = upgrade_request();
  request.replace(0, 3, "HEAD");
  EXPECT_THAT(exchange(client, request, "\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(WebSocketServerTest, TheAcceptorMayAnswerAsHttp) {
  TestSocket client(address());
  std::string request = upgrade_request();
  request.replace(0, 5, "GET /forbidden");
  EXPECT_THAT(exchange(client, request, "no\n"), StartsWith("HTTP/1.1 403 "));
  EXPECT_THAT(exchange(client, upgrade_request(), "\r\n\r\n"), StartsWith("HTTP/1.1 101 "));
}

TEST_F(WebSocketServerTest, EchoesMessages) {
  const auto client = connect();
  EXPECT_EQ(exchange(*client, text("hello"), "hello"), bare(WebSocketOpcode::kText, "hello"));
  const std::string large(20000, 'x');
  const std::string expected = bare(WebSocketOpcode::kText, large);
  EXPECT_EQ(exchange(*client, text(large), expected), expected);
  client->send(frame(WebSocketOpcode::kBinary, "bin"));
  settle();
  EXPECT_THAT(journal().events, ElementsAre("open", "text hello", "text xxxxxxxxxxxxxxxxxxxx", "binary 3"));
}

TEST_F(WebSocketServerTest, TakesMessagesThatComeWithTheRequest) {
  TestSocket client(address());
  const std::string answer = exchange(client, upgrade_request() + text("early") + text("bird"), "bird");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 101 "));
  EXPECT_THAT(answer, EndsWith(bare(WebSocketOpcode::kText, "early") + bare(WebSocketOpcode::kText, "bird")));
}

TEST_F(WebSocketServerTest, TakesMessagesByteByByteAndInFragments) {
  const auto client = connect();
  const std::string all = frame(WebSocketOpcode::kText, "one ", false) + frame(WebSocketOpcode::kPing, "p") +
                          frame(WebSocketOpcode::kContinuation, "two");
  for (const char c : all) {
    client->send({&c, 1});
    loop.run_once(0ms);
  }
  EXPECT_EQ(exchange(*client, "", "two"), bare(WebSocketOpcode::kPong, "p") + bare(WebSocketOpcode::kText, "one two"));
}

TEST_F(WebSocketServerTest, AnswersThePeersClose) {
  const auto client = connect();
  client->send(text("last") + close_frame(CloseCode::kGoingAway) + text("after"));
  EXPECT_EQ(read_to_end(*client), bare(WebSocketOpcode::kText, "last") + bare_close(CloseCode::kGoingAway));
  client->finish();
  run_until([&] { return journal().destroyed; });
  EXPECT_THAT(journal().events, ElementsAre("open", "text last", "close 1001"));
  EXPECT_EQ(server().open_connections(), 0U);
  EXPECT_EQ(counted("herald_connections", "websocket false"), 0U);
}

TEST_F(WebSocketServerTest, ACloseWithoutCodeIsAnsweredWithout) {
  const auto client = connect();
  client->send(close_frame(CloseCode::kNoStatus));
  EXPECT_EQ(read_to_end(*client), bare_close(CloseCode::kNoStatus));
  client->finish();
  run_until([&] { return journal().destroyed; });
  EXPECT_THAT(journal().events, ElementsAre("open", "close 1005"));
}

TEST_F(WebSocketServerTest, ClosesAfterWhatIsQueuedAndHearsNoMore) {
  const auto client = connect();
  journal().socket->send_text("before");
  journal().socket->close(CloseCode::kPolicyViolation, "because");
  journal().socket->send_text("not sent");
  journal().socket->close(CloseCode::kNormal);
  const std::string expected =
      bare(WebSocketOpcode::kText, "before") + bare_close(CloseCode::kPolicyViolation, "because");
  EXPECT_EQ(exchange(*client, text("ignored") + frame(WebSocketOpcode::kPing, "ignored"), "because"), expected);
  client->send(close_frame(CloseCode::kPolicyViolation));
  EXPECT_EQ(read_to_end(*client), "");
  client->finish();
  run_until([&] { return journal().destroyed; });
  EXPECT_THAT(journal().events, ElementsAre("open", "close 1008"));
}

TEST_F(WebSocketServerTest, EndsTcpItselfIfThePeerNeverAnswersAClose) {
  const auto client = connect();
  journal().socket->close(CloseCode::kNormal);
  EXPECT_EQ(exchange(*client, "", bare_close(CloseCode::kNormal)), bare_close(CloseCode::kNormal));
  advance(limits.close_timeout_ms * 1ms - 100ms);
  client->send(text("still here"));
  settle();
  EXPECT_FALSE(journal().destroyed);
  advance(200ms);
  EXPECT_TRUE(journal().destroyed);
  read_to_end(*client);
  EXPECT_THAT(journal().events, ElementsAre("open", "close 1006"));
}

TEST_F(WebSocketServerTest, AHandlerMayCloseAtOnce) {
  plan.when_open = [](WebSocket& socket) {
    socket.send_text("bye");
    socket.close(CloseCode::kNormal);
  };
  TestSocket client(address());
  const std::string answer = exchange(client, upgrade_request() + text("x"), bare_close(CloseCode::kNormal));
  EXPECT_THAT(answer, EndsWith(bare(WebSocketOpcode::kText, "bye") + bare_close(CloseCode::kNormal)));
  EXPECT_THAT(journal().events, ElementsAre("open"));
}

TEST_F(WebSocketServerTest, AHandlerMayCloseInsideAMessage) {
  plan.when_text = [](WebSocket& socket, std::string_view) { socket.close(CloseCode::kUnsupportedData); };
  const auto client = connect();
  EXPECT_EQ(exchange(*client, text("one") + text("two"), bare_close(CloseCode::kUnsupportedData)),
            bare_close(CloseCode::kUnsupportedData));
  EXPECT_THAT(journal().events, ElementsAre("open", "text one"));
}

TEST_F(WebSocketServerTest, AnswersABrokenRuleWithItsCode) {
  const auto code_for = [&](std::string_view bytes) {
    const auto client = connect();
    client->send(bytes);
    const std::string answer = read_to_end(*client);
    client->finish();
    run_until([&] { return journal().destroyed; });
    EXPECT_THAT(journal().events, ElementsAre("open", "close 1006"));
    return answer.size() < 4 ? 0 : static_cast<unsigned char>(answer[2]) * 256 + static_cast<unsigned char>(answer[3]);
  };
  EXPECT_EQ(code_for(bare(WebSocketOpcode::kText, "unmasked")), 1002);
  EXPECT_EQ(code_for(text("\xff")), 1007);
  EXPECT_EQ(code_for(text(std::string(limits.websocket_message_max_bytes + 1, 'x'))), 1009);
  EXPECT_EQ(counted("herald_refusals_total", "bad_frame"), 3U);
}

TEST_F(WebSocketServerTest, AnAcceptorMayAllowLongerMessages) {
  message_max_bytes = limits.websocket_message_max_bytes + 1;
  const auto client = connect();
  journal().when_text = [](WebSocket& /*to*/, std::string_view /*what*/) {};
  client->send(text(std::string(message_max_bytes, 'x')));
  run_until([&] { return journal().events.size() == 2; });
  client->send(text(std::string(message_max_bytes + 1, 'x')));
  const std::string answer = read_to_end(*client);
  ASSERT_GE(answer.size(), 4u);
  EXPECT_EQ(static_cast<unsigned char>(answer[2]) * 256 + static_cast<unsigned char>(answer[3]), 1009);
}

TEST_F(WebSocketServerTest, APeerThatVanishesIsAnAbnormalClose) {
  auto client = connect();
  client.reset();
  run_until([&] { return journal().destroyed; });
  EXPECT_THAT(journal().events, ElementsAre("open", "close 1006"));
}

TEST_F(WebSocketServerTest, APeerThatSaysNothingIsClosed) {
  const auto client = connect();
  advance(limits.handshake_timeout_ms * 1ms - 100ms);
  client->send(frame(WebSocketOpcode::kPing, ""));
  EXPECT_EQ(exchange(*client, "", bare(WebSocketOpcode::kPong, "")), bare(WebSocketOpcode::kPong, ""));
  advance(200ms);
  const std::string expected = bare_close(CloseCode::kInternalError, "HandshakeTimeout");
  EXPECT_EQ(exchange(*client, "", expected), expected);
}

TEST_F(WebSocketServerTest, ASilentPeerIsPingedAndThenClosed) {
  const auto client = connect();
  exchange(*client, text("hi"), "hi");
  advance(limits.websocket_ping_interval_ms * 15ms / 16 - 100ms);
  client->poll();
  EXPECT_EQ(client->received, "");
  advance(limits.websocket_ping_interval_ms * 1ms / 16 + 200ms);
  EXPECT_EQ(exchange(*client, "", bare(WebSocketOpcode::kPing, "")), bare(WebSocketOpcode::kPing, ""));
  advance(limits.websocket_pong_timeout_ms * 1ms - 100ms);
  client->poll();
  EXPECT_EQ(client->received, "");
  advance(200ms);
  const std::string expected = bare_close(CloseCode::kInternalError, "PongTimeout");
  EXPECT_EQ(exchange(*client, "", expected), expected);
}

TEST_F(WebSocketServerTest, APongKeepsTheConnection) {
  const auto client = connect();
  exchange(*client, text("hi"), "hi");
  for (int i = 0; i < 3; ++i) {
    advance(limits.websocket_ping_interval_ms * 1ms + 100ms);
    EXPECT_EQ(exchange(*client, "", bare(WebSocketOpcode::kPing, "")), bare(WebSocketOpcode::kPing, ""));
    advance(limits.websocket_pong_timeout_ms * 1ms - 1000ms);
    client->send(frame(WebSocketOpcode::kPong, ""));
    settle();
  }
  EXPECT_FALSE(journal().destroyed);
  EXPECT_EQ(exchange(*client, text("still"), "still"), bare(WebSocketOpcode::kText, "still"));
}

TEST_F(WebSocketServerTest, ABusyPeerIsNotPinged) {
  const auto client = connect();
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(exchange(*client, text("hi"), "hi"), bare(WebSocketOpcode::kText, "hi"));
    advance(limits.websocket_ping_interval_ms * 3ms / 4);
  }
}

TEST_F(WebSocketServerTest, APeerThatFallsTooFarBehindIsCut) {
  limits.send_buffer_max_bytes = 65536;
  const auto client = connect();
  const std::string block(16384, 'x');
  int sent = 0;
  while (!journal().destroyed && sent < 10000) {
    journal().socket->send_text(block);
    EXPECT_LE(journal().socket->unsent_bytes(), limits.send_buffer_max_bytes + block.size());
    loop.run_once(0ms);
    ++sent;
  }
  EXPECT_LT(sent, 10000);
  EXPECT_THAT(journal().events, ElementsAre("open", "close 1006"));
  EXPECT_EQ(counted("herald_refusals_total", "slow_reader"), 1U);
}

TEST_F(WebSocketServerTest, APeerThatDoesNotReadIsNotListenedTo) {
  const auto client = connect();
  const std::string block(16384, 'x');
  std::size_t sent = 0;
  // Far more than the client's kernel still takes with its next acknowledgement.
  while (journal().socket->unsent_bytes() < limits.send_buffer_max_bytes / 2) {
    journal().socket->send_text(block);
    loop.run_once(0ms);
    ++sent;
  }
  const auto before = journal().events;
  client->send(text("asks for more"));
  settle();
  EXPECT_EQ(journal().events, before);
  run_until([&] {
    client->poll();
    return journal().events.back() == "text asks for more";
  });
  EXPECT_GE(client->received.size(), sent * block.size()) << "it is heard once it has read";
}

TEST_F(WebSocketServerTest, TellsWhenWhatWaitedHasBeenSent) {
  const auto client = connect();
  const std::string block(16384, 'x');
  std::size_t sent = 0;
  while (journal().socket->unsent_bytes() == 0) {
    journal().socket->send_text(block);
    ++sent;
  }
  run_until([&] {
    client->poll();
    return journal().events.back() == "drained";
  });
  EXPECT_EQ(journal().socket->unsent_bytes(), 0U);
  run_until([&] {
    client->poll();
    return client->received.size() == sent * bare(WebSocketOpcode::kText, block).size();
  });
}

TEST_F(WebSocketServerTest, ClosesWebSocketsAFewAtATime) {
  std::vector<std::unique_ptr<TestSocket>> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(connect());
  TestSocket http(address());
  exchange(http, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n", "/a");
  EXPECT_EQ(server().close_websockets(2), 3U);
  EXPECT_EQ(server().close_websockets(2), 1U);
  EXPECT_EQ(server().close_websockets(2), 0U);
  for (const auto& client : clients) {
    EXPECT_EQ(exchange(*client, "", bare_close(CloseCode::kGoingAway)), bare_close(CloseCode::kGoingAway));
  }
}

TEST_F(WebSocketServerTest, AbortingTellsEachHandlerOnce) {
  const auto one = connect();
  const auto two = connect();
  server().abort_all();
  EXPECT_THAT(journals[0]->events, ElementsAre("open"));
  settle();
  for (const auto& each : journals) {
    EXPECT_THAT(each->events, ElementsAre("open", "close 1006"));
    EXPECT_TRUE(each->destroyed);
  }
}

TEST_F(WebSocketServerTest, AServerThatIsDestroyedTellsItsHandlers) {
  Journal journal;
  NullLog log;
  NullMetrics metrics;
  class Acceptor final : public WebSocketAcceptor {
   public:
    explicit Acceptor(Journal& to) : to_(to) {}
    std::variant<WebSocketAccept, HttpResponse> on_upgrade(const HttpRequest& /*request*/) override {
      return WebSocketAccept{"", std::make_unique<JournalHandler>(to_)};
    }

   private:
    Journal& to_;
  } acceptor_for_one(journal);
  auto short_lived =
      HttpServer::create(loop, {&handler, &acceptor_for_one}, limits, log, metrics, make_connection_counts());
  const auto at = short_lived->listen(SocketAddress::parse("127.0.0.1:0").value(), nullptr).value();
  TestSocket client(at);
  exchange(client, upgrade_request(), "\r\n\r\n");
  short_lived.reset();
  EXPECT_THAT(journal.events, ElementsAre("open", "close 1006"));
  EXPECT_TRUE(journal.destroyed);
  settle();
}

}  // namespace
}  // namespace herald::transport
