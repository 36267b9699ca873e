#include "transport/listener.h"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace herald::transport {

namespace {

constexpr int kBacklog = 16384;
constexpr int kAcceptsPerRound = 64;
constexpr std::chrono::milliseconds kPause{100};

void enable(int fd, int level, int option) {
  const int on = 1;
  setsockopt(fd, level, option, &on, sizeof on);
}

// What the kernel may hold for a peer that does not read, and for how long.
void bound_unacknowledged(int fd, const Limits& limits) {
  // Linux takes twice the number given, and fixes the size, which else grows to megabytes.
  const int bytes = static_cast<int>(limits.kernel_send_buffer_max_bytes / 2);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
  const auto timeout_ms = static_cast<unsigned>(limits.unacknowledged_timeout_ms);
  setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof timeout_ms);
}

Error unavailable(const SocketAddress& at) {
  return {ErrorKind::kUnavailable, "can't listen on " + at.to_string() + ": " + std::strerror(errno)};
}

// Errors of one connection that was waiting, not of the listener (accept(2)).
bool concerns_one_connection(int error) {
  return error == ECONNABORTED || error == EINTR || error == EPROTO || error == EPERM || error == ENETDOWN ||
         error == ENETUNREACH || error == EHOSTUNREACH || error == EHOSTDOWN || error == ENOPROTOOPT ||
         error == EOPNOTSUPP || error == ENONET;
}

// A TCP socket for listening; the caller closes it. -1: no descriptors.
int open_socket(const SocketAddress& at) {
  const int fd = socket(at.ip.is_v6() ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return fd;
  enable(fd, SOL_SOCKET, SO_REUSEADDR);
  if (at.ip.is_v6()) enable(fd, IPPROTO_IPV6, IPV6_V6ONLY);
  return fd;
}

bool bind_socket(int fd, const SocketAddress& at) {
  sockaddr_storage address;
  const socklen_t size = at.to_sockaddr(address);
  return bind(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0;
}

}  // namespace

Result<std::unique_ptr<Listener>> Listener::open(ConnectionHost& host, const SocketAddress& at,
                                                 std::shared_ptr<TlsContext> tls) {
  const int fd = open_socket(at);
  if (fd < 0) return std::unexpected(unavailable(at));
  auto out = std::unique_ptr<Listener>(new Listener(host, fd, std::move(tls)));
  enable(fd, SOL_SOCKET, SO_REUSEPORT);
  // Accepted sockets inherit these.
  enable(fd, IPPROTO_TCP, TCP_NODELAY);
  bound_unacknowledged(fd, host.limits);
  if (!bind_socket(fd, at) || listen(fd, kBacklog) != 0) return std::unexpected(unavailable(at));
  sockaddr_storage address;
  socklen_t size = sizeof address;
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  out->local_ = SocketAddress::from_sockaddr(address);
  if (auto status = host.loop.watch(fd, *out); !status) return std::unexpected(std::move(status.error()));
  out->watched_ = true;
  return out;
}

Result<std::unique_ptr<Listener>> Listener::open_file(ConnectionHost& host, const std::string& file) {
  const auto failed = [&file](const std::string& reason) {
    return fail(ErrorKind::kUnavailable, "can't listen on " + file + ": " + reason);
  };
  sockaddr_un address{};
  if (file.size() >= sizeof address.sun_path) return failed("the path is too long for a Unix socket");
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return failed(std::strerror(errno));
  auto out = std::unique_ptr<Listener>(new Listener(host, fd, nullptr));
  address.sun_family = AF_UNIX;
  file.copy(address.sun_path, file.size());
  const auto* name = reinterpret_cast<const sockaddr*>(&address);
  if (connect(fd, name, sizeof address) == 0) return failed("another server listens there");
  if (errno == ECONNREFUSED) unlink(file.c_str());
  // The file gets the mode of the socket that makes it.
  if (fchmod(fd, S_IRUSR | S_IWUSR) != 0 || bind(fd, name, sizeof address) != 0) return failed(std::strerror(errno));
  out->file_ = file;
  if (listen(fd, kBacklog) != 0) return failed(std::strerror(errno));
  if (auto status = host.loop.watch(fd, *out); !status) return std::unexpected(std::move(status.error()));
  out->watched_ = true;
  return out;
}

Listener::Listener(ConnectionHost& host, int fd, std::shared_ptr<TlsContext> tls)
    : host_(host), fd_(fd), tls_(std::move(tls)), reserve_(host.limits.descriptors_reserved) {}

Listener::~Listener() {
  host_.loop.cancel(resume_);
  if (watched_) host_.loop.unwatch(fd_);
  close(fd_);
  if (!file_.empty()) unlink(file_.c_str());
}

void Listener::accept_all() {
  while (accept_one()) {
  }
}

void Listener::on_ready(bool /*readable*/, bool /*writable*/, bool /*hung_up*/) {
  for (int i = 0; i < kAcceptsPerRound && accept_one(); ++i) {
  }
}

bool Listener::accept_one() {
  sockaddr_storage from{};
  socklen_t size = sizeof from;
  const int fd = accept4(fd_, reinterpret_cast<sockaddr*>(&from), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0 && reserve_.covers(fd)) {
    refuse(fd);
    return true;
  }
  if (fd >= 0) {
    host_.adopt(fd, file_.empty() ? SocketAddress::from_sockaddr(from) : SocketAddress(),
                tls_ ? tls_->native() : nullptr);
    return true;
  }
  if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
  if (concerns_one_connection(errno)) return true;
  pause();
  return false;
}

// Closed at once: a peer that waits in the queue would learn nothing, and could not go to another server.
void Listener::refuse(int fd) {
  close(fd);
  host_.metrics.refused(Refusal::kDescriptors);
  if (!reserve_.begins_shortage()) return;
  host_.log.warning("new connections refused, the descriptors that are left are reserved",
                    {{"reserved", static_cast<std::int64_t>(host_.limits.descriptors_reserved)},
                     {"advice", "raise the limit on open files (ulimit -n)"}});
}

// The process has no descriptors or no memory left, and the connection stays in the queue: without a pause the loop
// would be told of it without end.
void Listener::pause() {
  host_.metrics.refused(Refusal::kDescriptors);
  host_.log.warning("can't accept connections for now", {{"reason", std::string_view(std::strerror(errno))}});
  if (!watched_) return;
  host_.loop.rewatch(fd_, *this, false, false);
  resume_ = host_.loop.run_after(kPause, [this] {
    resume_ = 0;
    host_.loop.rewatch(fd_, *this, false, true);
  });
}

}  // namespace herald::transport
