#include "adapters/rocksdb/cold/manifest_check.h"

#include "adapters/rocksdb/cold/log_files.h"

namespace herald::adapters {

namespace {

// nullopt: CURRENT names none, which RocksDB reports.
[[nodiscard]] std::optional<LogFile> manifest_of(rocksdb::Env& env, const std::string& folder) {
  std::string name;
  if (!rocksdb::ReadFileToString(&env, folder + "/CURRENT", &name).ok()) return std::nullopt;
  if (!name.ends_with('\n')) return std::nullopt;
  name.pop_back();
  LogFile file{.path = folder + "/" + name};
  if (!env.GetFileSize(file.path, &file.bytes).ok()) return std::nullopt;
  return file;
}

// nullopt: no record is torn but the last. RocksDB itself passes over one that the end of the file cuts short.
[[nodiscard]] Result<std::optional<std::uint64_t>> torn_end(rocksdb::Env& env, const LogFile& file) {
  const auto scan = scan_log_file(env, file);
  if (!scan) return std::unexpected(scan.error());
  if (scan->is_cut_short() || scan->has_records_behind()) return std::nullopt;
  return scan->broken_at();
}

}  // namespace

// RocksDB syncs the manifest with each record, so one that is not whole was never used: the files that it names are not
// needed yet, and those that it gives up are still there. RocksDB and check_log() refuse the start if they are not.
Status check_manifest(rocksdb::Env& env, const std::string& folder, Log& log) {
  const auto file = manifest_of(env, folder);
  if (!file) return {};
  const auto torn = torn_end(env, *file);
  if (!torn) return std::unexpected(torn.error());
  if (!*torn) return {};
  const auto again = torn_end(env, *file);
  if (!again) return std::unexpected(again.error());
  if (*again != *torn) return fail(ErrorKind::kUnavailable, file->path + " is read differently each time");
  return cut_log_file(env, log, *file, **torn);
}

}  // namespace herald::adapters
