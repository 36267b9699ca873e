#include "operations/log_line.h"

#include <fmt/format.h>

#include <cmath>
#include <ctime>
#include <iterator>
#include <type_traits>
#include <variant>

#include "base/json_string.h"

namespace herald::operations {

namespace {

// ISO 8601 in UTC, to the millisecond.
std::string iso_time(WallTime time) {
  const std::int64_t ms = ((time.ms % 1000) + 1000) % 1000;
  const std::time_t seconds = (time.ms - ms) / 1000;
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                     utc.tm_hour, utc.tm_min, utc.tm_sec, ms);
}

// Five characters, so that events stand in one column.
std::string_view column_name(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info ";
    case LogLevel::kWarning:
      return "warn ";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

std::string_view ansi_colour(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "\x1b[2m";
    case LogLevel::kInfo:
      return "\x1b[32m";
    case LogLevel::kWarning:
      return "\x1b[33m";
    case LogLevel::kError:
      return "\x1b[1;31m";
  }
  return "";
}

bool is_plain(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    if (c <= ' ' || c > '~' || c == '"' || c == '=' || c == '\\') return false;
  }
  return true;
}

void append_text_value(std::string& out, const LogField& field) {
  std::visit(
      [&](auto value) {
        if constexpr (!std::is_same_v<decltype(value), std::string_view>) {
          fmt::format_to(std::back_inserter(out), "{}", value);
        } else if (is_plain(value)) {
          out += value;
        } else {
          append_json_string(out, value);
        }
      },
      field.value);
}

void append_json_value(std::string& out, const LogField& field) {
  std::visit(
      [&](auto value) {
        using Value = decltype(value);
        if constexpr (std::is_same_v<Value, std::string_view>) {
          append_json_string(out, value);
        } else if constexpr (std::is_same_v<Value, double>) {
          out += std::isfinite(value) ? fmt::format("{}", value) : "null";
        } else {
          fmt::format_to(std::back_inserter(out), "{}", value);
        }
      },
      field.value);
}

}  // namespace

std::string_view to_string(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

std::string text_line(const LogEntry& entry, bool colour) {
  std::string out = iso_time(entry.time);
  out += ' ';
  if (colour) out += ansi_colour(entry.level);
  out += column_name(entry.level);
  if (colour) out += "\x1b[0m";
  out += ' ';
  out += entry.event;
  for (const auto& field : entry.fields) {
    out += ' ';
    out += field.name;
    out += '=';
    append_text_value(out, field);
  }
  return out;
}

std::string json_line(const LogEntry& entry) {
  std::string out = "{\"time\":\"" + iso_time(entry.time) + "\",\"level\":\"";
  out += to_string(entry.level);
  out += "\",\"event\":";
  append_json_string(out, entry.event);
  for (const auto& field : entry.fields) {
    out += ',';
    append_json_string(out, field.name);
    out += ':';
    append_json_value(out, field);
  }
  out += '}';
  return out;
}

}  // namespace herald::operations
