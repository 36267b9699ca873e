#pragma once
// Open connections by IP address, for all loops of the process. Thread-safe.

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
  explicit ConnectionCounts(std::vector<Network> unbounded = {}) : unbounded_(std::move(unbounded)) {}

  // Counts one more connection from `ip`; false, and not counted, if there are `most` already.
  [[nodiscard]] bool enter(const IpAddress& ip, std::uint64_t most);
  // Takes back one enter() that was true.
  void leave(const IpAddress& ip);

 private:
  [[nodiscard]] bool is_unbounded(const IpAddress& ip) const;

  const std::vector<Network> unbounded_;
  std::mutex mutex_;
  std::unordered_map<IpAddress, std::uint32_t, IpAddressHash> counts_;
};

}  // namespace herald::transport
