#include "domain/wake_need.h"

#include <algorithm>
#include <chrono>

namespace herald {

namespace {

using std::chrono::milliseconds;

// The longest that a device can be pinged without anything new, twice, since pings may have to wait for their turn.
milliseconds pinged_for(const Limits& limits) {
  milliseconds sum(limits.ping_gather_ms);
  milliseconds wait(limits.ping_retry_first_ms);
  const milliseconds most(limits.ping_retry_most_ms);
  for (std::uint64_t ping = 1; ping < limits.ping_attempts; ++ping) {
    sum += wait;
    wait = std::min(wait * 2, most);
  }
  return 2 * sum;
}

}  // namespace

WakeNeed::WakeNeed(WallTime now, const Limits& limits) : pings_end_(now + pinged_for(limits)) {}

void WakeNeed::add(const MessagePtr& message) {
  if (message->priority == Priority::kPassive) return;
  MessagePtr& kept = messages_[message->priority == Priority::kRealTime ? 0 : 1];
  if (!kept || message->expires_at > kept->expires_at) kept = message;
}

bool WakeNeed::settled() const {
  return messages_[0] && messages_[0]->expires_at >= pings_end_;
}

}  // namespace herald
