#pragma once
// The Matrix push gateway of UnifiedPush: POST /_matrix/push/v1/notify (docs/webpush.md, "UnifiedPush").

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "domain/message.h"
#include "protocol/app_server/webpush/refusal.h"

namespace herald::protocol::unifiedpush {

// One gateway request names at most so many devices.
inline constexpr std::size_t kDevicesMost = 100;
// How long a gateway's message waits for its device.
inline constexpr std::uint64_t kGatewayTtlS = 86'400;

struct MatrixNotification {
  std::vector<std::string> pushkeys;  // one for each device, in order: the endpoint's URL
  Urgency urgency = Urgency::kHigh;   // low if "prio" says so
  std::string body;                   // {"notification":{…}}: what fits of it, without "devices"
};

// A homeserver holds back everything that follows a notification that was refused, and any member of a room decides
// what stands in an event. So nothing in a notification is refused but its devices, which the homeserver wrote: a
// member that is not strict JSON (a lone surrogate, U+0000, deeper than json_depth_max) is left out, `content` first
// and then the largest ones if all together are past webpush_message_max_bytes; ids, counts and prio come last.
// Refused, with 400: anything but an object with `notification`, `devices` of 1 to kDevicesMost, each with a pushkey.
[[nodiscard]] std::expected<MatrixNotification, webpush::Refusal> parse_matrix(std::string_view body,
                                                                               const Limits& limits);

// {"rejected":[…]}: pushkeys that must never be used again.
[[nodiscard]] std::string rejected_body(const std::vector<std::string>& rejected);
// {"unifiedpush":{"gateway":"matrix"}}
[[nodiscard]] std::string_view gateway_discovery();
// {"unifiedpush":{"version":1}}
[[nodiscard]] std::string_view endpoint_discovery();

}  // namespace herald::protocol::unifiedpush
