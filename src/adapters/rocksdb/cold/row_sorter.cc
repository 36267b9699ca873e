#include "adapters/rocksdb/cold/row_sorter.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/check.h"

namespace herald::adapters {

namespace {

[[nodiscard]] std::uint64_t prefix_of(const rocksdb::Slice& key) {
  std::uint64_t prefix = 0;
  std::memcpy(&prefix, key.data(), std::min(key.size(), sizeof prefix));
  return std::endian::native == std::endian::little ? __builtin_bswap64(prefix) : prefix;
}

}  // namespace

class RowSorter::Collector final : public rocksdb::WriteBatch::Handler {
 public:
  explicit Collector(RowSorter& sorter) : sorter_(sorter) {}
  rocksdb::Status PutCF(std::uint32_t family, const rocksdb::Slice& key, const rocksdb::Slice& value) override {
    return add(family, key, value, true);
  }
  rocksdb::Status DeleteCF(std::uint32_t family, const rocksdb::Slice& key) override {
    return add(family, key, {}, false);
  }

 private:
  rocksdb::Status add(std::uint32_t id, const rocksdb::Slice& key, const rocksdb::Slice& value, bool is_put) {
    if (known_ == nullptr || known_->GetID() != id) known_ = sorter_.database_.family_of(id);
    if (known_ == nullptr) return rocksdb::Status::Corruption("a row of no column family");
    auto& rows = sorter_.rows_;
    rows.push_back({known_, prefix_of(key), key, value, id, static_cast<std::uint32_t>(rows.size()), is_put});
    return rocksdb::Status::OK();
  }

  RowSorter& sorter_;
  rocksdb::ColumnFamilyHandle* known_ = nullptr;
};

bool RowSorter::comes_before(const Row& a, const Row& b) {
  if (a.family_id != b.family_id) return a.family_id < b.family_id;
  if (a.prefix != b.prefix) return a.prefix < b.prefix;
  const int order = a.key.compare(b.key);
  return order != 0 ? order < 0 : a.place < b.place;
}

rocksdb::WriteBatch& RowSorter::sorted(rocksdb::WriteBatch& rows) {
  if (rows.Count() < kRowsLeast) return rows;
  rows_.clear();
  Collector collector(*this);
  HERALD_CHECK(rows.Iterate(&collector).ok(), "a batch holds more than Put and Delete of known column families");
  std::ranges::sort(rows_, comes_before);
  write_sorted();
  return sorted_;
}

// The last change of a key counts.
void RowSorter::write_sorted() {
  sorted_.Clear();
  const auto is_same = [](const Row& a, const Row& b) { return a.family_id == b.family_id && a.key == b.key; };
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const Row& row = rows_[i];
    if (i + 1 < rows_.size() && is_same(row, rows_[i + 1])) continue;
    if (row.is_put) {
      sorted_.Put(row.family, row.key, row.value);
    } else {
      sorted_.Delete(row.family, row.key);
    }
  }
}

}  // namespace herald::adapters
