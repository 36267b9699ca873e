#include "transport/server_fixture_test.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <deque>

namespace herald::transport {

TestSocket::TestSocket(const SocketAddress& to, int receive_buffer_bytes)
    : fd(socket(to.ip.is_v6() ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (receive_buffer_bytes != 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes);
  }
  sockaddr_storage address;
  const socklen_t size = to.to_sockaddr(address);
  EXPECT_EQ(connect(fd, reinterpret_cast<const sockaddr*>(&address), size), 0);
  fcntl(fd, F_SETFL, O_NONBLOCK);
}

TestSocket::~TestSocket() {
  close(fd);
}

void TestSocket::send(std::string_view bytes) const {
  EXPECT_EQ(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
}

void TestSocket::finish() const {
  shutdown(fd, SHUT_WR);
}

void TestSocket::poll() {
  std::array<char, 65536> buffer;
  while (!ended) {
    const auto got = recv(fd, buffer.data(), buffer.size(), 0);
    if (got > 0) {
      received.append(buffer.data(), static_cast<std::size_t>(got));
      continue;
    }
    if (got < 0 && errno == EAGAIN) return;
    ended = true;
    reset = got < 0;
  }
}

void TestHandler::on_request(const HttpRequest& request, HttpResponder responder) {
  seen.push_back(std::string(request.method) + " " + std::string(request.path));
  if (request.path == "/later") {
    later.push_back(std::move(responder));
  } else if (request.path == "/echo") {
    responder.send(text_response(200, std::string(request.body)));
  } else if (request.path == "/peer") {
    responder.send(text_response(200, "from " + request.peer.to_string()));
  } else if (request.path == "/big") {
    responder.send(text_response(200, std::string(1024UL * 1024, 'b')));
  } else {
    responder.send(text_response(200, std::string(request.path)));
  }
}

class ServerFixture::RecordingMetrics final : public Metrics {
 public:
  Counter& counter(std::string_view name, std::string_view /*help*/, MetricLabels labels) override {
    return counters.emplace_back(key(name, labels), std::make_unique<Counter>()).second.operator*();
  }
  Gauge& gauge(std::string_view name, std::string_view /*help*/, MetricLabels labels) override {
    return gauges.emplace_back(key(name, labels), std::make_unique<Gauge>()).second.operator*();
  }
  Histogram& histogram(std::string_view name, std::string_view help, std::vector<double> bounds,
                       MetricLabels labels) override {
    return none.histogram(name, help, std::move(bounds), std::move(labels));
  }
  static std::string key(std::string_view name, const MetricLabels& labels) {
    std::string out(name);
    for (const auto& [label, value] : labels) out += " " + value;
    return out;
  }
  std::deque<std::pair<std::string, std::unique_ptr<Counter>>> counters;
  std::deque<std::pair<std::string, std::unique_ptr<Gauge>>> gauges;
  NullMetrics none;
};

ServerFixture::ServerFixture() : metrics_(std::make_unique<RecordingMetrics>()) {}
ServerFixture::~ServerFixture() = default;

HttpServer& ServerFixture::server() {
  if (!server_) {
    counts_ = make_connection_counts(proxies, limits.address_prefix_bits);
    server_ = HttpServer::create(loop, {&handler, acceptor, proxies}, limits, log_, *metrics_, counts_);
    address_ = server_->listen(SocketAddress::parse("127.0.0.1:0").value(), tls).value();
  }
  return *server_;
}

const SocketAddress& ServerFixture::address() {
  server();
  return address_;
}

void ServerFixture::run_until(const std::function<bool()>& done) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (std::chrono::steady_clock::now() < give_up) {
    loop.run_once(std::chrono::milliseconds(0));
    if (done()) return;
    loop.run_once(std::chrono::milliseconds(1));
  }
  FAIL() << "what the test waits for did not happen";
}

void ServerFixture::settle() {
  for (int i = 0; i < 20; ++i) loop.run_once(std::chrono::milliseconds(0));
}

void ServerFixture::advance(std::chrono::milliseconds by) {
  settle();
  clock.advance(by);
  settle();
}

std::string ServerFixture::exchange(TestSocket& socket, std::string_view bytes, std::string_view text) {
  socket.send(bytes);
  run_until([&] {
    socket.poll();
    return socket.received.find(text) != std::string::npos || socket.ended;
  });
  return std::exchange(socket.received, {});
}

std::string ServerFixture::read_to_end(TestSocket& socket) {
  run_until([&] {
    socket.poll();
    return socket.ended;
  });
  return std::exchange(socket.received, {});
}

std::uint64_t ServerFixture::counted(std::string_view name, std::string_view label) {
  const std::string key = std::string(name) + " " + std::string(label);
  for (const auto& [each, counter] : metrics_->counters) {
    if (each == key) return counter->value();
  }
  for (const auto& [each, gauge] : metrics_->gauges) {
    if (each == key) return static_cast<std::uint64_t>(gauge->value());
  }
  ADD_FAILURE() << "no metric " << key;
  return 0;
}

}  // namespace herald::transport
