#pragma once
// PUT of a SimplePush endpoint: "version=<N>" (docs/webpush.md, "SimplePush").

#include <cstdint>
#include <expected>
#include <string_view>

#include "protocol/app_server/webpush/refusal.h"

namespace herald::protocol::simplepush {

// "version=" and 17 digits.
inline constexpr std::size_t kBodyMaxBytes = 25;
// Versions are below 2^53, so that JavaScript counts them exactly.
inline constexpr std::uint64_t kVersionBound = 9'007'199'254'740'992;

// Refused: 413 past kBodyMaxBytes, 400 for anything but a version from 0 on below kVersionBound.
[[nodiscard]] std::expected<std::uint64_t, webpush::Refusal> parse_version(std::string_view body);

}  // namespace herald::protocol::simplepush
