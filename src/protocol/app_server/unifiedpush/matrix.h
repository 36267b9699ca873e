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
  std::string body;                   // {"notification":{…}} without "devices"
};

// Refused: 400 for anything but JSON with `notification`, `devices` of 1 to kDevicesMost, each with a pushkey; 413 if
// what a device would get is past webpush_message_max_bytes.
[[nodiscard]] std::expected<MatrixNotification, webpush::Refusal> parse_matrix(std::string_view body,
                                                                               const Limits& limits);

// {"rejected":[…]}: pushkeys that must never be used again.
[[nodiscard]] std::string rejected_body(const std::vector<std::string>& rejected);
// {"unifiedpush":{"gateway":"matrix"}}
[[nodiscard]] std::string_view gateway_discovery();
// {"unifiedpush":{"version":1}}
[[nodiscard]] std::string_view endpoint_discovery();

}  // namespace herald::protocol::unifiedpush
