// How the database is opened, and what is said of a folder that cannot be.

#include <algorithm>
#include <filesystem>

#include "adapters/rocksdb/cold/byte_codec.h"
#include "adapters/rocksdb/cold/database.h"
#include "adapters/rocksdb/cold/database_events.h"
#include "adapters/rocksdb/cold/database_options.h"
#include "adapters/rocksdb/cold/log_check.h"
#include "adapters/rocksdb/cold/manifest_check.h"
#include "adapters/rocksdb/cold/record_format.h"

namespace herald::adapters {

namespace {

constexpr const char* kFormatKey = "format";

[[nodiscard]] bool contains(const rocksdb::Status& status, std::string_view text) {
  return status.ToString().find(text) != std::string::npos;
}

// RocksDB has no code for a lock that another holds, only these texts.
[[nodiscard]] bool is_locked(const rocksdb::Status& status) {
  return status.IsIOError() && (contains(status, "While lock file") || contains(status, "lock hold by"));
}

[[nodiscard]] bool is_missing_file(const rocksdb::Status& status) {
  return status.IsNotFound() || status.IsPathNotFound() || contains(status, "No such file");
}

[[nodiscard]] Error open_error(const rocksdb::Status& status, const std::string& folder) {
  if (is_locked(status)) return {ErrorKind::kConflict, "the data folder " + folder + " is in use by another process"};
  if (status.IsCorruption() || is_missing_file(status)) {
    return {ErrorKind::kCorrupt, "the database in " + folder + " is damaged: " + status.ToString()};
  }
  return {ErrorKind::kUnavailable, "the data folder " + folder + " cannot be used: " + status.ToString()};
}

// Without CURRENT RocksDB would start an empty database over the files of an old one.
[[nodiscard]] bool lost_its_current(rocksdb::Env& env, const std::string& folder) {
  std::vector<std::string> names;
  if (!env.GetChildren(folder, &names).ok() || std::ranges::find(names, "CURRENT") != names.end()) return false;
  return std::ranges::any_of(
      names, [](const std::string& name) { return name.starts_with("MANIFEST-") || name.ends_with(".sst"); });
}

}  // namespace

Database::Database(const RocksdbOptions& options, const Clock& clock, Log& log, Metrics& metrics)
    : options_(options), clock_(clock), log_(log), health_(log, metrics), accept_loss_(options.accept_loss) {}

Result<std::unique_ptr<Database>> Database::open(const RocksdbOptions& options, const Clock& clock, Log& log,
                                                 Metrics& metrics) {
  std::error_code error;
  std::filesystem::create_directories(options.folder, error);
  if (error) {
    return fail(ErrorKind::kUnavailable, "the data folder " + options.folder + " cannot be made: " + error.message());
  }
  std::unique_ptr<Database> database(new Database(options, clock, log, metrics));
  auto opened = database->open_files();
  if (opened) return database;
  const bool may_pass = opened.error().kind == ErrorKind::kUnavailable;
  if (!may_pass || !database->open_for_reads()) return std::unexpected(opened.error());
  database->note_failure(opened.error());
  return database;
}

Status Database::check_families() const {
  std::vector<std::string> names;
  const auto status = rocksdb::DB::ListColumnFamilies(options(), options_.folder, &names);
  // A folder without a database has no families, and what is damaged says so better when it is opened.
  if (!status.ok()) return {};
  const auto known = family_descriptors(options_.memtable_bytes);
  for (const auto& name : names) {
    if (std::ranges::find(known, name, &rocksdb::ColumnFamilyDescriptor::name) != known.end()) continue;
    return fail(ErrorKind::kConflict, "the database in " + options_.folder + " was written by a newer version");
  }
  return {};
}

rocksdb::DBOptions Database::options() const {
  auto options = database_options(options_.env, info_log(log_), background_errors(health_));
  options.track_and_verify_wals_in_manifest = !accept_loss_;
  return options;
}

Status Database::open_files() {
  if (lost_its_current(env(), options_.folder)) {
    return fail(ErrorKind::kCorrupt, "the database in " + options_.folder + " is damaged: CURRENT is missing");
  }
  if (auto checked = check_lock(); !checked) return checked;
  if (auto checked = check_manifest(env(), options_.folder, log_); !checked) return checked;
  if (auto checked = check_families(); !checked) return checked;
  if (auto checked = check_log(); !checked) return checked;
  rocksdb::DB* db = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  const auto status =
      rocksdb::DB::Open(options(), options_.folder, family_descriptors(options_.memtable_bytes), &handles, &db);
  if (!status.ok()) return std::unexpected(open_error(status, options_.folder));
  db_.reset(db);
  std::ranges::copy(handles, families_.begin());
  ++opens_;
  auto checked = check_format();
  if (checked) {
    // What is lost later must not be passed over.
    accept_loss_ = false;
    note_synced();
  } else {
    close();
  }
  return checked;
}

// Where the lock file cannot be written the files can only be read.
Status Database::check_lock() const {
  rocksdb::FileLock* lock = nullptr;
  const auto status = env().LockFile(options_.folder + "/LOCK", &lock);
  if (is_locked(status)) return std::unexpected(open_error(status, options_.folder));
  if (status.ok()) static_cast<void>(env().UnlockFile(lock));
  return {};
}

Status Database::check_log() {
  return adapters::check_log({.env = env(),
                              .folder = options_.folder,
                              .log = log_,
                              .is_obsolete = [this](std::uint64_t log_file) { return is_obsolete(log_file); },
                              .accept_loss = accept_loss_});
}

Result<bool> Database::is_obsolete(std::uint64_t log_file) {
  // Another file may be torn, too.
  if (const auto opened = open_unchanged(rocksdb::WALRecoveryMode::kSkipAnyCorruptedRecords); !opened.ok()) {
    auto error = open_error(opened, options_.folder);
    if (error.kind == ErrorKind::kUnavailable) return std::unexpected(std::move(error));
    return false;
  }
  std::uint64_t first_needed = 0;
  const bool known = db_->GetIntProperty(rocksdb::DB::Properties::kMinLogNumberToKeep, &first_needed);
  close();
  return known && log_file < first_needed;
}

// A folder of another version would have to be changed before it is used.
bool Database::open_for_reads() {
  if (!open_unchanged(options().wal_recovery_mode).ok()) return false;
  if (has_current_format()) return true;
  close();
  return false;
}

// RocksDB writes nothing then: the log is replayed in memory. RocksDB asserts here unless it verifies the logs that the
// manifest names, so it does that also where a loss is accepted.
rocksdb::Status Database::open_unchanged(rocksdb::WALRecoveryMode mode) {
  auto for_reads = options();
  for_reads.wal_recovery_mode = mode;
  for_reads.track_and_verify_wals_in_manifest = true;
  rocksdb::DB* db = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  const auto status = rocksdb::DB::OpenForReadOnly(for_reads, options_.folder,
                                                   family_descriptors(options_.memtable_bytes), &handles, &db, false);
  if (!status.ok()) return status;
  db_.reset(db);
  std::ranges::copy(handles, families_.begin());
  ++opens_;
  return status;
}

bool Database::has_current_format() const {
  std::string stored;
  const auto read = db_->Get({}, family(Family::kMeta), kFormatKey, &stored);
  return read.ok() && stored == ByteWriter().number(kFormatVersion).take();
}

Status Database::check_format() {
  std::string stored;
  const auto status = db_->Get({}, family(Family::kMeta), kFormatKey, &stored);
  if (status.IsNotFound()) {
    rocksdb::WriteBatch batch;
    batch.Put(family(Family::kMeta), kFormatKey, ByteWriter().number(kFormatVersion).take());
    return write_format(batch);
  }
  if (!status.ok()) return std::unexpected(open_error(status, options_.folder));
  ByteReader in(stored);
  const auto version = in.number<std::uint32_t>();
  if (in.complete() && version == 1) return take_over_version_1();
  if (!in.complete() || version == 0) {
    return fail(ErrorKind::kCorrupt, "the database in " + options_.folder + " has a damaged format record");
  }
  if (version <= kFormatVersion) return {};
  return fail(ErrorKind::kConflict, "the database in " + options_.folder + " has format " + std::to_string(version) +
                                        ", this program knows up to " + std::to_string(kFormatVersion));
}

// Not write(): the database may be open again after a failure that prepare() has not forgotten yet.
Status Database::write_format(rocksdb::WriteBatch& batch) {
  rocksdb::WriteOptions options;
  options.sync = true;
  const auto status = db_->Write(options, &batch);
  if (!status.ok()) return std::unexpected(open_error(status, options_.folder));
  return {};
}

// All its messages have all their rows, so that young ones can only follow its last one.
Status Database::take_over_version_1() {
  rocksdb::WriteBatch batch;
  batch.Put(family(Family::kMeta), kFormatKey, ByteWriter().number(kFormatVersion).take());
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator({}, family(Family::kMessages)));
  it->SeekToLast();
  if (it->Valid()) {
    const auto last = last_id<MessageId>(it->key().ToStringView());
    if (!last) return std::unexpected(last.error());
    batch.Put(family(Family::kMeta), young_floor_key(), encode_young_floor(*last));
  }
  if (!it->status().ok()) return std::unexpected(open_error(it->status(), options_.folder));
  return write_format(batch);
}

}  // namespace herald::adapters
