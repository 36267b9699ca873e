// http_request and websocket_connect against a scripted server on the same loop.
#include "transport/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <optional>
#include <vector>

#include "base/encoding.h"
#include "transport/websocket_codec.h"

namespace herald::transport {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using std::chrono_literals::operator""ms;

// More than a timer may be late.
constexpr auto kTick = 50ms;

// One connection of the scripted server: `react` is called with all that has come so far whenever more comes.
class Peer final : public IoHandler {
 public:
  using React = std::function<void(Peer&)>;

  Peer(EventLoop& loop, int fd, const React& react) : loop_(loop), fd_(fd), react_(react) {
    EXPECT_TRUE(loop_.watch(fd_, *this));
  }
  ~Peer() override { hang_up(); }

  std::string received;
  bool ended = false;

  void send(std::string_view bytes) const {
    EXPECT_EQ(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  void hang_up() {
    if (fd_ < 0) return;
    loop_.unwatch(fd_);
    ::close(std::exchange(fd_, -1));
  }
  void reset() {
    const linger now{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    hang_up();
  }

 private:
  void on_ready(bool, bool, bool) override {
    char buffer[65536];
    const auto got = recv(fd_, buffer, sizeof buffer, 0);
    if (got <= 0) {
      ended = true;
      return hang_up();
    }
    received.append(buffer, static_cast<std::size_t>(got));
    react_(*this);
  }

  EventLoop& loop_;
  int fd_;
  const React& react_;
};

class ScriptedServer final : public IoHandler {
 public:
  explicit ScriptedServer(EventLoop& loop) : loop_(loop), fd_(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) {
    sockaddr_storage storage{};
    socklen_t length = SocketAddress::parse("127.0.0.1:0")->to_sockaddr(storage);
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&storage), length), 0);
    EXPECT_EQ(listen(fd_, 16), 0);
    EXPECT_EQ(getsockname(fd_, reinterpret_cast<sockaddr*>(&storage), &length), 0);
    port = SocketAddress::from_sockaddr(storage).port;
    EXPECT_TRUE(loop_.watch(fd_, *this));
  }
  ~ScriptedServer() override {
    peers.clear();
    loop_.unwatch(fd_);
    ::close(fd_);
  }

  std::uint16_t port = 0;
  Peer::React react = [](Peer&) {};
  std::vector<std::unique_ptr<Peer>> peers;

  [[nodiscard]] Url url(const std::string& scheme, const std::string& target = "/") const {
    return Url::parse(scheme + "://127.0.0.1:" + std::to_string(port) + target).value();
  }

 private:
  void on_ready(bool, bool, bool) override {
    const int fd = accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK);
    if (fd >= 0) peers.push_back(std::make_unique<Peer>(loop_, fd, react));
  }

  EventLoop& loop_;
  int fd_;
};

// Time stands still unless a test moves it, so that nothing is given up because this thread had to wait.
class ClientTest : public testing::Test {
 protected:
  // Runs the loop until `done`, at most for a minute of real time.
  template <class Done>
  bool run_until(Done done) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!done() && std::chrono::steady_clock::now() < give_up) loop_.run_once(100ms);
    return done();
  }
  // Lets so much time pass, once everything that is under way has been dealt with.
  void pass(std::chrono::milliseconds time) {
    for (int i = 0; i < 20; ++i) loop_.run_once(0ms);
    clock_.advance(time);
  }

  ManualClock clock_;
  EventLoop loop_{clock_};
  ScriptedServer server_{loop_};
  ClientOptions options_;
};

class HttpClient : public ClientTest {
 protected:
  void start(const std::string& method, const Url& url, std::vector<std::pair<std::string, std::string>> headers = {},
             const std::string& body = "") {
    http_request(loop_, method, url, std::move(headers), body, options_, [this](Result<ClientResponse> result) {
      ++calls_;
      result_ = std::move(result);
    });
    EXPECT_EQ(calls_, 0) << "called inside the call";
  }
  Result<ClientResponse> finish() {
    EXPECT_TRUE(run_until([this] { return result_.has_value(); }));
    loop_.run_once(0ms);
    EXPECT_EQ(calls_, 1);
    return result_ ? std::move(*result_) : fail(ErrorKind::kInternal, "never called");
  }

  int calls_ = 0;
  std::optional<Result<ClientResponse>> result_;
};

