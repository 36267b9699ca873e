// Any bytes as X-Forwarded-For fields, one a line, as a trusted proxy sends them: the sender is the proxy, or an
// address that the fields hold; a stranger's fields are never read.

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "transport/sender_address.h"

namespace transport = herald::transport;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::vector trusted{*transport::Network::parse("10.0.0.0/8")};
  transport::HttpRequest request;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    request.headers.emplace_back("X-Forwarded-For", line);
  }
  request.peer = *transport::SocketAddress::parse("192.0.2.1:1");
  HERALD_CHECK(transport::sender_address(request, trusted) == request.peer.ip, "a stranger is who it is");
  request.peer = *transport::SocketAddress::parse("10.0.0.1:1");
  const auto sender = transport::sender_address(request, trusted);
  HERALD_CHECK(!request.headers.empty() || sender == request.peer.ip, "without a field it is the proxy");
  // Read once more with one proxy more in front, it is the same.
  request.headers.emplace_back("X-Forwarded-For", "10.0.0.2");
  const auto behind = transport::sender_address(request, trusted);
  HERALD_CHECK(behind == sender || behind == transport::IpAddress::parse("10.0.0.2").value(), "proxies add nothing");
  return 0;
}
