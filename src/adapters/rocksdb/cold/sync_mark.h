#pragma once
// How far the write-ahead log is known to be on the disk: kept in a small file beside the database and in the log
// itself. docs/on-disk-format.md, "The write-ahead log". Private to this folder.

#include <rocksdb/env.h>

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace herald::adapters {

// A place in the write-ahead log: all files before `file`, and this many bytes of it.
struct LogPosition {
  std::uint64_t file = 0;  // 0: nothing
  std::uint64_t bytes = 0;
  friend auto operator<=>(const LogPosition&, const LogPosition&) = default;
};

// The blob that each commit has at its end in the log: what was synced before the commit was written.
[[nodiscard]] std::string encode_sync_tag(LogPosition synced);
// Of a record of the log, which is a write batch. nullopt: it has none, as a version of Herald before tags wrote it.
[[nodiscard]] std::optional<LogPosition> find_sync_tag(std::string_view record);

// The file `herald.synced`. It holds the last position for which update() was called by a process that was killed;
// after a power cut perhaps an earlier one, but never one before the last save(). One thread.
class SyncMark {
 public:
  SyncMark(rocksdb::Env& env, std::string folder);
  ~SyncMark();
  // nullopt: there is no file, or it is damaged.
  [[nodiscard]] static std::optional<LogPosition> read(rocksdb::Env& env, const std::string& folder);
  // The log is on the disk up to there. Answers at once; syncs the file only if a new file of the log was begun.
  [[nodiscard]] rocksdb::Status update(LogPosition synced);
  // The file is on the disk when this answers.
  [[nodiscard]] rocksdb::Status save();

 private:
  [[nodiscard]] rocksdb::Status open();

  rocksdb::Env& env_;
  const std::string name_;
  LogPosition position_;
  std::unique_ptr<rocksdb::RandomRWFile> file_;
};

}  // namespace herald::adapters