TEST_F(HttpClient, SendsARequestAndReadsTheAnswer) {
  server_.react = [](Peer& peer) {
    if (peer.received.ends_with("hello")) peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  };
  start("POST", server_.url("http", "/notify/x?y=1"), {{"X-A", "b"}}, "hello");
  const auto response = finish();
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "ok");
  EXPECT_EQ(server_.peers[0]->received,
            "POST /notify/x?y=1 HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server_.port) +
                "\r\nUser-Agent: herald\r\nX-A: b\r\nConnection: close\r\n"
                "Content-Length: 5\r\n\r\nhello");
  EXPECT_TRUE(run_until([this] { return server_.peers[0]->ended; }));
}

TEST_F(HttpClient, ReadsUntilTheServerCloses) {
  server_.react = [](Peer& peer) {
    peer.send("HTTP/1.1 200 OK\r\n\r\nall of it");
    peer.hang_up();
  };
  start("GET", server_.url("http"));
  EXPECT_EQ(finish().value().body, "all of it");
}

TEST_F(HttpClient, ABigRequestGoesOutInPieces) {
  const std::string body(8 << 20, 'b');
  server_.react = [](Peer& peer) {
    if (peer.received.ends_with("bE")) peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  };
  start("POST", server_.url("http"), {}, body + "E");
  EXPECT_EQ(finish().value().status, 200);
  EXPECT_GT(server_.peers[0]->received.size(), body.size());
}

TEST_F(HttpClient, AnEarlyRefusalOfABigRequestIsRead) {
  server_.react = [](Peer& peer) {
    if (peer.received.size() < 100'000) peer.send("HTTP/1.1 413 Too Big\r\nContent-Length: 3\r\n\r\nbig");
  };
  start("POST", server_.url("http"), {}, std::string(8 << 20, 'b'));
  EXPECT_EQ(finish().value().status, 413);
}

TEST_F(HttpClient, AServerThatGoesAwayIsUnavailable) {
  server_.react = [](Peer& peer) { peer.hang_up(); };
  start("GET", server_.url("http"));
  EXPECT_EQ(finish().error().kind, ErrorKind::kUnavailable);
}

TEST_F(HttpClient, AResetIsUnavailable) {
  server_.react = [](Peer& peer) {
    peer.send("HTTP/1.1 200 OK\r\n\r\nhalf");
    peer.reset();
  };
  start("GET", server_.url("http"));
  EXPECT_EQ(finish().error().kind, ErrorKind::kUnavailable);
}

TEST_F(HttpClient, SilenceIsUnavailable) {
  start("GET", server_.url("http"));
  pass(options_.timeout - kTick);
  EXPECT_FALSE(result_);
  pass(2 * kTick);
  const auto result = finish();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::kUnavailable);
  EXPECT_THAT(result.error().message, HasSubstr("in time"));
}

TEST_F(HttpClient, ARefusedConnectionNamesTheAddress) {
  Url url = server_.url("http");
  {
    const ScriptedServer gone(loop_);
    url.port = gone.port;
  }
  start("GET", url);
  const auto result = finish();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::kUnavailable);
  EXPECT_THAT(result.error().message, HasSubstr("127.0.0.1:" + std::to_string(url.port)));
}

TEST_F(HttpClient, NamesAreLookedUpAndEveryAddressIsTried) {
  server_.react = [](Peer& peer) { peer.send("HTTP/1.1 204 No Content\r\n\r\n"); };
  Url url = server_.url("http");
  url.host = "localhost";
  start("GET", url);
  EXPECT_EQ(finish().value().status, 204);
}

TEST_F(HttpClient, AnUnknownHostIsUnavailable) {
  start("GET", Url::parse("http://no-such-host.invalid/").value());
  EXPECT_EQ(finish().error().kind, ErrorKind::kUnavailable);
}

TEST_F(HttpClient, NonsenseIsInvalid) {
  server_.react = [](Peer& peer) { peer.send("220 smtp ready\r\n\r\n"); };
  start("GET", server_.url("http"));
  EXPECT_EQ(finish().error().kind, ErrorKind::kInvalid);
}

TEST_F(HttpClient, AHeaderThatWouldBreakTheRequestIsInvalid) {
  start("GET", server_.url("http"), {{"X", "a\r\nY: b"}});
  EXPECT_EQ(finish().error().kind, ErrorKind::kInvalid);
}

