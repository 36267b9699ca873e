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

 private:
  [[nodiscard]] bool is_unbounded(const IpAddress& ip) const;

  const std::vector<Network> unbounded_;
  const std::uint64_t v6_prefix_bits_;
  std::mutex mutex_;
  std::unordered_map<IpAddress, std::uint32_t, IpAddressHash> counts_;
};

}  // namespace herald::transport
