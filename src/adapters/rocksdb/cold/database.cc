#include "adapters/rocksdb/cold/database.h"

#include <rocksdb/env.h>

#include <algorithm>

namespace herald::adapters {

namespace {

// Written beside the database to see whether the disk takes writes.
constexpr const char* kTrialFile = "/herald.trial";
constexpr std::size_t kTrialBytes = 64 * 1024;
constexpr std::chrono::milliseconds kFirstBackOff{100};
constexpr std::chrono::milliseconds kLongestBackOff{5'000};

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

Database::~Database() {
  close();
}

void Database::close() {
  if (!db_) return;
  for (auto*& handle : families_) db_->DestroyColumnFamilyHandle(std::exchange(handle, nullptr));
  db_->Close();
  db_.reset();
  if (mark_) static_cast<void>(mark_->save());
  mark_.reset();
}

void Database::note_failure(const Error& error) {
  failure_ = error;
  back_off_ = std::clamp(back_off_ * 2, kFirstBackOff, kLongestBackOff);
  retry_at_ = clock_.mono() + back_off_;
  health_.writes_fail(error);
  log_.error("store write failed", {{"kind", to_string(error.kind)}, {"error", std::string_view(error.message)}});
}

rocksdb::Env& Database::env() const {
  return options_.env != nullptr ? *options_.env : *rocksdb::Env::Default();
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
  health_.writes_work();
  return {};
}

// Opening the files again replays the log, so that the database holds what the disk holds, whatever failed. What is
// open stays open for reads as long as the disk takes no writes.
Status Database::recover() {
  if (auto tried = try_disk(); !tried) return tried;
  const std::unique_lock lock(in_use_);
  close();
  auto opened = open_files();
  if (!opened) static_cast<void>(open_for_reads());
  return opened;
}

Status Database::try_disk() const {
  const std::string name = options_.folder + kTrialFile;
  std::unique_ptr<rocksdb::WritableFile> file;
  auto status = env().NewWritableFile(name, &file, rocksdb::EnvOptions());
  if (status.ok()) status = file->Append(std::string(kTrialBytes, '\0'));
  if (status.ok()) status = file->Sync();
  if (file) {
    const auto closed = file->Close();
    if (status.ok()) status = closed;
    const auto removed = env().DeleteFile(name);
    if (status.ok()) status = removed;
  }
  if (status.ok()) return {};
  return fail(ErrorKind::kUnavailable, "the data folder " + options_.folder + " takes no writes: " + status.ToString());
}

// RocksDB writes a commit to the end of the newest file of its log. The mark only helps to find damage, so that a
// failure to write it is no reason to refuse a commit that is on the disk.
void Database::note_synced() {
  std::unique_ptr<rocksdb::LogFile> file;
  if (!db_->GetCurrentWalFile(&file).ok()) return;
  synced_ = {.file = file->LogNumber(), .bytes = file->SizeFileBytes()};
  if (!mark_) mark_.emplace(env(), options_.folder);
  const auto marked = mark_->update(synced_);
  if (!marked.ok()) log_.warning("store mark not written", {{"error", std::string_view(marked.ToString())}});
}

Status Database::write(rocksdb::WriteBatch* batch, bool sync) {
  if (failure_) return std::unexpected(*failure_);
  rocksdb::WriteOptions options;
  options.sync = sync;
  batch->PutLogData(encode_sync_tag(synced_));
  const auto status = db_->Write(options, batch);
  if (status.ok()) {
    back_off_ = {};
    if (sync) note_synced();
    return {};
  }
  // Whatever it was, nothing of the batch is there; a full disk and a broken one both pass when they are mended.
  Error error = to_error(status);
  if (error.kind == ErrorKind::kInternal) error.kind = ErrorKind::kUnavailable;
  note_failure(error);
  return std::unexpected(std::move(error));
}

}  // namespace herald::adapters
