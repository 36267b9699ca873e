#pragma once
// Open connections by IP address, for all loops of the process. Thread-safe.

#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "transport/address.h"

namespace herald::transport {

struct IpAddressHash {
  [[nodiscard]] std::size_t operator()(const IpAddress& ip) const;
};

class ConnectionCounts {
 public:
  // Counts one more connection from `ip`; false, and not counted, if there are `most` already.
  [[nodiscard]] bool enter(const IpAddress& ip, std::uint64_t most);
  // Takes back one enter() that was true.
  void leave(const IpAddress& ip);

 private:
  std::mutex mutex_;
  std::unordered_map<IpAddress, std::uint32_t, IpAddressHash> counts_;
};

}  // namespace herald::transport
