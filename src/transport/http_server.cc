#include "transport/http_server.h"

#include <utility>
#include <vector>

#include "base/check.h"
#include "transport/connection_host.h"
#include "transport/listener.h"

namespace herald::transport {

namespace {

class LoopHttpServer final : public HttpServer {
 public:
  LoopHttpServer(EventLoop& loop, HttpServices services, const Limits& limits, Log& log, Metrics& metrics,
                 std::shared_ptr<ConnectionCounts> counts)
      : host_(loop, services, limits, log, metrics, std::move(counts)) {}

  Result<SocketAddress> listen(const SocketAddress& at, std::shared_ptr<TlsContext> tls) override {
    auto listener = Listener::open(host_, at, std::move(tls));
    if (!listener) return std::unexpected(std::move(listener.error()));
    listeners_.push_back(std::move(*listener));
    return listeners_.back()->local();
  }

  Status listen_on(const std::string& socket_file) override {
    auto listener = Listener::open_file(host_, socket_file);
    if (!listener) return std::unexpected(std::move(listener.error()));
    listeners_.push_back(std::move(*listener));
    return {};
  }

  void stop_accepting() override {
    // Those that wait in the queue would be reset.
    for (const auto& listener : listeners_) listener->accept_all();
    listeners_.clear();
    host_.drain();
  }

  std::size_t close_websockets(std::size_t count) override { return host_.close_websockets(count); }
  void abort_all() override { host_.abort_all(); }
  std::vector<int> listening_descriptors() const override {
    std::vector<int> descriptors;
    for (const auto& listener : listeners_) descriptors.push_back(listener->descriptor());
    return descriptors;
  }
  std::size_t open_connections() const override { return host_.size(); }

 private:
  ConnectionHost host_;
  std::vector<std::unique_ptr<Listener>> listeners_;
};

}  // namespace

std::shared_ptr<ConnectionCounts> make_connection_counts(std::vector<Network> unbounded, std::uint64_t v6_prefix_bits) {
  return std::make_shared<ConnectionCounts>(std::move(unbounded), v6_prefix_bits);
}

std::unique_ptr<HttpServer> HttpServer::create(EventLoop& loop, HttpServices services, const Limits& limits, Log& log,
                                               Metrics& metrics, std::shared_ptr<ConnectionCounts> counts) {
  HERALD_CHECK(services.http != nullptr, "a server needs an HTTP handler");
  return std::make_unique<LoopHttpServer>(loop, services, limits, log, metrics, std::move(counts));
}

}  // namespace herald::transport
