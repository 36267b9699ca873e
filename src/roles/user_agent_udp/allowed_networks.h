#pragma once
// Where pings may go. Without it the server could be used to send datagrams at anybody.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "domain/location.h"
#include "transport/address.h"

namespace herald::roles::user_agent_udp {

// Immutable; any thread.
class AllowedNetworks {
 public:
  // Loopback, and the private ranges of RFC 1918 and RFC 4193.
  AllowedNetworks();
  // In CIDR form. kInvalid: names the one that is none.
  [[nodiscard]] static Result<AllowedNetworks> parse(const std::vector<std::string>& networks);

  [[nodiscard]] bool allows(const transport::IpAddress& ip) const;
  // False too if `wake.ip` is not a literal or the port is 0.
  [[nodiscard]] bool allows(const WakeInterface& wake) const;

 private:
  explicit AllowedNetworks(std::vector<transport::Network> networks) : networks_(std::move(networks)) {}
  std::vector<transport::Network> networks_;
};

}  // namespace herald::roles::user_agent_udp
