#pragma once
// The request that `herald send --webpush` makes.

#include <string>
#include <utility>
#include <vector>

#include "app/commands/commands.h"
#include "app/commands/webpush_keys.h"
#include "base/random.h"
#include "base/time.h"

namespace herald::app {

struct WebPushRequest {
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

// `message` encrypted for `target` (empty: no payload), with the command's TTL, urgency and topic, and signed if
// `vapid` is given. kInvalid: the subscription can't take it; kTooLarge: past 3,993 bytes.
[[nodiscard]] Result<WebPushRequest> make_webpush_request(const SendCommand& command, const WebPushTarget& target,
                                                          const std::string& message, const VapidKeys* vapid,
                                                          RandomSource& random, WallTime now);

// Runs the command.
[[nodiscard]] int send_webpush(const SendCommand& command);

}  // namespace herald::app
