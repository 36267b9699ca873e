#include "transport/udp_socket.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace herald::transport {

namespace {

constexpr int kDatagramsPerRound = 64;

Error unavailable(const std::string& what) {
  return {ErrorKind::kUnavailable, what + ": " + std::strerror(errno)};
}

class LoopUdpSocket final : public UdpSocket, private IoHandler {
 public:
  LoopUdpSocket(EventLoop& loop, int fd, OnDatagram on_datagram)
      : loop_(loop), fd_(fd), on_datagram_(std::move(on_datagram)) {}
  LoopUdpSocket(const LoopUdpSocket&) = delete;
  LoopUdpSocket& operator=(const LoopUdpSocket&) = delete;
  ~LoopUdpSocket() override {
    if (watched_) loop_.unwatch(fd_);
    close(fd_);
  }

  Status bind_to(const SocketAddress& at) {
    v6_ = at.ip.is_v6();
    sockaddr_storage address;
    const socklen_t size = at.to_sockaddr(address);
    if (bind(fd_, reinterpret_cast<const sockaddr*>(&address), size) != 0) {
      return std::unexpected(unavailable("can't bind UDP " + at.to_string()));
    }
    socklen_t bound_size = sizeof address;
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &bound_size);
    local_ = SocketAddress::from_sockaddr(address);
    if (!on_datagram_) return {};
    auto status = loop_.watch(fd_, *this);
    watched_ = status.has_value();
    return status;
  }

  Status send_to(const SocketAddress& to, std::string_view datagram) override {
    sockaddr_storage address;
    const socklen_t size = v6_ && !to.ip.is_v6() ? to_mapped_sockaddr(to, address) : to.to_sockaddr(address);
    const auto sent =
        sendto(fd_, datagram.data(), datagram.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address), size);
    if (sent < 0) return std::unexpected(unavailable("can't send to " + to.to_string()));
    return {};
  }

  SocketAddress local() const override { return local_; }

 private:
  // An IPv6 socket reaches IPv4 addresses as ::ffff:a.b.c.d (RFC 4291 §2.5.5.2).
  static socklen_t to_mapped_sockaddr(const SocketAddress& to, sockaddr_storage& out) {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(to.port);
    v6.sin6_addr.s6_addr[10] = v6.sin6_addr.s6_addr[11] = 0xff;
    std::memcpy(&v6.sin6_addr.s6_addr[12], to.ip.data(), 4);
    out = {};
    std::memcpy(&out, &v6, sizeof v6);
    return sizeof v6;
  }

  void on_ready(bool /*readable*/, bool /*writable*/, bool /*hung_up*/) override {
    const auto buffer = loop_.read_buffer();
    for (int i = 0; i < kDatagramsPerRound; ++i) {
      sockaddr_storage from;
      socklen_t size = sizeof from;
      const auto got = recvfrom(fd_, buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
      if (got < 0) return;
      on_datagram_(SocketAddress::from_sockaddr(from),
                   {reinterpret_cast<const char*>(buffer.data()), static_cast<std::size_t>(got)});
    }
  }

  EventLoop& loop_;
  int fd_;
  bool v6_ = false;
  bool watched_ = false;
  OnDatagram on_datagram_;
  SocketAddress local_;
};

}  // namespace

Result<std::unique_ptr<UdpSocket>> UdpSocket::open(EventLoop& loop, const SocketAddress& at, OnDatagram on_datagram) {
  const int fd = socket(at.ip.is_v6() ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return std::unexpected(unavailable("can't open a UDP socket"));
  auto out = std::make_unique<LoopUdpSocket>(loop, fd, std::move(on_datagram));
  if (at.ip.is_v6()) {
    const int off = 0;
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  }
  if (auto status = out->bind_to(at); !status) return std::unexpected(std::move(status.error()));
  return std::unique_ptr<UdpSocket>(std::move(out));
}

}  // namespace herald::transport
