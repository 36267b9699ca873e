#include "transport/client_stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "transport/client_address.h"

namespace herald::transport {
namespace {

std::unexpected<Error> no_connection(const SocketAddress& to, int error) {
  return fail(ErrorKind::kUnavailable, "can't connect to " + to.to_string() + ": " + std::strerror(error));
}

bool bind_source(int fd, const IpAddress& source) {
  // The port is chosen at connect, so that ports can be shared by connections to different servers.
  const int on = 1;
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  sockaddr_storage storage{};
  const socklen_t length = SocketAddress{source, 0}.to_sockaddr(storage);
  return bind(fd, reinterpret_cast<const sockaddr*>(&storage), length) == 0;
}

}  // namespace

ClientStream::ClientStream(EventLoop& loop, Owner& owner) : loop_(loop), owner_(owner) {}

ClientStream::~ClientStream() {
  if (fd_ >= 0) ::close(fd_);
}

Status ClientStream::open(const Url& url, const ClientOptions& options) {
  url_ = url;
  options_ = options;
  auto addresses = options.addresses.empty() ? resolve_host(url.host, url.port) : options.addresses;
  if (!addresses) return std::unexpected(addresses.error());
  untried_ = std::move(*addresses);
  std::ranges::reverse(untried_);
  return connect_next();
}

// Begins with the next address that does not fail at once; the last one's failure is the answer.
Status ClientStream::connect_next() {
  state_ = State::kConnecting;
  Status begun = fail(ErrorKind::kUnavailable, "no address to connect to");
  while (!begun && !untried_.empty()) {
    peer_ = untried_.back();
    untried_.pop_back();
    begun = connect_to(peer_);
    if (!begun && fd_ >= 0) ::close(std::exchange(fd_, -1));  // not watched yet
  }
  return begun;
}

Status ClientStream::connect_to(const SocketAddress& address) {
  sockaddr_storage storage{};
  const socklen_t length = address.to_sockaddr(storage);
  fd_ = socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return no_connection(address, errno);
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (!options_.bind_address.empty()) {
    const auto source = IpAddress::parse(options_.bind_address);
    if (!source) return std::unexpected(source.error());
    if (!bind_source(fd_, *source)) return no_connection(address, errno);
  }
  if (connect(fd_, reinterpret_cast<const sockaddr*>(&storage), length) != 0 && errno != EINPROGRESS)
    return no_connection(address, errno);
  wants_write_ = true;
  return loop_.watch(fd_, *this, true);
}

void ClientStream::on_ready(bool readable, bool writable, bool hung_up) {
  if (state_ == State::kConnecting) {
    if (writable || hung_up) finish_connecting();
  } else if (state_ == State::kHandshaking) {
    shake_hands();
  } else if (state_ == State::kOpen) {
    flush();
    if (state_ == State::kOpen && (readable || hung_up)) receive();
  }
}

void ClientStream::finish_connecting() {
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) {
    drop_descriptor();
    const Status next = untried_.empty() ? no_connection(peer_, error) : connect_next();
    if (!next) end(next);
    return;
  }
  if (!url_.secure()) return become_open();
  auto tls = make_client_tls(fd_, url_.host, options_);
  if (!tls) return end(std::unexpected(tls.error()));
  tls_ = std::move(*tls);
  state_ = State::kHandshaking;
  shake_hands();
}

void ClientStream::shake_hands() {
  ERR_clear_error();
  const int done = SSL_do_handshake(tls_.get());
  if (done == 1) return become_open();
  const int reason = SSL_get_error(tls_.get(), done);
  if (reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE)
    return want_write(reason == SSL_ERROR_WANT_WRITE);
  end(fail(ErrorKind::kUnavailable, tls_failure(*tls_)));
}

void ClientStream::become_open() {
  state_ = State::kOpen;
  want_write(false);
  owner_.on_connected();
}

