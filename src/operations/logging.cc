#include "operations/logging.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

namespace herald::operations {

namespace {

using StreamSink = spdlog::sinks::stdout_sink_base<spdlog::details::console_mutex>;

std::unique_ptr<spdlog::logger> logger_to(std::FILE* stream) {
  auto logger = std::make_unique<spdlog::logger>("herald", std::make_shared<StreamSink>(stream));
  logger->set_pattern("%v");
  logger->set_level(spdlog::level::trace);
  // spdlog would print its own complaint to the stream that has just failed.
  logger->set_error_handler([](const std::string&) {});
  return logger;
}

}  // namespace

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
      out_(logger_to(stream)),
      repeats_(options.repeats_per_interval, options.repeat_interval) {}

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
  const LogEntry entry{.time = clock_.wall(), .level = level, .event = event, .fields = fields};
  const std::string line = options_.format == LogFormat::kJson ? json_line(entry) : text_line(entry, options_.colour);
  out_->log(spdlog::level::info, line);
}

}  // namespace herald::operations
