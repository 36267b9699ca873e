#pragma once
// One message and some of the devices it is for, on its way to the servers that hold them.

#include <vector>

#include "base/time.h"
#include "domain/ids.h"
#include "domain/message.h"

namespace herald::roles::monitor {

struct Routed {
  MessageId message;
  AppId app;
  Priority priority = Priority::kRealTime;
  WallTime expires_at;
  std::vector<UserAgentId> user_agents;
};

}  // namespace herald::roles::monitor
