#pragma once
// Listens on one loop and serves HTTP/1.1 and WebSocket there: keep-alive, pipelining (answered in order), Expect:
// 100-continue, chunked bodies, bounded headers and bodies, time-outs, optional TLS. An idle connection owns no buffer.

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/limits.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "transport/event_loop.h"
#include "transport/http.h"
#include "transport/tls_context.h"
#include "transport/websocket.h"

namespace herald::transport {

// Counts connections by address for all loops of the process (accept and close only, so a lock is cheap enough).
class ConnectionCounts;
// Addresses in `unbounded`, such as those of reverse proxies, may hold any number. `v6_prefix_bits`: limits.def,
// address_prefix_bits.
[[nodiscard]] std::shared_ptr<ConnectionCounts> make_connection_counts(std::vector<Network> unbounded = {},
                                                                       std::uint64_t v6_prefix_bits = 128);

struct HttpServices {
  HttpHandler* http = nullptr;             // required
  WebSocketAcceptor* websocket = nullptr;  // null: upgrades are answered by http
  // Whose connections may begin with a PROXY protocol header, before TLS: the address in it is then the peer's. Theirs
  // alone are looked at for one; they may begin without.
  std::vector<Network> proxies = {};
};

class HttpServer {
 public:
  // All references must outlive the server. On the loop's thread, or before it runs; so are all calls below.
  static std::unique_ptr<HttpServer> create(EventLoop& loop, HttpServices services, const Limits& limits, Log& log,
                                            Metrics& metrics, std::shared_ptr<ConnectionCounts> counts);
  virtual ~HttpServer() = default;

  // Binds with SO_REUSEPORT and accepts. Port 0: any; the answer says which. `tls` null: plain. kUnavailable: the port
  // is taken, or not ours to bind.
  [[nodiscard]] virtual Result<SocketAddress> listen(const SocketAddress& at, std::shared_ptr<TlsContext> tls) = 0;
  // The same on a Unix socket, plain, which only this user may open (mode 0600). What a dead server left of the file is
  // removed, and the file goes with the server. Its clients have no address: they count as 0.0.0.0. kUnavailable:
  // another server listens there, or the file can't be made.
  [[nodiscard]] virtual Status listen_on(const std::string& socket_file) = 0;
  // Stops accepting; open connections go on, and each HTTP connection closes after its current response.
  virtual void stop_accepting() = 0;
  // Starts the close of up to `count` open WebSockets with 1001; returns how many there were left to close.
  virtual std::size_t close_websockets(std::size_t count) = 0;
  // Cuts everything that is still open.
  virtual void abort_all() = 0;
  [[nodiscard]] virtual std::vector<int> listening_descriptors() const = 0;
  [[nodiscard]] virtual std::size_t open_connections() const = 0;
};

}  // namespace herald::transport
