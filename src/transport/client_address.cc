#include "transport/client_address.h"

#include <netdb.h>

#include <cstring>
#include <memory>

namespace herald::transport {

Result<std::vector<SocketAddress>> resolve_host(const std::string& host, std::uint16_t port) {
  if (const auto literal = IpAddress::parse(host)) return std::vector{SocketAddress{*literal, port}};

  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* first = nullptr;
  const int error = getaddrinfo(host.c_str(), nullptr, &hints, &first);
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(first, &freeaddrinfo);
  if (error != 0) return fail(ErrorKind::kUnavailable, "can't find the host " + host + ": " + gai_strerror(error));

  std::vector<SocketAddress> out;
  for (const addrinfo* entry = first; entry != nullptr; entry = entry->ai_next) {
    sockaddr_storage storage{};
    std::memcpy(&storage, entry->ai_addr, entry->ai_addrlen);
    SocketAddress address = SocketAddress::from_sockaddr(storage);
    address.port = port;
    out.push_back(address);
  }
  if (out.empty()) return fail(ErrorKind::kUnavailable, "the host " + host + " has no address");
  return out;
}

}  // namespace herald::transport
