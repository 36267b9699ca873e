#include "operations/logging.h"

#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

namespace herald::operations {

Result<LogFormat> log_format_from(std::string_view name) {
  if (name == "text") return LogFormat::kText;
  if (name == "json") return LogFormat::kJson;
  return fail(ErrorKind::kInvalid, "the log format is text or json, not \"" + std::string(name) + "\"");
}

Result<LogLevel> log_level_from(std::string_view name) {
  for (const auto level : {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarning, LogLevel::kError}) {
    if (name == to_string(level)) return level;
  }
  return fail(ErrorKind::kInvalid, "the log level is debug, info, warning or error, not \"" + std::string(name) + "\"");
}

bool wants_colour(std::FILE* stream) {
  const char* refused = std::getenv("NO_COLOR");
  return ::isatty(::fileno(stream)) == 1 && (refused == nullptr || *refused == '\0');
}

Logging::Logging(LoggingOptions options, const Clock& clock, std::FILE* stream)
    : options_(options),
      clock_(clock),
      level_(options.level),
      repeats_(options.repeats_per_interval, options.repeat_interval),
      out_(::fileno(stream), options.waiting_max_bytes, [this](std::uint64_t dropped) {
        const LogField fields[] = {{"count", static_cast<std::int64_t>(dropped)}};
        return line_of(LogLevel::kWarning, "log entries dropped, nobody read them in time", fields);
      }) {}

Logging::~Logging() {
  for (const auto& [event, count] : repeats_.take_untold()) {
    const LogField fields[] = {{"of", std::string_view(event)}, {"suppressed", static_cast<std::int64_t>(count)}};
    put(LogLevel::kWarning, "entries suppressed", fields);
  }
}

bool Logging::enabled(LogLevel level) const {
  return level >= this->level();
}

void Logging::write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  if (!enabled(level)) return;
  if (level < LogLevel::kWarning) return put(level, event, fields);
  std::optional<std::uint64_t> suppressed;
  {
    const std::lock_guard lock(mutex_);
    suppressed = repeats_.admit(event, clock_.mono());
  }
  if (!suppressed) return;
  if (*suppressed == 0) return put(level, event, fields);
  std::vector<LogField> more(fields);
  more.push_back({"suppressed", static_cast<std::int64_t>(*suppressed)});
  put(level, event, more);
}

void Logging::put(LogLevel level, std::string_view event, std::span<const LogField> fields) {
  out_.write(line_of(level, event, fields));
}

std::string Logging::line_of(LogLevel level, std::string_view event, std::span<const LogField> fields) const {
  const LogEntry entry{.time = clock_.wall(), .level = level, .event = event, .fields = fields};
  return options_.format == LogFormat::kJson ? json_line(entry) : text_line(entry, options_.colour);
}

}  // namespace herald::operations
