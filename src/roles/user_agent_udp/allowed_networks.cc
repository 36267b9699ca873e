#include "roles/user_agent_udp/allowed_networks.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace herald::roles::user_agent_udp {

AllowedNetworks::AllowedNetworks() {
  for (const char* text : {"127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"}) {
    auto network = transport::Network::parse(text);
    HERALD_CHECK(network.has_value(), "the standard networks are well-formed");
    networks_.push_back(*network);
  }
}

Result<AllowedNetworks> AllowedNetworks::parse(const std::vector<std::string>& networks) {
  std::vector<transport::Network> parsed;
  for (const auto& text : networks) {
    auto network = transport::Network::parse(text);
    if (!network) return fail(ErrorKind::kInvalid, "not a network: " + text);
    parsed.push_back(*network);
  }
  return AllowedNetworks(std::move(parsed));
}

bool AllowedNetworks::allows(const transport::IpAddress& ip) const {
  return std::any_of(networks_.begin(), networks_.end(),
                     [&ip](const transport::Network& network) { return network.contains(ip); });
}

bool AllowedNetworks::allows(const WakeInterface& wake) const {
  const auto ip = transport::IpAddress::parse(wake.ip);
  return ip && wake.port != 0 && allows(*ip);
}

}  // namespace herald::roles::user_agent_udp
