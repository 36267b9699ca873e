#pragma once
// The log of a running server: entries of at least the current level, one line each, to one stream.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string_view>

#include "base/log.h"
#include "base/result.h"
#include "base/time.h"
#include "operations/line_writer.h"
#include "operations/log_line.h"
#include "operations/repeat_limit.h"

namespace herald::operations {

enum class LogFormat : std::uint8_t { kText, kJson };

// Of "text", "json". kInvalid for anything else; the message names the choices.
[[nodiscard]] Result<LogFormat> log_format_from(std::string_view name);
// Of "debug", "info", "warning", "error". kInvalid for anything else; the message names the choices.
[[nodiscard]] Result<LogLevel> log_level_from(std::string_view name);

// True if `stream` is a terminal whose user did not ask for no colour (the environment variable NO_COLOR).
[[nodiscard]] bool wants_colour(std::FILE* stream);

struct LoggingOptions {
  LogFormat format = LogFormat::kText;
  LogLevel level = LogLevel::kInfo;
  bool colour = false;  // text format only
  // Warnings and errors of one event beyond this many in an interval are counted instead of written; the next one that
  // is written says how many in the field "suppressed".
  std::uint64_t repeats_per_interval = 20;
  std::chrono::milliseconds repeat_interval = std::chrono::seconds(10);
  // Lines that wait because nobody reads the stream; further ones are dropped. The next line that is written says how
  // many.
  std::size_t waiting_max_bytes = 1 << 20;
};

// Thread-safe. A line is one write to the stream, on a thread of its own: no caller waits for it. If it fails, the line
// is lost and nothing else happens.
class Logging final : public Log {
 public:
  // `stream`, of which only the descriptor is used, and `clock` must outlive it.
  Logging(LoggingOptions options, const Clock& clock, std::FILE* stream = stderr);
  // Tells how many entries were suppressed and not told yet, and waits a moment for what is not written yet.
  ~Logging() override;
  Logging(const Logging&) = delete;
  Logging& operator=(const Logging&) = delete;

  [[nodiscard]] bool enabled(LogLevel level) const override;
  void write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) override;

  void set_level(LogLevel level) { level_.store(level, std::memory_order_relaxed); }
  // Waits until everything so far is written; false if that took longer than `patience`.
  bool flush(std::chrono::milliseconds patience) { return out_.flush(patience); }
  // Entries that nobody read in time.
  [[nodiscard]] std::uint64_t dropped() const { return out_.dropped(); }
  [[nodiscard]] LogLevel level() const { return level_.load(std::memory_order_relaxed); }

 private:
  [[nodiscard]] std::string line_of(LogLevel level, std::string_view event, std::span<const LogField> fields) const;
  void put(LogLevel level, std::string_view event, std::span<const LogField> fields);

  const LoggingOptions options_;
  const Clock& clock_;
  std::atomic<LogLevel> level_;
  std::mutex mutex_;  // guards repeats_
  RepeatLimit repeats_;
  LineWriter out_;
};

}  // namespace herald::operations
