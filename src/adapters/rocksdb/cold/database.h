#pragma once
// The RocksDB instance behind the store: opening (database_open.cc), its column families, its errors as ours, and
// coming back after a failed write. Private to this folder.

#include <rocksdb/db.h>
#include <rocksdb/utilities/write_batch_with_index.h>

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>

#include "adapters/rocksdb/cold/store_health.h"
#include "adapters/rocksdb/cold/sync_mark.h"
#include "adapters/rocksdb/rocksdb_store.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/time.h"

namespace herald::adapters {

// The column families; docs/on-disk-format.md tells their keys and values.
enum class Family : std::uint8_t {
  kMeta,
  kMessages,
  kReceipts,
  kDeliveries,
  kPending,
  kUnrouted,
  kReplace,
  kEnds,
  kApps,
  kAppNodes,
  kNodeApps,
  kNodes,
  kSleepers,
  kReceiptMessages,
};
inline constexpr std::size_t kFamilies = 14;

[[nodiscard]] Error to_error(const rocksdb::Status& status);
// The first key after all that start with `prefix`; empty: there is none. A scan that is not bounded by it walks over
// the deleted rows of others.
[[nodiscard]] std::string end_of_prefix(std::string_view prefix);

class Database {
 public:
  // Errors as RocksdbStore::open(). A database that can only be read is open for reads until prepare() succeeds.
  [[nodiscard]] static Result<std::unique_ptr<Database>> open(const RocksdbOptions& options, const Clock& clock,
                                                              Log& log, Metrics& metrics);
  ~Database();

  // The committing thread calls this before it writes. After a failure it opens the files again, at most once per
  // back-off; until that works it answers why not, and what can be read stays open for reads.
  [[nodiscard]] Status prepare();
  // All of `batch` or nothing of it. Committing thread.
  [[nodiscard]] Status write(rocksdb::WriteBatch* batch, bool sync);

  // Other threads hold this while they read; null db(): closed by a failed recovery.
  [[nodiscard]] std::shared_lock<std::shared_mutex> reading() { return std::shared_lock(in_use_); }
  [[nodiscard]] rocksdb::DB* db() const { return db_.get(); }
  [[nodiscard]] rocksdb::ColumnFamilyHandle* family(Family family) const {
    return families_[static_cast<std::size_t>(family)];
  }
  // How often the files were opened, to write or only to read: what a failed write left in the log shows after the next
  // time.
  [[nodiscard]] std::uint64_t opens() const { return opens_; }
  // Null: none has this id of RocksDB's.
  [[nodiscard]] rocksdb::ColumnFamilyHandle* family_of(std::uint32_t id) const;
  [[nodiscard]] StoreHealth& health() const { return health_; }

 private:
  Database(const RocksdbOptions& options, const Clock& clock, Log& log, Metrics& metrics);
  // Opens the files to read and write them, and nothing if that fails.
  [[nodiscard]] Status open_files();
  // No other process, and no other Database of this one, has the files open.
  [[nodiscard]] Status check_lock() const;
  // Before the files are opened: the log holds all that was acknowledged (log_check.h).
  [[nodiscard]] Status check_log();
  // The files are closed. RocksDB needs that file of the log no more. kUnavailable: the disk does not tell now.
  [[nodiscard]] Result<bool> is_obsolete(std::uint64_t log_file);
  // All that was written is on the disk.
  void note_synced();
  [[nodiscard]] rocksdb::Env& env() const;
  // The same to read them only. False: not even that is possible.
  [[nodiscard]] bool open_for_reads();
  // The same whatever its format is.
  [[nodiscard]] rocksdb::Status open_unchanged(rocksdb::WALRecoveryMode mode);
  [[nodiscard]] bool has_current_format() const;
  [[nodiscard]] rocksdb::DBOptions options() const;
  [[nodiscard]] Status check_families() const;
  [[nodiscard]] Status check_format();
  [[nodiscard]] Status take_over_version_1();
  [[nodiscard]] Status write_format(rocksdb::WriteBatch& batch);
  [[nodiscard]] Status recover();
  // A small file can be written, synced and removed beside the database.
  [[nodiscard]] Status try_disk() const;
  void close();
  void note_failure(const Error& error);

  const RocksdbOptions options_;
  const Clock& clock_;
  Log& log_;
  mutable StoreHealth health_;
  std::shared_mutex in_use_;
  std::unique_ptr<rocksdb::DB> db_;
  std::array<rocksdb::ColumnFamilyHandle*, kFamilies> families_{};
  bool accept_loss_;
  LogPosition synced_;
  std::optional<SyncMark> mark_;
  std::uint64_t opens_ = 0;
  // Set: writes are refused with it.
  std::optional<Error> failure_;
  MonoTime retry_at_;
  std::chrono::milliseconds back_off_{0};
};

}  // namespace herald::adapters
