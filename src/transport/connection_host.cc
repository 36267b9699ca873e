#include "transport/connection_host.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "transport/http_response_head.h"

namespace herald::transport {

namespace {
constexpr std::size_t kKeptBufferBytes = 64 * 1024;
// Connections that gather what they send until the end of a round; so many buffers exist at a time.
constexpr std::size_t kSettlingMax = 256;
}  // namespace

ConnectionHost::ConnectionHost(EventLoop& event_loop, HttpServices http_services, const Limits& the_limits,
                               Log& the_log, Metrics& the_metrics, std::shared_ptr<ConnectionCounts> connection_counts)
    : loop(event_loop),
      services(std::move(http_services)),
      limits(the_limits),
      log(the_log),
      metrics(the_metrics),
      deadlines(the_limits),
      counts_(std::move(connection_counts)),
      self_(std::make_shared<ConnectionHost*>(this)) {}

ConnectionHost::~ConnectionHost() {
  abort_all();
  settling_.clear();
  reap();
  loop.forget_round_end(*this);
  loop.cancel(timer_);
}

void ConnectionHost::adopt(int fd, const SocketAddress& peer, const std::shared_ptr<void>& tls) {
  if (!counts_->enter(peer.ip, limits.connections_per_address)) {
    metrics.refused(Refusal::kPerAddress);
    if (log.enabled(LogLevel::kDebug)) {
      const std::string from = peer.to_string();
      log.debug("connection refused, too many from its address", {{"peer", from}});
    }
    close(fd);
    return;
  }
  const bool from_proxy =
      std::ranges::any_of(services.proxies, [&peer](const Network& network) { return network.contains(peer.ip); });
  auto stream = Stream::accept(fd, tls);
  auto connection = stream ? std::make_unique<Connection>(*this, std::move(*stream), peer, from_proxy) : nullptr;
  if (!connection || !connection->start()) {
    metrics.refused(Refusal::kDescriptors);
    counts_->leave(peer.ip);
    return;
  }
  metrics.connected(connection->secure());
  connection->index = static_cast<std::uint32_t>(connections_.size());
  connections_.push_back(std::move(connection));
}

std::string ConnectionHost::take_proxy_bytes(const Connection& connection) {
  auto node = proxy_bytes_.extract(&connection);
  return node ? std::move(node.mapped()) : std::string();
}

bool ConnectionHost::attribute(Connection& connection, const SocketAddress& source) {
  if (!counts_->enter(source.ip, limits.connections_per_address)) {
    metrics.refused(Refusal::kPerAddress);
    return false;
  }
  counts_->leave(connection.peer().ip);
  connection.set_peer(source);
  return true;
}

bool ConnectionHost::does_not_read(const Connection& connection) {
  if (!counts_->enter_unread(connection.peer().ip, limits.unread_connections_per_address)) return false;
  metrics.unread(1);
  return true;
}

void ConnectionHost::reads_again(const Connection& connection) {
  counts_->leave_unread(connection.peer().ip);
  metrics.unread(-1);
}

void ConnectionHost::retire(Connection& connection) {
  dead_.push_back(&connection);
  if (dead_.size() > 1) return;
  loop.post([self = std::weak_ptr(self_)] {
    if (const auto host = self.lock()) (*host)->reap();
  });
}

void ConnectionHost::settle_at_round_end(Connection& connection) {
  if (settling_.empty()) loop.call_at_round_end(*this);
  settling_.push_back(&connection);
  if (settling_.size() != kSettlingMax) return;
  loop.run_before_sending();
  on_round_end();
}

void ConnectionHost::on_round_end() {
  for (Connection* connection : std::exchange(settling_, {})) {
    if (!connection->dead()) connection->settle_now();
  }
}

// Handlers that are told may cut further connections.
void ConnectionHost::reap() {
  while (!dead_.empty()) {
    for (Connection* connection : std::exchange(dead_, {})) {
      if (connection->mode() != nullptr) connection->mode()->on_dead();
      metrics.disconnected(connection->websocket(), connection->secure());
      counts_->leave(connection->peer().ip);
      if (connection->settling()) std::erase(settling_, connection);
      auto& place = connections_[connection->index];
      std::swap(place, connections_.back());
      place->index = connection->index;
      connections_.pop_back();
    }
  }
}

void ConnectionHost::abort_all() {
  for (const auto& connection : connections_) connection->cut();
}

std::size_t ConnectionHost::close_websockets(std::size_t count) {
  std::size_t begun = 0;
  for (std::size_t seen = 0; seen < connections_.size() && begun < count && open_websockets != 0; ++seen) {
    cursor_ = cursor_ + 1 < connections_.size() ? cursor_ + 1 : 0;
    Connection& connection = *connections_[cursor_];
    if (!connection.dead() && connection.mode() != nullptr && connection.mode()->go_away()) ++begun;
  }
  return open_websockets;
}

void ConnectionHost::drain() {
  draining = true;
  for (const auto& connection : connections_) {
    if (connection->dead() || connection->mode() == nullptr) continue;
    connection->mode()->on_drain();
    connection->settle();
  }
}

void ConnectionHost::wait_for(Connection& connection, Deadline kind) {
  deadlines.start(connection, kind, loop.now());
  if (kind != Deadline::kNone) arm_timer();
}

void ConnectionHost::arm_timer() {
  const auto next = deadlines.next(loop.now());
  if (!next || (timer_ != 0 && timer_at_ <= *next)) return;
  loop.cancel(timer_);
  timer_at_ = *next;
  const auto delay = std::chrono::ceil<std::chrono::milliseconds>(*next - loop.clock().mono());
  timer_ = loop.run_after(std::max(delay, std::chrono::milliseconds(0)), [this] { run_deadlines(); });
}

void ConnectionHost::run_deadlines() {
  timer_ = 0;
  Deadline kind = Deadline::kNone;
  while (DeadlineEntry* entry = deadlines.take_expired(loop.now(), kind)) {
    static_cast<Connection*>(entry)->on_deadline(kind);
  }
  arm_timer();
}

std::unique_ptr<HttpParser> ConnectionHost::borrow_parser() {
  if (spare_parser_) return std::move(spare_parser_);
  return std::make_unique<HttpParser>(limits.http_header_max_bytes, [this](std::string_view path) {
    const std::uint64_t own = services.http->body_max_bytes(path);
    return own != 0 ? own : limits.http_body_max_bytes;
  });
}

void ConnectionHost::give_back(std::unique_ptr<HttpParser> parser) {
  if (spare_parser_) return;
  parser->reset();
  spare_parser_ = std::move(parser);
}

std::unique_ptr<UnsentBytes> ConnectionHost::borrow_buffer() {
  return spare_buffer_ ? std::move(spare_buffer_) : std::make_unique<UnsentBytes>();
}

void ConnectionHost::give_back(std::unique_ptr<UnsentBytes> buffer) {
  if (spare_buffer_ || buffer->bytes.capacity() > kKeptBufferBytes) return;
  buffer->bytes.clear();
  buffer->sent = 0;
  spare_buffer_ = std::move(buffer);
}

const std::string& ConnectionHost::date() {
  const WallTime now = loop.clock().wall();
  if (now.ms / 1000 != date_second_) {
    date_second_ = now.ms / 1000;
    date_ = http_date(now);
  }
  return date_;
}

}  // namespace herald::transport
