#include "transport/connection_counts.h"

#include <algorithm>
#include <functional>
#include <string_view>

#include "base/check.h"

namespace herald::transport {

std::size_t IpAddressHash::operator()(const IpAddress& ip) const {
  return std::hash<std::string_view>{}({reinterpret_cast<const char*>(ip.data()), ip.size()});
}

bool ConnectionCounts::enter(const IpAddress& ip, std::uint64_t most) {
  const std::lock_guard lock(mutex_);
  auto& count = counts_[ip.client_network(v6_prefix_bits_)];
  if (count >= most && !is_unbounded(ip)) return false;
  ++count;
  return true;
}

bool ConnectionCounts::is_unbounded(const IpAddress& ip) const {
  return std::ranges::any_of(unbounded_, [&ip](const Network& network) { return network.contains(ip); });
}

void ConnectionCounts::leave(const IpAddress& ip) {
  const std::lock_guard lock(mutex_);
  const auto found = counts_.find(ip.client_network(v6_prefix_bits_));
  HERALD_CHECK(found != counts_.end(), "a connection left that never entered");
  if (--found->second == 0) counts_.erase(found);
}

}  // namespace herald::transport
