#pragma once
// Open connections by client, which is an IPv4 address or an IPv6 network, for all loops of the process. Thread-safe.

#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "transport/address.h"

namespace herald::transport {

struct IpAddressHash {
  [[nodiscard]] std::size_t operator()(const IpAddress& ip) const;
};

class ConnectionCounts {
 public:
  // Addresses in `unbounded` are counted and never refused: a proxy's connections are those of many.
  // `v6_prefix_bits`: IpAddress::client_network().
  explicit ConnectionCounts(std::vector<Network> unbounded = {}, std::uint64_t v6_prefix_bits = 128)
      : unbounded_(std::move(unbounded)), v6_prefix_bits_(v6_prefix_bits) {}

  // Counts one more connection from the client of `ip`; false, and not counted, if there are `most` already.
  [[nodiscard]] bool enter(const IpAddress& ip, std::uint64_t most);
  // Takes back one enter() that was true.
  void leave(const IpAddress& ip);
  // The same for connections whose client does not read what it was sent.
  [[nodiscard]] bool enter_unread(const IpAddress& ip, std::uint64_t most);
  void leave_unread(const IpAddress& ip);

 private:
  using Counts = std::unordered_map<IpAddress, std::uint32_t, IpAddressHash>;

  [[nodiscard]] bool enter(Counts& counts, const IpAddress& ip, std::uint64_t most);
  void leave(Counts& counts, const IpAddress& ip);
  [[nodiscard]] bool is_unbounded(const IpAddress& ip) const;

  const std::vector<Network> unbounded_;
  const std::uint64_t v6_prefix_bits_;
  std::mutex mutex_;
  Counts open_;
  Counts unread_;
};

}  // namespace herald::transport
