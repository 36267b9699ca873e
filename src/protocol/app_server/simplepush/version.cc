#include "protocol/app_server/simplepush/version.h"

#include <charconv>

namespace herald::protocol::simplepush {

namespace {
constexpr std::string_view kName = "version=";
}

std::expected<std::uint64_t, webpush::Refusal> parse_version(std::string_view body, WallTime now) {
  if (body.size() > kBodyMaxBytes) {
    return std::unexpected(
        webpush::Refusal{413, webpush::Errno::kTooLarge, "Body too big", "message_too_big", std::nullopt});
  }
  body = body.substr(0, body.find_last_not_of(" \t\r\n") + 1);
  if (body.empty() || body == kName) return static_cast<std::uint64_t>(now.ms / 1'000);
  const std::string_view digits = body.starts_with(kName) ? body.substr(kName.size()) : std::string_view();
  std::uint64_t version = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), version);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size() || version >= kVersionBound) {
    return std::unexpected(webpush::Refusal{400, std::nullopt, "The body must be version=<a whole number below 2^53>",
                                            "version", std::nullopt});
  }
  return version;
}

}  // namespace herald::protocol::simplepush
