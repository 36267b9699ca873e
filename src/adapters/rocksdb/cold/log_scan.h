#pragma once
// Reads one file of RocksDB's write-ahead log, or its manifest, also behind damage, to say which of its records are
// whole. The format is RocksDB's (its wiki, "Write Ahead Log File Format"): blocks of 32 KiB; in each, fragments of
// records with a header of checksum, length and kind. Pure. Private to this folder.

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
  // There are whole records behind the broken one.
  [[nodiscard]] bool has_records_behind() const { return records_behind_; }
  // It is broken because the file ends in it: nothing follows.
  [[nodiscard]] bool is_cut_short() const { return cut_short_; }
  // What the tags (sync_mark.h) of whole records say.
  struct Tags {
    LogPosition synced;         // the furthest of their positions
    bool has_untagged = false;  // there are records without a tag
  };
  [[nodiscard]] const Tags& of_all() const { return of_all_; }
  // Of the records behind the broken one.
  [[nodiscard]] const Tags& behind_break() const { return behind_break_; }

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
  bool records_behind_ = false;
  Tags of_all_;
  Tags behind_break_;
  // The record whose fragments are being read, and its last bytes.
  std::optional<std::uint64_t> record_begins_;
  std::string record_end_;
};

}  // namespace herald::adapters
