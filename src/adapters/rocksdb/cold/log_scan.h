#pragma once
// Reads one file of RocksDB's write-ahead log, also behind damage, to say which of its records are whole. The format is
// RocksDB's (its wiki, "Write Ahead Log File Format"): blocks of 32 KiB; in each, fragments of records with a header of
// checksum, length and kind. Pure. Private to this folder.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/rocksdb/cold/sync_mark.h"

namespace herald::adapters {

inline constexpr std::size_t kLogBlockBytes = 32'768;

class LogScan {
 public:
  // The file, block by block; only the last may be shorter than kLogBlockBytes.
  void add_block(std::string_view block);
  // After the last block.
  void finish();

  // Where the first record begins that is not whole. nullopt: all are.
  [[nodiscard]] std::optional<std::uint64_t> broken_at() const { return broken_at_; }
  // It is broken because the file ends in it: nothing follows.
  [[nodiscard]] bool is_cut_short() const { return cut_short_; }
  // There are whole records behind the broken one that have no tag (sync_mark.h).
  [[nodiscard]] bool has_untagged_behind() const { return untagged_behind_; }
  // The furthest position in the tags of the whole records behind the broken one, or of all if none is broken.
  [[nodiscard]] LogPosition synced() const { return synced_; }
  [[nodiscard]] bool has_records() const { return has_records_; }

 private:
  struct Fragment {
    std::uint8_t kind = 0;
    std::string_view payload;
  };
  enum class Found : std::uint8_t { kFragment, kBroken, kCutShort, kPadding };

  [[nodiscard]] Found read_fragment(std::string_view block, std::size_t at, Fragment& fragment) const;
  void take(const Fragment& fragment, std::uint64_t at);
  void extend_record(std::string_view payload);
  void end_record();
  void note_broken(std::uint64_t at, bool by_the_end);

  std::uint64_t block_begins_ = 0;
  std::optional<std::uint64_t> broken_at_;
  bool cut_short_ = false;
  bool untagged_behind_ = false;
  bool has_records_ = false;
  LogPosition synced_;
  // The record whose fragments are being read, and its last bytes.
  std::optional<std::uint64_t> record_begins_;
  std::string record_end_;
};

}  // namespace herald::adapters
