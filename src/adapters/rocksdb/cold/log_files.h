#pragma once
// Files in the format of RocksDB's log (log_scan.h): the write-ahead log and the manifest. Private to this folder.

#include <rocksdb/env.h>

#include <cstdint>
#include <string>

#include "adapters/rocksdb/cold/log_scan.h"
#include "base/log.h"
#include "base/result.h"

namespace herald::adapters {

struct LogFile {
  std::uint64_t number = 0;
  std::string path;
  std::uint64_t bytes = 0;
};

// kUnavailable: the file cannot be worked on, and may be later.
[[nodiscard]] std::unexpected<Error> file_failed(const std::string& path, const rocksdb::Status& status);
// kUnavailable: it cannot be read.
[[nodiscard]] Result<LogScan> scan_log_file(rocksdb::Env& env, const LogFile& file);
// Ends the file at byte `at`. Durable when it answers: the next start must not find the torn end again.
[[nodiscard]] Status shorten_log_file(rocksdb::Env& env, const LogFile& file, std::uint64_t at);
// The same. What is cut off stays beside it, under a name that RocksDB does not know, and a warning is logged.
[[nodiscard]] Status cut_log_file(rocksdb::Env& env, Log& log, const LogFile& file, std::uint64_t at);

}  // namespace herald::adapters
