#include "roles/user_agent_ws/context.h"

#include "base/crypto.h"

namespace herald::roles::user_agent_ws {

std::string log_name(const UserAgentId& user_agent) {
  return to_hex(ByteView(sha256(user_agent.bytes)).first(4));
}

}  // namespace herald::roles::user_agent_ws
