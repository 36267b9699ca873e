#include "app/port_probe.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace herald::app {

namespace {

ErrorKind kind_of(int error) {
  if (error == EADDRINUSE) return ErrorKind::kConflict;
  if (error == EACCES || error == EPERM) return ErrorKind::kUnauthorized;
  return error == EADDRNOTAVAIL ? ErrorKind::kNotFound : ErrorKind::kUnavailable;
}

}  // namespace

Status probe_port(const transport::SocketAddress& at) {
  if (at.port == 0) return {};
  sockaddr_storage storage{};
  const socklen_t length = at.to_sockaddr(storage);
  const int fd = ::socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail(ErrorKind::kUnavailable, std::strerror(errno));
  const int on = 1;
  // A port that a herald just left may be taken at once; [::] and 0.0.0.0 may have the same port.
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (at.ip.is_v6()) ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
  const bool bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&storage), length) == 0;
  const int error = errno;
  ::close(fd);
  return bound ? Status{} : fail(kind_of(error), std::strerror(error));
}

std::string bind_advice(ErrorKind kind, const transport::SocketAddress& at, const std::string& option) {
  switch (kind) {
    case ErrorKind::kUnauthorized:
      return "ports below 1024 ask for a permission (the capability CAP_NET_BIND_SERVICE; in systemd "
             "AmbientCapabilities=); grant it, or choose a higher port with " +
             option;
    case ErrorKind::kNotFound:
      return "this machine has no address " + at.ip.to_string() + "; choose one that it has, or 0.0.0.0, with " +
             option;
    default:
      return "stop what uses that port, or choose another with " + option;
  }
}

}  // namespace herald::app