TEST_F(HttpClient, ConnectsFromTheAddressAskedFor) {
  options_.bind_address = "127.0.0.9";
  server_.react = [](Peer& peer) { peer.send("HTTP/1.1 204 No Content\r\n\r\n"); };
  start("GET", server_.url("http"));
  EXPECT_TRUE(finish());
  options_.bind_address = "not an address";
  result_.reset();
  calls_ = 0;
  start("GET", server_.url("http"));
  EXPECT_EQ(finish().error().kind, ErrorKind::kInvalid);
}

TEST_F(HttpClient, ARequestInFlightGoesWithItsLoop) {
  bool called = false;
  {
    EventLoop loop(clock_);
    http_request(loop, "GET", server_.url("http"), {}, "", options_, [&called](auto) { called = true; });
    loop.run_once(0ms);
  }
  EXPECT_FALSE(called);
}

std::string header_of(const std::string& request, const std::string& name) {
  const std::size_t begin = request.find("\r\n" + name + ": ") + name.size() + 4;
  return request.substr(begin, request.find("\r\n", begin) - begin);
}

// What the client's frames said, as a server reads them.
class Frames final : public WebSocketSink {
 public:
  bool on_text(std::string_view text) override { return note("text ", text); }
  bool on_binary(std::string_view bytes) override { return note("binary ", bytes); }
  bool on_ping(std::string_view payload) override { return note("ping ", payload); }
  bool on_pong(std::string_view payload) override { return note("pong ", payload); }
  void on_close(CloseCode code, std::string_view reason) override {
    note("close " + std::to_string(static_cast<int>(code)) + " ", reason);
  }
  void on_error(const WebSocketViolation& violation) override { note("error ", violation.reason); }
  std::vector<std::string> seen;

 private:
  bool note(const std::string& kind, std::string_view content) {
    seen.push_back(kind + std::string(content));
    return true;
  }
};

class WebSocketClient : public ClientTest {
 protected:
  struct Log {
    std::vector<std::string> events;
    WebSocket* socket = nullptr;
    int destroyed = 0;
    std::function<void(const std::string&)> then = [](const std::string&) {};
    void note(const std::string& event) {
      events.push_back(event);
      then(event);
    }
  };
  class Handler final : public WebSocketHandler {
   public:
    explicit Handler(Log& log) : log_(log) {}
    ~Handler() override { ++log_.destroyed; }
    void on_open(WebSocket& socket) override {
      log_.socket = &socket;
      log_.note("open");
    }
    void on_text(std::string_view text) override { log_.note("text " + std::string(text)); }
    void on_binary(std::string_view bytes) override { log_.note("binary " + std::string(bytes)); }
    void on_drained() override { log_.note("drained"); }
    void on_close_reason(std::string_view reason) override { log_.note("since " + std::string(reason)); }
    void on_close(CloseCode code) override { log_.note("close " + std::to_string(static_cast<int>(code))); }

   private:
    Log& log_;
  };

  // The server accepts the upgrade and says `greeting` in the same breath; what then comes goes to frames_.
  void serve(const std::string& greeting, std::function<void(Peer&)> later = [](Peer&) {}) {
    server_.react = [this, greeting, later = std::move(later)](Peer& peer) {
      if (!upgraded_) {
        const std::size_t end = peer.received.find("\r\n\r\n");
        if (end == std::string::npos) return;
        upgraded_ = true;
        request_ = peer.received.substr(0, end + 4);
        peer.received.erase(0, end + 4);
        peer.send(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: " +
            websocket_accept_key(header_of(request_, "Sec-WebSocket-Key")) +
            "\r\nSec-WebSocket-Protocol: push-notification\r\n\r\n" + greeting);
      }
      decoder_.consume({reinterpret_cast<std::uint8_t*>(peer.received.data()), peer.received.size()}, frames_);
      peer.received.clear();
      later(peer);
    };
  }

  void connect() {
    websocket_connect(loop_, server_.url("ws", "/push"), "push-notification", {}, options_,
                      std::make_unique<Handler>(log_), [this](Error error) { failures_.push_back(std::move(error)); });
    EXPECT_TRUE(log_.events.empty() && failures_.empty()) << "called inside the call";
  }
  bool run_until_events(std::size_t count) {
    return run_until([this, count] { return log_.events.size() >= count; });
  }
  bool run_until_seen(std::size_t count) {
    return run_until([this, count] { return frames_.seen.size() >= count; });
  }
  Peer& peer() { return *server_.peers.at(0); }

