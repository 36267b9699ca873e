#include "protocol/app_server/notify/expiry.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace herald::protocol::notify {
namespace {

// 10^11 s is the year 5138, 10^11 ms is 1973: no sender's clock is near either.
constexpr double kMillisecondsFrom = 1e11;
constexpr double kMillisecondsMost = 1e15;  // any later time is as far away
constexpr double kMsPerSecond = 1000.0;
constexpr std::chrono::milliseconds kAheadMost = std::chrono::hours(24);

std::chrono::milliseconds seconds(std::uint64_t count) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(count) * 1000);
}

// A number, or a string of digits with at most one point. Never infinite or negative.
std::optional<double> read_number(const JsonValue& value) {
  if (value.type() == JsonType::kNumber) {
    const auto number = value.number();
    return number && *number >= 0 ? number : std::nullopt;
  }
  const auto text = value.string();
  if (!text || text->empty() || text->find_first_not_of("0123456789.") != std::string_view::npos) return std::nullopt;
  double number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
  return number;
}

}  // namespace

std::optional<std::uint64_t> read_ttl(const std::optional<JsonValue>& value, std::uint64_t retention_s) {
  if (!value) return 0;
  const auto ttl_s = read_number(*value);
  if (!ttl_s || std::trunc(*ttl_s) != *ttl_s) return std::nullopt;
  if (*ttl_s >= static_cast<double>(retention_s)) return retention_s;
  return static_cast<std::uint64_t>(*ttl_s);
}

std::optional<WallTime> read_time(const JsonValue& value) {
  auto number = read_number(value);
  if (!number) return std::nullopt;
  if (*number < kMillisecondsFrom) *number *= kMsPerSecond;
  return WallTime{static_cast<std::int64_t>(std::min(*number, kMillisecondsMost))};
}

std::optional<WallTime> read_timestamp(const std::optional<JsonValue>& value, WallTime now) {
  if (!value) return now;
  const auto time = read_time(*value);
  return time && *time > now + kAheadMost ? now : time;
}

WallTime expiry(WallTime timestamp, std::uint64_t ttl_s, WallTime now, std::uint64_t retention_s) {
  const WallTime latest = now + seconds(retention_s);
  return ttl_s == 0 ? latest : std::min(timestamp + seconds(ttl_s), latest);
}

}  // namespace herald::protocol::notify
