#include "app/port_probe.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace herald::app {

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
  return bound ? Status{} : fail(ErrorKind::kUnavailable, std::strerror(error));
}

}  // namespace herald::app
