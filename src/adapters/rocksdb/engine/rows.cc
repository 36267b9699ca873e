#include "adapters/rocksdb/engine/rows.h"

#include "adapters/rocksdb/cold/row_cursor.h"
#include "base/check.h"

namespace herald::adapters {

void Rows::note_failure(Family family, std::string_view key, const rocksdb::Status& status) {
  Error error = to_error(status);
  if (error.kind == ErrorKind::kCorrupt) {
    database_.health().skipped(database_.family(family)->GetName(), key, error.message);
  } else if (!failure_) {
    failure_ = std::move(error);
  }
}

std::optional<std::string> Rows::get(Family family, const std::string& key) {
  if (!is_open()) return std::nullopt;
  std::string value;
  const auto status = rows_.GetFromBatchAndDB(database_.db(), {}, database_.family(family), key, &value);
  if (status.ok()) return value;
  if (!status.IsNotFound()) note_failure(family, key, status);
  return std::nullopt;
}

// While no database is open no family is known either.
bool Rows::is_open() {
  if (database_.db() != nullptr) return true;
  if (!failure_) failure_ = Error{ErrorKind::kUnavailable, "the store is being recovered"};
  return false;
}

void Rows::put(Family family, const std::string& key, const std::string& value) {
  if (is_open()) rows_.Put(database_.family(family), key, value);
}

void Rows::remove(Family family, const std::string& key) {
  if (is_open()) rows_.Delete(database_.family(family), key);
}

void Rows::put_blind(Family family, const std::string& key, const std::string& value) {
  if (is_open()) rows_.GetWriteBatch()->Put(database_.family(family), key, value);
}

void Rows::remove_blind(Family family, const std::string& key) {
  if (is_open()) rows_.GetWriteBatch()->Delete(database_.family(family), key);
}

void Rows::scan(Family family, const std::string& prefix, const std::string& from, const Visit& visit) {
  if (!is_open()) return;
  const auto scanned = reader().scan(
      family, prefix, from,
      [&visit](std::string_view key, std::string_view value) -> Result<bool> { return visit(key, value); });
  if (!scanned && !failure_) failure_ = scanned.error();
}

std::vector<std::optional<std::string>> Rows::get_stored(Family family, const std::vector<std::string>& keys) {
  std::vector<std::optional<std::string>> found(keys.size());
  if (database_.db() == nullptr) return found;
  const std::vector<rocksdb::Slice> slices(keys.begin(), keys.end());
  std::vector<rocksdb::PinnableSlice> values(keys.size());
  std::vector<rocksdb::Status> statuses(keys.size());
  database_.db()->MultiGet({}, database_.family(family), slices.size(), slices.data(), values.data(), statuses.data(),
                           true);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (statuses[i].ok()) found[i] = values[i].ToString();
  }
  return found;
}

void Rows::roll_back() {
  const auto status = rows_.RollbackToSavePoint();
  HERALD_CHECK(status.ok(), "rows are rolled back without a mark");
  failure_.reset();
}

Status Rows::write_again(const std::string& bytes) {
  rocksdb::WriteBatch batch(bytes);
  return database_.write(&batch, true);
}

Status Rows::write(bool sync) {
  return database_.write(&sorter_.sorted(*rows_.GetWriteBatch()), sync);
}

}  // namespace herald::adapters
