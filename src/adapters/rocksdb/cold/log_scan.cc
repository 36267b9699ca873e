#include "adapters/rocksdb/cold/log_scan.h"

#include <algorithm>

#include "adapters/rocksdb/cold/crc32c.h"

namespace herald::adapters {

namespace {

constexpr std::size_t kHeaderBytes = 7;
// Enough of a record's end to find its tag.
// Sequence number and count of a write batch.
constexpr std::size_t kBatchHeaderBytes = 12;
constexpr std::size_t kRecordEndBytes = 64;

// Of a fragment, in its header.
constexpr std::uint8_t kFull = 1;
constexpr std::uint8_t kFirst = 2;  // 3: a middle one
constexpr std::uint8_t kLast = 4;

[[nodiscard]] std::uint32_t little_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

void note_tag(LogScan::Tags& tags, const std::optional<LogPosition>& tag) {
  tags.has_untagged = tags.has_untagged || !tag;
  if (tag) tags.synced = std::max(tags.synced, *tag);
}

}  // namespace

LogScan::Found LogScan::read_fragment(std::string_view block, std::size_t at, Fragment& fragment) const {
  const bool is_last_block = block.size() < kLogBlockBytes;
  if (block.size() - at < kHeaderBytes) return is_last_block ? Found::kCutShort : Found::kPadding;
  const auto header = block.substr(at, kHeaderBytes);
  fragment.kind = static_cast<std::uint8_t>(header[6]);
  if (fragment.kind < kFull || fragment.kind > kLast) return Found::kBroken;
  const std::size_t length = little_endian(header.substr(4, 2));
  const std::size_t end = at + kHeaderBytes + length;
  if (end > kLogBlockBytes) return Found::kBroken;
  if (end > block.size()) return Found::kCutShort;
  fragment.payload = block.substr(at + kHeaderBytes, length);
  const auto checked = block.substr(at + kHeaderBytes - 1, length + 1);
  return masked_crc32c(checked) == little_endian(header.substr(0, 4)) ? Found::kFragment : Found::kBroken;
}

// Behind a broken fragment the next one is looked for byte by byte up to the end of the block: each block begins with
// a fragment.
void LogScan::add_block(std::string_view block) {
  std::size_t at = 0;
  while (at < block.size()) {
    Fragment fragment;
    const Found found = read_fragment(block, at, fragment);
    if (found == Found::kPadding) break;
    if (found == Found::kFragment) {
      take(fragment, block_begins_ + at);
      at += kHeaderBytes + fragment.payload.size();
      continue;
    }
    note_broken(block_begins_ + at, found == Found::kCutShort);
    ++at;
  }
  block_begins_ += block.size();
}

void LogScan::finish() {
  if (!record_begins_ || broken_at_) return;
  broken_at_ = record_begins_;
  cut_short_ = true;
}

void LogScan::note_broken(std::uint64_t at, bool by_the_end) {
  if (!broken_at_) {
    broken_at_ = record_begins_.value_or(at);
    cut_short_ = by_the_end;
  }
  record_begins_.reset();
}

void LogScan::take(const Fragment& fragment, std::uint64_t at) {
  cut_short_ = false;
  const bool begins = fragment.kind == kFull || fragment.kind == kFirst;
  // The record before has no end, or this one no beginning.
  if (begins == record_begins_.has_value()) {
    note_broken(at, false);
    if (!begins) return;
  }
  if (begins) {
    record_begins_ = at;
    record_end_.clear();
  }
  extend_record(fragment.payload);
  if (fragment.kind == kFull || fragment.kind == kLast) end_record();
}

void LogScan::extend_record(std::string_view payload) {
  record_end_.append(payload.substr(payload.size() - std::min(payload.size(), kRecordEndBytes)));
  if (record_end_.size() > kRecordEndBytes) record_end_.erase(0, record_end_.size() - kRecordEndBytes);
}

void LogScan::end_record() {
  record_begins_.reset();
  records_behind_ = records_behind_ || broken_at_.has_value();
  // RocksDB writes an empty batch when it opens a log; it holds no change, and no tag.
  if (record_end_.size() <= kBatchHeaderBytes) return;
  const auto tag = find_sync_tag(record_end_);
  note_tag(of_all_, tag);
  if (broken_at_) note_tag(behind_break_, tag);
}

}  // namespace herald::adapters
