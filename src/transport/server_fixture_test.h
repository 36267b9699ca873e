#pragma once
// For tests: a server and its loop on the test's own thread, with a clock that stands still, and clients that are bare
// sockets.

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/time.h"
#include "transport/http_server.h"

namespace herald::transport {

// A non-blocking TCP client.
class TestSocket {
 public:
  explicit TestSocket(const SocketAddress& to, int receive_buffer_bytes = 0);
  TestSocket(const TestSocket&) = delete;
  TestSocket& operator=(const TestSocket&) = delete;
  ~TestSocket();

  void send(std::string_view bytes) const;
  void finish() const;
  // Reads what is there into `received`; notes the end of the stream, and whether it was a reset.
  void poll();

  std::string received;
  bool ended = false;
  bool reset = false;
  int fd = -1;
};

// Answers by path: "/echo" the body, "/later" when the test says so, "/big" 1 MiB, "/peer" "from " and the peer's
// address, else the path.
class TestHandler final : public HttpHandler {
 public:
  void on_request(const HttpRequest& request, HttpResponder responder) override;
  std::vector<HttpResponder> later;
  std::vector<std::string> seen;  // "METHOD path"
};

class ServerFixture : public testing::Test {
 protected:
  ServerFixture();
  ~ServerFixture() override;

  // Made at first use, so that a test can set limits before.
  HttpServer& server();
  const SocketAddress& address();
  void destroy_server() { server_.reset(); }
  // Runs the loop until `done`, for at most a minute of real time.
  void run_until(const std::function<bool()>& done);
  // Runs the loop until nothing is left to do.
  void settle();
  void advance(std::chrono::milliseconds by);
  // Sends, and runs until `text` has been received; returns everything received since the last call.
  std::string exchange(TestSocket& socket, std::string_view bytes, std::string_view text);
  // Runs until the server has ended the stream; returns everything received.
  std::string read_to_end(TestSocket& socket);
  [[nodiscard]] std::uint64_t counted(std::string_view name, std::string_view label);

  ManualClock clock;
  EventLoop loop{clock};
  Limits limits;
  TestHandler handler;
  WebSocketAcceptor* acceptor = nullptr;
  std::vector<Network> proxies;
  std::shared_ptr<TlsContext> tls;

 private:
  class RecordingMetrics;
  NullLog log_;
  std::unique_ptr<RecordingMetrics> metrics_;
  std::shared_ptr<ConnectionCounts> counts_;
  std::unique_ptr<HttpServer> server_;
  SocketAddress address_;
};

}  // namespace herald::transport