  static std::string frame(WebSocketOpcode opcode, std::string_view payload) {
    std::string out;
    append_frame(out, opcode, payload);
    return out;
  }
  static std::string close_frame(CloseCode code) {
    std::string out;
    append_close(out, code, "");
    return out;
  }

  Log log_;
  std::vector<Error> failures_;
  bool upgraded_ = false;
  std::string request_;
  WebSocketDecoder decoder_{WebSocketRole::kServer, 64 << 20};
  Frames frames_;
};

TEST_F(WebSocketClient, OpensAndReadsWhatCameWithTheUpgrade) {
  serve(frame(WebSocketOpcode::kText, "hi") + frame(WebSocketOpcode::kBinary, "\x01"));
  connect();
  ASSERT_TRUE(run_until_events(3));
  EXPECT_THAT(log_.events, ElementsAre("open", "text hi", "binary \x01"));
  EXPECT_THAT(request_, StartsWith("GET /push HTTP/1.1\r\n"));
  EXPECT_EQ(log_.socket->peer().to_string(), "127.0.0.1:" + std::to_string(server_.port));
  EXPECT_TRUE(failures_.empty());
}

TEST_F(WebSocketClient, SendsMaskedTextAndAnswersPings) {
  serve(frame(WebSocketOpcode::kPing, "are you there"));
  log_.then = [this](const std::string& event) {
    if (event == "open") log_.socket->send_text("grüße");
  };
  connect();
  ASSERT_TRUE(run_until_seen(2));
  EXPECT_THAT(frames_.seen, ElementsAre("text grüße", "pong are you there"));
}

TEST_F(WebSocketClient, TheServersCloseIsAnsweredAndTold) {
  serve(close_frame(CloseCode::kGoingAway), [this](Peer& peer) {
    if (!frames_.seen.empty()) peer.hang_up();
  });
  connect();
  ASSERT_TRUE(run_until_events(2));
  EXPECT_THAT(log_.events, ElementsAre("open", "close 1001"));
  EXPECT_THAT(frames_.seen, ElementsAre("close 1001 "));
  EXPECT_EQ(log_.destroyed, 1);
}

TEST_F(WebSocketClient, TheReasonOfTheServersCloseIsTold) {
  std::string close;
  append_close(close, CloseCode::kNormal, "taken over");
  serve(close, [this](Peer& peer) {
    if (!frames_.seen.empty()) peer.hang_up();
  });
  connect();
  ASSERT_TRUE(run_until_events(3));
  EXPECT_THAT(log_.events, ElementsAre("open", "since taken over", "close 1000"));
}

TEST_F(WebSocketClient, ItsOwnCloseWaitsForTheServers) {
  serve("", [this](Peer& peer) {
    if (frames_.seen.empty()) return;
    peer.send(frame(WebSocketOpcode::kText, "crossed on the way") + close_frame(CloseCode::kNormal));
    peer.hang_up();
  });
  log_.then = [this](const std::string& event) {
    if (event != "open") return;
    log_.socket->close(CloseCode::kNormal, "bye");
    log_.socket->send_text("too late");
    log_.socket->close(CloseCode::kGoingAway, "twice");
  };
  connect();
  ASSERT_TRUE(run_until_events(2));
  EXPECT_THAT(log_.events, ElementsAre("open", "close 1000"));
  EXPECT_THAT(frames_.seen, ElementsAre("close 1000 bye"));
  EXPECT_EQ(log_.destroyed, 1);
}

TEST_F(WebSocketClient, ALostConnectionIsAbnormal) {
  serve("");
  connect();
  ASSERT_TRUE(run_until_events(1));
  peer().reset();
  ASSERT_TRUE(run_until_events(2));
  EXPECT_THAT(log_.events, ElementsAre("open", "close 1006"));
  EXPECT_EQ(log_.destroyed, 1);
}

TEST_F(WebSocketClient, ABrokenRuleIsAnsweredByItsCloseCode) {
  serve("\xc1\x01x", [this](Peer& peer) {
    if (!frames_.seen.empty()) peer.hang_up();
  });
  connect();
  ASSERT_TRUE(run_until_events(2));
  EXPECT_THAT(log_.events, ElementsAre("open", "close 1006"));
  EXPECT_THAT(frames_.seen, ElementsAre(StartsWith("close 1002 ")));
}

