#include "app/roles.h"

namespace herald::app {

std::string_view to_string(Role role) {
  switch (role) {
    case Role::kAppServer:
      return "app_server";
    case Role::kUserAgentWs:
      return "user_agent_ws";
    case Role::kUserAgentUdp:
      return "user_agent_udp";
    case Role::kMonitor:
      return "monitor";
    case Role::kDeliveryManager:
      return "delivery_manager";
  }
  return "unknown";
}

Result<Role> parse_role(std::string_view name) {
  std::string known;
  for (const Role role : kAllRoles) {
    if (to_string(role) == name) return role;
    known.append(known.empty() ? "" : ", ").append(to_string(role));
  }
  return fail(ErrorKind::kInvalid, "'" + std::string(name) + "' is no role; roles are all, " + known);
}

RoleSet RoleSet::all() {
  RoleSet set;
  for (const Role role : kAllRoles) set.add(role);
  return set;
}

bool RoleSet::serve() const {
  return has(Role::kAppServer) || has(Role::kUserAgentWs) || has(Role::kUserAgentUdp);
}

bool RoleSet::complete() const {
  return has(Role::kAppServer) && has(Role::kMonitor) && has(Role::kUserAgentWs) && has(Role::kDeliveryManager);
}

std::string RoleSet::to_string() const {
  if (*this == all()) return "all";
  std::string out;
  for (const Role role : kAllRoles) {
    if (has(role)) out.append(out.empty() ? "" : ",").append(app::to_string(role));
  }
  return out;
}

}  // namespace herald::app
