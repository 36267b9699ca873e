#include "adapters/rocksdb/cold/database_events.h"

#include <array>
#include <cstdarg>
#include <cstdio>
#include <string_view>

namespace herald::adapters {

namespace {

constexpr std::size_t kLineBytesMost = 1'024;

class InfoLog final : public rocksdb::Logger {
 public:
  explicit InfoLog(Log& log) : rocksdb::Logger(rocksdb::InfoLogLevel::WARN_LEVEL), log_(log) {}
  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list values) override { Logv(rocksdb::InfoLogLevel::WARN_LEVEL, format, values); }
  void Logv(const rocksdb::InfoLogLevel level, const char* format, va_list values) override {
    if (level < GetInfoLogLevel() || level == rocksdb::InfoLogLevel::HEADER_LEVEL) return;
    std::array<char, kLineBytesMost> line{};
    if (std::vsnprintf(line.data(), line.size(), format, values) < 0) return;
    const bool is_warning = level == rocksdb::InfoLogLevel::WARN_LEVEL;
    log_.write(is_warning ? LogLevel::kWarning : LogLevel::kError, "rocksdb",
               {{"text", std::string_view(line.data())}});
  }
  // The options and versions at the head of a log file.
  void LogHeader(const char* /*format*/, va_list /*values*/) override {}

 private:
  Log& log_;
};

class BackgroundErrors final : public rocksdb::EventListener {
 public:
  explicit BackgroundErrors(StoreHealth& health) : health_(health) {}
  // A status that is reset here does not close the database to writes. What a compaction reads stays where it is, so
  // nothing is lost by going on; a failed flush must stop the writes.
  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* status) override {
    if (reason != rocksdb::BackgroundErrorReason::kCompaction || !status->IsCorruption()) return;
    health_.compaction_failed(status->ToString());
    *status = rocksdb::Status::OK();
  }

 private:
  StoreHealth& health_;
};

}  // namespace

std::shared_ptr<rocksdb::Logger> info_log(Log& log) {
  return std::make_shared<InfoLog>(log);
}

std::shared_ptr<rocksdb::EventListener> background_errors(StoreHealth& health) {
  return std::make_shared<BackgroundErrors>(health);
}

}  // namespace herald::adapters
