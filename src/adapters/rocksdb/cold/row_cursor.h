#pragma once
// Walks over rows and passes over damaged blocks: a block that cannot be read hides its own rows only. Private to this
// folder.

#include <rocksdb/iterator.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "adapters/rocksdb/cold/database.h"
#include "base/result.h"

namespace herald::adapters {

class RowCursor {
 public:
  // Makes an iterator over the same rows each time, which should be bounded by end_of_prefix() of the cursor's prefix.
  using Open = std::function<std::unique_ptr<rocksdb::Iterator>()>;
  // Over the rows whose keys start with `prefix`. What is passed over is reported to `health`, which must outlive the
  // object, as what `open` refers to must.
  RowCursor(Open open, Family family, std::string_view prefix, StoreHealth& health);

  // To the first row from `key` on.
  void seek(std::string_view key);
  // valid() must hold.
  void next();
  [[nodiscard]] bool valid() const;
  // Until the next move.
  [[nodiscard]] std::string_view key() const { return rows_->key().ToStringView(); }
  [[nodiscard]] std::string_view value() const { return rows_->value().ToStringView(); }
  // Why valid() does not hold; success: there are no more rows.
  [[nodiscard]] Status status() const;

 private:
  [[nodiscard]] bool is_in_damage() const { return !rows_->Valid() && rows_->status().IsCorruption(); }
  // Seeks, with an iterator of its own if the last one met damage: RocksDB's may hold on to a damaged block. False:
  // into damage. A key behind the prefix is never in damage.
  [[nodiscard]] bool reaches(const std::string& key);
  void pass_damage(std::string from);

  const Open open_;
  std::unique_ptr<rocksdb::Iterator> rows_;
  const Family family_;
  const std::string prefix_;
  const std::string end_;
  StoreHealth& health_;
  std::string passed_;  // the last key that next() left
  bool at_end_ = false;
};

}  // namespace herald::adapters
