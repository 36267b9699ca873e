#pragma once
// PUT of a SimplePush endpoint: "version=<N>" (docs/webpush.md, "SimplePush").

#include <cstdint>
#include <expected>
#include <string_view>

#include "base/time.h"
#include "protocol/app_server/webpush/refusal.h"

namespace herald::protocol::simplepush {

// "version=" and 17 digits.
inline constexpr std::size_t kBodyMaxBytes = 25;
// Versions are below 2^53, so that JavaScript counts them exactly.
inline constexpr std::uint64_t kVersionBound = 9'007'199'254'740'992;

// The version of a PUT that came at `now`. White space at the end of the body does not count. An empty body, or
// "version=" without a number, is the time in seconds since the epoch, as Mozilla's servers took it. Refused: 413 past
// kBodyMaxBytes, 400 for anything else but a version from 0 on below kVersionBound.
[[nodiscard]] std::expected<std::uint64_t, webpush::Refusal> parse_version(std::string_view body, WallTime now);

}  // namespace herald::protocol::simplepush
