#pragma once
// Private to the folder: `ttl` and `timestamp` of a notification, and the instant they make.

#include <cstdint>
#include <optional>

#include "base/time.h"
#include "protocol/json.h"

namespace herald::protocol::notify {

// Seconds, from a whole number or a decimal string; absent is 0, above `retention_s` is `retention_s`. nullopt:
// negative, fractional, or no number.
[[nodiscard]] std::optional<std::uint64_t> read_ttl(const std::optional<JsonValue>& value, std::uint64_t retention_s);

// As read_timestamp(), however far ahead it is.
[[nodiscard]] std::optional<WallTime> read_time(const JsonValue& value);

// Seconds since the epoch (a fraction is allowed) or, from 10^11 on, milliseconds; a number or a decimal string.
// Absent, or more than a day ahead of `now`: `now`. nullopt: negative or no number.
[[nodiscard]] std::optional<WallTime> read_timestamp(const std::optional<JsonValue>& value, WallTime now);

// `ttl_s` of 0 counts the retention from `now` whatever the timestamp: such a sender asked for no expiry. Otherwise
// timestamp + ttl, at most `now` + retention.
[[nodiscard]] WallTime expiry(WallTime timestamp, std::uint64_t ttl_s, WallTime now, std::uint64_t retention_s);

}  // namespace herald::protocol::notify
