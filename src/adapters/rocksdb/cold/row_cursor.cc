#include "adapters/rocksdb/cold/row_cursor.h"

#include <algorithm>
#include <utility>

#include "adapters/rocksdb/cold/database_options.h"

namespace herald::adapters {

namespace {

// Most keys are as long or shorter.
constexpr std::size_t kKeyBytes = 48;

// `key` as a big-endian number, plus 2^bit. Empty: the sum is greater than all keys of that length.
[[nodiscard]] std::string plus(std::string key, std::size_t bit) {
  unsigned carry = 1U << (bit % 8);
  for (std::size_t i = key.size() - bit / 8; i-- > 0 && carry > 0;) {
    carry += static_cast<unsigned char>(key[i]);
    key[i] = static_cast<char>(carry & 0xFF);
    carry >>= 8;
  }
  return carry > 0 ? std::string() : key;
}

}  // namespace

RowCursor::RowCursor(Open open, Family family, std::string_view prefix, StoreHealth& health)
    : open_(std::move(open)),
      rows_(open_()),
      family_(family),
      prefix_(prefix),
      end_(end_of_prefix(prefix)),
      health_(health) {}

void RowCursor::seek(std::string_view key) {
  at_end_ = false;
  if (is_in_damage()) rows_ = open_();
  rows_->Seek({key.data(), key.size()});
  if (is_in_damage()) pass_damage(std::string(key));
}

void RowCursor::next() {
  passed_.assign(key());
  rows_->Next();
  if (is_in_damage()) pass_damage(passed_.append(1, '\0'));
}

bool RowCursor::valid() const {
  return !at_end_ && rows_->Valid() && rows_->key().starts_with(prefix_);
}

Status RowCursor::status() const {
  if (at_end_ || rows_->status().ok()) return {};
  return std::unexpected(to_error(rows_->status()));
}

bool RowCursor::reaches(const std::string& key) {
  at_end_ = key.empty() || (!end_.empty() && key >= end_);
  if (at_end_) return true;
  if (is_in_damage()) rows_ = open_();
  rows_->Seek(key);
  return !is_in_damage();
}

// The keys of a block lie together. Steps that double find a key behind the block, then the first one behind it is
// found by halving. Rows between two damaged blocks may be passed over with them.
void RowCursor::pass_damage(std::string from) {
  health_.skipped(family_name(family_), from, rows_->status().ToString());
  from.resize(std::max(from.size(), kKeyBytes), '\0');
  std::size_t bit = 0;
  while (!reaches(plus(from, bit))) ++bit;
  std::string last = bit == 0 ? from : plus(from, bit - 1);
  for (std::size_t lower = bit == 0 ? 0 : bit - 1; lower-- > 0;) {
    auto further = plus(last, lower);
    if (!reaches(further)) last = std::move(further);
  }
  static_cast<void>(reaches(plus(last, 0)));
}

}  // namespace herald::adapters