TEST_F(WebSocketClient, SilenceIsPingedThenGivenUp) {
  serve("");
  connect();
  ASSERT_TRUE(run_until_events(1));
  pass(options_.ping_after + kTick);
  ASSERT_TRUE(run_until_seen(1));
  pass(options_.ping_after + kTick);
  ASSERT_TRUE(run_until_events(2));
  EXPECT_THAT(log_.events, ElementsAre("open", "close 1006"));
  EXPECT_THAT(frames_.seen, ElementsAre("ping "));
}

TEST_F(WebSocketClient, AnAnsweredPingKeepsItOpen) {
  serve("", [this](Peer& peer) {
    if (!frames_.seen.empty() && frames_.seen.size() < 4) peer.send(frame(WebSocketOpcode::kPong, ""));
  });
  connect();
  ASSERT_TRUE(run_until_events(1));
  // Heard of in one half of the time, it is asked at the end of the next.
  for (std::size_t ping = 1; ping <= 4; ++ping) {
    pass(options_.ping_after + kTick);
    ASSERT_TRUE(run_until_seen(ping));
    pass(options_.ping_after + kTick);
  }
  ASSERT_TRUE(run_until_events(2));
  EXPECT_THAT(log_.events, ElementsAre("open", "close 1006"));
  EXPECT_THAT(frames_.seen, ElementsAre("ping ", "ping ", "ping ", "ping "));
}

TEST_F(WebSocketClient, DrainedIsToldAfterBytesHadToWait) {
  serve("");
  const std::string big(8 << 20, 'b');
  log_.then = [this, &big](const std::string& event) {
    if (event != "open") return;
    log_.socket->send_text(big);
    EXPECT_GT(log_.socket->unsent_bytes(), 0u);
  };
  connect();
  ASSERT_TRUE(run_until_events(2));
  ASSERT_TRUE(run_until_seen(1));
  EXPECT_THAT(log_.events, ElementsAre("open", "drained"));
  EXPECT_EQ(log_.socket->unsent_bytes(), 0u);
  EXPECT_EQ(frames_.seen[0].size(), 5 + big.size());
}

TEST_F(WebSocketClient, TooMuchUnsentCutsTheConnection) {
  serve("");
  log_.then = [this](const std::string& event) {
    if (event != "open") return;
    for (int i = 0; i < 3; ++i) log_.socket->send_text(std::string(kClientSendBufferMaxBytes / 2, 'b'));
    EXPECT_THAT(log_.events, ElementsAre("open"));
  };
  connect();
  ASSERT_TRUE(run_until_events(2));
  EXPECT_THAT(log_.events, ElementsAre("open", "close 1006"));
}

TEST_F(WebSocketClient, ARefusedUpgradeFailsWithItsStatus) {
  server_.react = [](Peer& peer) { peer.send("HTTP/1.1 403 No\r\nContent-Length: 11\r\n\r\nUA is dead."); };
  connect();
  ASSERT_TRUE(run_until([this] { return !failures_.empty(); }));
  EXPECT_EQ(failures_[0].kind, ErrorKind::kUnauthorized);
  EXPECT_THAT(failures_[0].message, HasSubstr("403: UA is dead."));
  EXPECT_TRUE(log_.events.empty());
  EXPECT_EQ(log_.destroyed, 1);
}

TEST_F(WebSocketClient, AnUpgradeThatEndsOrLastsTooLongFails) {
  server_.react = [](Peer& peer) { peer.hang_up(); };
  connect();
  ASSERT_TRUE(run_until([this] { return failures_.size() == 1; }));
  server_.react = [](Peer&) {};
  failures_.clear();
  connect();
  pass(options_.timeout + kTick);
  ASSERT_TRUE(run_until([this] { return failures_.size() == 1; }));
  EXPECT_EQ(failures_[0].kind, ErrorKind::kUnavailable);
  EXPECT_EQ(log_.destroyed, 2);
  EXPECT_TRUE(log_.events.empty());
}

TEST_F(WebSocketClient, AnOpenConnectionGoesWithItsLoop) {
  serve("");
  auto loop = std::make_unique<EventLoop>(clock_);
  websocket_connect(*loop, server_.url("ws"), "push-notification", {}, options_, std::make_unique<Handler>(log_),
                    [](const Error&) {});
  ASSERT_TRUE(run_until([&] {
    loop->run_once(0ms);
    return !log_.events.empty();
  }));
  loop.reset();
  EXPECT_EQ(log_.destroyed, 1);
  EXPECT_THAT(log_.events, ElementsAre("open"));
}

}  // namespace
}  // namespace herald::transport
