#pragma once
// The roles that one process can hold, as named in configurations.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace herald::app {

enum class Role : std::uint8_t { kAppServer, kUserAgentWs, kUserAgentUdp, kMonitor, kDeliveryManager };

inline constexpr std::array kAllRoles = {Role::kAppServer, Role::kUserAgentWs, Role::kUserAgentUdp, Role::kMonitor,
                                         Role::kDeliveryManager};

[[nodiscard]] std::string_view to_string(Role role);
// kInvalid: no such role; the message lists them.
[[nodiscard]] Result<Role> parse_role(std::string_view name);

class RoleSet {
 public:
  [[nodiscard]] static RoleSet all();
  void add(Role role) { bits_ |= bit(role); }
  [[nodiscard]] bool has(Role role) const { return (bits_ & bit(role)) != 0; }
  [[nodiscard]] bool empty() const { return bits_ == 0; }
  // Some role of these is reached by devices or application servers.
  [[nodiscard]] bool serve() const;
  // These roles alone bring a message from its sender to a device.
  [[nodiscard]] bool complete() const;
  // "all", or the names with commas.
  [[nodiscard]] std::string to_string() const;
  bool operator==(const RoleSet&) const = default;

 private:
  static unsigned bit(Role role) { return 1U << static_cast<unsigned>(role); }
  unsigned bits_ = 0;
};

}  // namespace herald::app
