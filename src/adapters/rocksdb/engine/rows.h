#pragma once
// The rows that the next commit writes, over the database: every read sees both. Used by the committing thread only.
// Private to the adapter.
//
// A failed read, or a change while no database is open, makes failure() say so; the caller must then roll back to a
// mark that it took before. A row that cannot be decoded, or lies in a damaged block, counts as absent and is counted
// in unreadable().

#include <rocksdb/utilities/write_batch_with_index.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "adapters/rocksdb/cold/database.h"
#include "adapters/rocksdb/cold/row_reader.h"
#include "adapters/rocksdb/cold/row_sorter.h"
#include "base/result.h"

namespace herald::adapters {

class Rows {
 public:
  explicit Rows(Database& database) : database_(database), sorter_(database) {}

  [[nodiscard]] std::optional<std::string> get(Family family, const std::string& key);
  void put(Family family, const std::string& key, const std::string& value);
  void remove(Family family, const std::string& key);
  // Calls `visit` for each row from `from` on whose key starts with `prefix`, until it answers false; passes over
  // damaged blocks. The rows must not be changed inside.
  using Visit = std::function<bool(std::string_view key, std::string_view value)>;
  void scan(Family family, const std::string& prefix, const std::string& from, const Visit& visit);
  // What the database holds of these keys, for a caller that knows that no row to write is among them. Empty: not
  // there, or not readable.
  [[nodiscard]] std::vector<std::optional<std::string>> get_stored(Family family, const std::vector<std::string>& keys);
  // The value of a row that was decoded; empty: it could not be, and counts as absent.
  template <class T>
  [[nodiscard]] std::optional<T> good(Result<T> decoded) {
    if (decoded) return std::move(*decoded);
    database_.health().skipped("decoded", decoded.error().message, decoded.error().message);
    return std::nullopt;
  }
  // The same for rows that nobody reads here before they are committed, because memory answers for them until then:
  // they need no index. After a roll back the index holds these too, so that memory may forget them.
  void put_blind(Family family, const std::string& key, const std::string& value);
  void remove_blind(Family family, const std::string& key);

  [[nodiscard]] bool empty() { return rows_.GetWriteBatch()->Count() == 0; }
  // How many changes are there to write; grows with each.
  [[nodiscard]] std::uint32_t size() { return rows_.GetWriteBatch()->Count(); }
  // Marks nest; each must be rolled back to or kept.
  void mark() { rows_.SetSavePoint(); }
  void roll_back();
  void keep() { static_cast<void>(rows_.PopSavePoint()); }
  // Why a read failed since the last roll back.
  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }

  // Reads these rows over those of the database, which must be open. Blind rows are seen after the next roll back only.
  [[nodiscard]] RowReader reader() { return RowReader(database_, &rows_); }
  // Writes all; they stay here until clear().
  [[nodiscard]] Status write(bool sync);
  // The changes as RocksDB's bytes, and such bytes written and synced again.
  [[nodiscard]] const std::string& bytes() { return rows_.GetWriteBatch()->Data(); }
  [[nodiscard]] Status write_again(const std::string& bytes);
  void clear() { rows_.Clear(); }

 private:
  [[nodiscard]] bool is_open();
  // `key`: where the read began.
  void note_failure(Family family, std::string_view key, const rocksdb::Status& status);

  Database& database_;
  rocksdb::WriteBatchWithIndex rows_{rocksdb::BytewiseComparator(), 0, true};
  RowSorter sorter_;
  std::optional<Error> failure_;
};

}  // namespace herald::adapters
