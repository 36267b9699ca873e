#pragma once
// From which address each device spoke last, and when. A device that speaks from the address at which it was pinged,
// after the ping, shows that the ping went to itself and not to somebody else.

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/time.h"
#include "domain/ids.h"

namespace herald {

// Any thread.
class WakeProofs {
 public:
  // Remembers `most` devices; past it some are forgotten, and have to speak again.
  explicit WakeProofs(std::size_t most);

  // `ip` in the one spelling that transport::IpAddress::to_string() has.
  void spoke(const UserAgentId& user_agent, std::string_view ip, MonoTime at);
  // Whether it spoke from `ip` later than `since`.
  [[nodiscard]] bool spoke_after(const UserAgentId& user_agent, std::string_view ip, MonoTime since) const;

 private:
  struct Seen {
    std::string ip;
    MonoTime at;
  };

  const std::size_t most_;
  mutable std::mutex mutex_;
  std::unordered_map<UserAgentId, Seen, IdHash> seen_;
};

}  // namespace herald
