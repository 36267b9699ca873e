#pragma once
// Reads rows of one moment: what a commit changes meanwhile is not seen. Private to this folder.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "adapters/rocksdb/cold/database.h"
#include "adapters/rocksdb/cold/row_cursor.h"

namespace herald::adapters {

class RowReader {
 public:
  // `over`: rows that are not written yet, seen over those of the database; only on the committing thread. Not
  // explicit: a database is what is read unless there is more.
  RowReader(const Database& database, rocksdb::WriteBatchWithIndex* over = nullptr)
      : database_(database), over_(over), pinned_(database.db()), snapshot_(pinned_.snapshot()) {}

  // nullopt: no such row.
  [[nodiscard]] Result<std::optional<std::string>> get(Family family, std::string_view key) const;
  // The same for many keys, in their order. A row in a damaged block is skipped, as if it were not there.
  [[nodiscard]] Result<std::vector<std::optional<std::string>>> get_all(Family family,
                                                                        const std::vector<std::string>& keys) const;
  // Scans pass over damaged blocks. Calls `visit` for each row from `from` on whose key starts with `prefix`, until it
  // answers false or an error.
  using Visit = std::function<Result<bool>(std::string_view key, std::string_view value)>;
  [[nodiscard]] Status scan(Family family, std::string_view prefix, std::string_view from, const Visit& visit) const;

  // The same where `visit` says which row is the next: empty, the one behind; otherwise the first from that key on,
  // which must lie behind.
  using Leap = std::function<Result<std::string>(std::string_view key, std::string_view value)>;
  [[nodiscard]] Status leap(Family family, std::string_view prefix, const Leap& visit) const;

  // Counts and reports a row that cannot be read, and that the caller goes on without.
  void skip(Family family, std::string_view key, std::string_view why) const;

 private:
  [[nodiscard]] rocksdb::ReadOptions options() const;
  // Calls `use` with an iterator over the rows whose keys start with `prefix`.
  [[nodiscard]] Status iterate(Family family, std::string_view prefix,
                               const std::function<Status(RowCursor& rows)>& use) const;

  const Database& database_;
  rocksdb::WriteBatchWithIndex* const over_;
  rocksdb::ManagedSnapshot pinned_;
  const rocksdb::Snapshot* snapshot_;
};

}  // namespace herald::adapters
