#pragma once
// One log entry as a line of text, without the line feed.

#include <span>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/time.h"

namespace herald::operations {

struct LogEntry {
  WallTime time;
  LogLevel level = LogLevel::kInfo;
  std::string_view event;
  std::span<const LogField> fields;
};

// "debug", "info", "warning", "error".
[[nodiscard]] std::string_view to_string(LogLevel level);

// For people: `2026-11-22T14:45:00.123Z info  message accepted message=01ab app=77cd`. Values that are empty or contain
// spaces, quotes or control characters are quoted and escaped, so that an entry is always one line.
// `colour`: the level in ANSI colour.
[[nodiscard]] std::string text_line(const LogEntry& entry, bool colour);

// For machines: one JSON object with "time", "level", "event" and the fields. A number that JSON can't hold is null.
[[nodiscard]] std::string json_line(const LogEntry& entry);

}  // namespace herald::operations
