#include "domain/wake_proofs.h"

namespace herald {

WakeProofs::WakeProofs(std::size_t most) : most_(most) {}

void WakeProofs::spoke(const UserAgentId& user_agent, std::string_view ip, MonoTime at) {
  const std::lock_guard lock(mutex_);
  if (most_ == 0) return;
  if (seen_.size() >= most_ && !seen_.contains(user_agent)) seen_.erase(seen_.begin());
  seen_.insert_or_assign(user_agent, Seen{std::string(ip), at});
}

bool WakeProofs::spoke_after(const UserAgentId& user_agent, std::string_view ip, MonoTime since) const {
  const std::lock_guard lock(mutex_);
  const auto found = seen_.find(user_agent);
  return found != seen_.end() && found->second.ip == ip && found->second.at > since;
}

}  // namespace herald
