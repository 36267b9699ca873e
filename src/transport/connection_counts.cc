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
  return enter(open_, ip, most);
}

void ConnectionCounts::leave(const IpAddress& ip) {
  leave(open_, ip);
}

bool ConnectionCounts::enter_unread(const IpAddress& ip, std::uint64_t most) {
  return enter(unread_, ip, most);
}

void ConnectionCounts::leave_unread(const IpAddress& ip) {
  leave(unread_, ip);
}

bool ConnectionCounts::enter(Counts& counts, const IpAddress& ip, std::uint64_t most) {
  const std::lock_guard lock(mutex_);
  auto& count = counts[ip.client_network(v6_prefix_bits_)];
  if (count >= most && !is_unbounded(ip)) return false;
  ++count;
  return true;
}

void ConnectionCounts::leave(Counts& counts, const IpAddress& ip) {
  const std::lock_guard lock(mutex_);
  const auto found = counts.find(ip.client_network(v6_prefix_bits_));
  HERALD_CHECK(found != counts.end(), "a connection left that never entered");
  if (--found->second == 0) counts.erase(found);
}

bool ConnectionCounts::is_unbounded(const IpAddress& ip) const {
  return std::ranges::any_of(unbounded_, [&ip](const Network& network) { return network.contains(ip); });
}

}  // namespace herald::transport