// The kernel tells again if more is waiting; OpenSSL's own buffer must be emptied here.
void ClientStream::receive() {
  do {
    const auto room = loop_.read_buffer();
    const Movement movement = move_in(room);
    if (movement.what == Moved::kEnded) return end({});
    if (movement.what == Moved::kBroken) {
      return end(fail(ErrorKind::kUnavailable, tls_ ? tls_failure(*tls_) : "the connection was cut"));
    }
    if (movement.what == Moved::kSome) owner_.on_bytes(room.first(movement.bytes));
  } while (state_ == State::kOpen && tls_ && SSL_pending(tls_.get()) > 0);
}

void ClientStream::write(std::string_view bytes) {
  if (state_ != State::kOpen) return;
  const bool waiting = !unsent_.empty();
  unsent_.append(bytes);
  if (!waiting) flush();
}

// A broken connection is told by receive(), which the shutdown wakes: the reason, and what came before it, are read
// there.
void ClientStream::flush() {
  std::size_t sent = 0;
  Movement movement;
  while (sent < unsent_.size()) {
    movement = move_out(std::string_view(unsent_).substr(sent));
    if (movement.what != Moved::kSome) break;
    sent += movement.bytes;
  }
  unsent_.erase(0, sent);
  if (movement.what == Moved::kBroken || movement.what == Moved::kEnded) {
    unsent_.clear();
    ::shutdown(fd_, SHUT_RDWR);
  }
  const bool waited = wants_write_;
  want_write(!unsent_.empty());
  if (waited && !wants_write_) owner_.on_drained();
}

ClientStream::Movement ClientStream::move_in(std::span<std::uint8_t> room) {
  if (!tls_) {
    const auto got = recv(fd_, room.data(), room.size(), 0);
    if (got > 0) return {Moved::kSome, static_cast<std::size_t>(got)};
    if (got == 0) return {Moved::kEnded, 0};
    return {errno == EAGAIN || errno == EINTR ? Moved::kBlocked : Moved::kBroken, 0};
  }
  ERR_clear_error();
  std::size_t got = 0;
  const int done = SSL_read_ex(tls_.get(), room.data(), room.size(), &got);
  return done == 1 ? Movement{Moved::kSome, got} : tls_movement(done);
}

ClientStream::Movement ClientStream::move_out(std::string_view bytes) {
  if (!tls_) {
    const auto sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) return {Moved::kSome, static_cast<std::size_t>(sent)};
    return {errno == EAGAIN || errno == EINTR ? Moved::kBlocked : Moved::kBroken, 0};
  }
  ERR_clear_error();
  std::size_t sent = 0;
  const int done = SSL_write_ex(tls_.get(), bytes.data(), bytes.size(), &sent);
  return done == 1 ? Movement{Moved::kSome, sent} : tls_movement(done);
}

// What a TLS call that moved nothing means.
ClientStream::Movement ClientStream::tls_movement(int returned) const {
  switch (SSL_get_error(tls_.get(), returned)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return {Moved::kBlocked, 0};
    case SSL_ERROR_ZERO_RETURN:
      return {Moved::kEnded, 0};
    default:
      return {Moved::kBroken, 0};
  }
}

void ClientStream::want_write(bool wanted) {
  if (wanted == wants_write_) return;
  wants_write_ = wanted;
  loop_.rewatch(fd_, *this, wanted);
}

void ClientStream::close() {
  if (state_ == State::kOpen && tls_) {
    ERR_clear_error();
    SSL_shutdown(tls_.get());
  }
  state_ = State::kClosed;
  unsent_.clear();
  drop_descriptor();
}

void ClientStream::drop_descriptor() {
  if (fd_ < 0) return;
  loop_.unwatch(fd_);
  ::close(std::exchange(fd_, -1));
}

void ClientStream::end(Status how) {
  state_ = State::kClosed;
  drop_descriptor();
  owner_.on_end(std::move(how));
}

}  // namespace herald::transport
