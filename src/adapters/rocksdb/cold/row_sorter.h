#pragma once
// A large write batch in the order of its keys, each key once. RocksDB puts rows into its skip lists in the order of
// the batch: one that follows its neighbour is put beside it, one from anywhere costs a walk through memory that is in
// no cache of the processor. Small batches are mostly of new messages, whose keys come in order anyway. Private to this
// folder.

#include <rocksdb/write_batch.h>

#include <cstdint>
#include <vector>

#include "adapters/rocksdb/cold/database.h"

namespace herald::adapters {

// Of one thread.
class RowSorter {
 public:
  explicit RowSorter(const Database& database) : database_(database) {}

  // What DB::Write must be given to do the same as with `rows`, which holds nothing but Put and Delete: `rows` itself
  // if they are fewer than this, or a batch of the sorter's, good until the next call.
  static constexpr std::uint32_t kRowsLeast = 256;
  [[nodiscard]] rocksdb::WriteBatch& sorted(rocksdb::WriteBatch& rows);

 private:
  struct Row {
    rocksdb::ColumnFamilyHandle* family;
    std::uint64_t prefix;  // the key's first bytes, as a number that sorts as they do
    rocksdb::Slice key;
    rocksdb::Slice value;
    std::uint32_t family_id;
    std::uint32_t place;  // in the batch
    bool is_put;
  };
  class Collector;

  [[nodiscard]] static bool comes_before(const Row& a, const Row& b);
  void write_sorted();

  const Database& database_;
  std::vector<Row> rows_;
  rocksdb::WriteBatch sorted_;
};

}  // namespace herald::adapters
