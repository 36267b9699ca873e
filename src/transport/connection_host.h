#pragma once
// What the connections of one server share on its loop, and the list of them. For transport's own sources.

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/limits.h"
#include "base/log.h"
#include "transport/connection.h"
#include "transport/connection_counts.h"
#include "transport/deadline_lists.h"
#include "transport/event_loop.h"
#include "transport/http_parser.h"
#include "transport/http_server.h"
#include "transport/transport_metrics.h"

namespace herald::transport {

class ConnectionHost : private RoundEnd {
 public:
  ConnectionHost(EventLoop& event_loop, HttpServices http_services, const Limits& the_limits, Log& the_log,
                 Metrics& the_metrics, std::shared_ptr<ConnectionCounts> connection_counts);
  ConnectionHost(const ConnectionHost&) = delete;
  ConnectionHost& operator=(const ConnectionHost&) = delete;
  // Ends every connection; WebSocket handlers are told.
  ~ConnectionHost();

  // Takes over an accepted socket, which it closes if there are too many of `peer`.
  void adopt(int fd, const SocketAddress& peer, const std::shared_ptr<void>& tls);
  // The bytes with which `connection` has begun, while they may be the beginning of a PROXY protocol header.
  [[nodiscard]] std::string& proxy_bytes(const Connection& connection) { return proxy_bytes_[&connection]; }
  std::string take_proxy_bytes(const Connection& connection);
  // A proxy says that `connection` is `source`'s, to whom it counts from now on. False: there are too many of it.
  [[nodiscard]] bool attribute(Connection& connection, const SocketAddress& source);
  // The client of `connection` does not read what fills the kernel's buffer, and the connection counts as such until
  // reads_again(). False, and not counted: there are too many of it.
  [[nodiscard]] bool does_not_read(const Connection& connection);
  void reads_again(const Connection& connection);
  // The connection is dead: it will be destroyed soon, but not now.
  void retire(Connection& connection);
  // Its settle_now() is called when the loop's round ends, unless it is dead by then.
  void settle_at_round_end(Connection& connection);
  // Cuts all connections, and destroys those that are dead.
  void abort_all();
  // See HttpServer.
  std::size_t close_websockets(std::size_t count);
  // Each HTTP connection ends after its current response.
  void drain();
  [[nodiscard]] std::size_t size() const { return connections_.size(); }

  // Starts what `connection` waits for now, and sees to it that the loop wakes in time.
  void wait_for(Connection& connection, Deadline kind);

  // A parser in its initial state; to be given back, or dropped.
  [[nodiscard]] std::unique_ptr<HttpParser> borrow_parser();
  void give_back(std::unique_ptr<HttpParser> parser);
  // The same for a buffer of unsent bytes.
  [[nodiscard]] std::unique_ptr<UnsentBytes> borrow_buffer();
  void give_back(std::unique_ptr<UnsentBytes> buffer);
  // The Date of a response sent now.
  [[nodiscard]] const std::string& date();

  EventLoop& loop;
  const HttpServices services;
  const Limits limits;
  Log& log;
  TransportMetrics metrics;
  DeadlineLists deadlines;
  bool draining = false;
  std::size_t open_websockets = 0;  // that no close has begun on
  std::string head;                 // for a response's head, while it is made

 private:
  void on_round_end() override;
  void reap();
  void arm_timer();
  void run_deadlines();

  std::shared_ptr<ConnectionCounts> counts_;
  std::vector<std::unique_ptr<Connection>> connections_;            // each knows its index
  std::unordered_map<const Connection*, std::string> proxy_bytes_;  // of few, and briefly
  std::vector<Connection*> dead_;
  std::vector<Connection*> settling_;
  std::size_t cursor_ = 0;  // where close_websockets() goes on
  TimerId timer_ = 0;
  MonoTime timer_at_;
  std::unique_ptr<HttpParser> spare_parser_;
  std::unique_ptr<UnsentBytes> spare_buffer_;
  std::string date_;
  std::int64_t date_second_ = -1;
  std::shared_ptr<ConnectionHost*> self_;  // for posted tasks: empty when the host is gone
};

}  // namespace herald::transport
