#include "adapters/rocksdb/cold/database.h"

#include <rocksdb/env.h>

#include <algorithm>
#include <filesystem>

#include "adapters/rocksdb/cold/byte_codec.h"
#include "adapters/rocksdb/cold/database_options.h"
#include "adapters/rocksdb/cold/record_format.h"

namespace herald::adapters {

namespace {

constexpr const char* kFormatKey = "format";
constexpr std::chrono::milliseconds kFirstBackOff{100};
constexpr std::chrono::milliseconds kLongestBackOff{5'000};

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
[[nodiscard]] bool lost_its_current(const std::string& folder) {
  std::error_code error;
  if (std::filesystem::exists(folder + "/CURRENT", error)) return false;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const auto name = entry.path().filename().string();
    if (name.starts_with("MANIFEST-") || name.ends_with(".sst")) return true;
  }
  return false;
}

}  // namespace

Error to_error(const rocksdb::Status& status) {
  if (status.IsCorruption()) return {ErrorKind::kCorrupt, status.ToString()};
  const bool may_pass = status.IsIOError() || status.IsNoSpace() || status.IsBusy() || status.IsTimedOut() ||
                        status.IsTryAgain() || status.IsIncomplete() || status.IsShutdownInProgress();
  return {may_pass ? ErrorKind::kUnavailable : ErrorKind::kInternal, status.ToString()};
}

std::string end_of_prefix(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<unsigned char>(end.back()) == 0xFF) end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

Database::Database(const RocksdbOptions& options, const Clock& clock, Log& log)
    : options_(options), clock_(clock), log_(log) {}

Database::~Database() {
  close();
}

Result<std::unique_ptr<Database>> Database::open(const RocksdbOptions& options, const Clock& clock, Log& log) {
  std::error_code error;
  std::filesystem::create_directories(options.folder, error);
  if (error) {
    return fail(ErrorKind::kUnavailable, "the data folder " + options.folder + " cannot be made: " + error.message());
  }
  std::unique_ptr<Database> database(new Database(options, clock, log));
  if (auto opened = database->open_files(); !opened) return std::unexpected(opened.error());
  if (auto checked = database->check_format(); !checked) return std::unexpected(checked.error());
  return database;
}

Status Database::check_families() const {
  std::vector<std::string> names;
  const auto status = rocksdb::DB::ListColumnFamilies(database_options(options_.env), options_.folder, &names);
  // A folder without a database has no families, and what is damaged says so better when it is opened.
  if (!status.ok()) return {};
  const auto known = family_descriptors();
  for (const auto& name : names) {
    if (std::ranges::find(known, name, &rocksdb::ColumnFamilyDescriptor::name) != known.end()) continue;
    return fail(ErrorKind::kConflict, "the database in " + options_.folder + " was written by a newer version");
  }
  return {};
}

Status Database::open_files() {
  if (lost_its_current(options_.folder)) {
    return fail(ErrorKind::kCorrupt, "the database in " + options_.folder + " is damaged: CURRENT is missing");
  }
  if (auto checked = check_families(); !checked) return checked;
  rocksdb::DB* db = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  const auto status =
      rocksdb::DB::Open(database_options(options_.env), options_.folder, family_descriptors(), &handles, &db);
  if (!status.ok()) return std::unexpected(open_error(status, options_.folder));
  db_.reset(db);
  std::ranges::copy(handles, families_.begin());
  return {};
}

Status Database::check_format() {
  std::string stored;
  const auto status = db_->Get({}, family(Family::kMeta), kFormatKey, &stored);
  if (status.IsNotFound()) {
    rocksdb::WriteBatch batch;
    batch.Put(family(Family::kMeta), kFormatKey, ByteWriter().number(kFormatVersion).take());
    return write(&batch, true);
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
  return write(&batch, true);
}

void Database::close() {
  if (!db_) return;
  for (auto*& handle : families_) db_->DestroyColumnFamilyHandle(std::exchange(handle, nullptr));
  db_->Close();
  db_.reset();
}

void Database::note_failure(const Error& error) {
  failure_ = error;
  back_off_ = std::clamp(back_off_ * 2, kFirstBackOff, kLongestBackOff);
  retry_at_ = clock_.mono() + back_off_;
  log_.error("store write failed", {{"kind", to_string(error.kind)}, {"error", std::string_view(error.message)}});
}

rocksdb::ColumnFamilyHandle* Database::family_of(std::uint32_t id) const {
  const auto found = std::ranges::find(families_, id, &rocksdb::ColumnFamilyHandle::GetID);
  return found == families_.end() ? nullptr : *found;
}

Status Database::prepare() {
  if (!failure_) return {};
  if (clock_.mono() < retry_at_) return std::unexpected(*failure_);
  if (auto recovered = recover(); !recovered) {
    note_failure(recovered.error());
    return recovered;
  }
  log_.info("store recovered");
  failure_.reset();
  return {};
}

// Resume() brings back what RocksDB holds for a passing error. An error while writing the log it holds for fatal, and
// only opening the files again, which replays the log, helps.
Status Database::recover() {
  if (db_ && db_->Resume().ok()) return {};
  const std::unique_lock lock(in_use_);
  close();
  return open_files();
}

Status Database::write(rocksdb::WriteBatch* batch, bool sync) {
  rocksdb::WriteOptions options;
  options.sync = sync;
  const auto status = db_->Write(options, batch);
  if (status.ok()) {
    back_off_ = {};
    return {};
  }
  // Whatever it was, nothing of the batch is there; a full disk and a broken one both pass when they are mended.
  Error error = to_error(status);
  if (error.kind == ErrorKind::kInternal) error.kind = ErrorKind::kUnavailable;
  note_failure(error);
  return std::unexpected(std::move(error));
}

}  // namespace herald::adapters
