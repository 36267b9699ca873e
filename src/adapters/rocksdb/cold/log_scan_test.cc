#include "adapters/rocksdb/cold/log_scan.h"

#include <gtest/gtest.h>

#include <vector>

#include "adapters/rocksdb/cold/crc32c.h"

namespace herald::adapters {
namespace {

constexpr std::size_t kHeaderBytes = 7;

// Writes a file of the log as RocksDB does.
class LogWriter {
 public:
  // Answers where the record begins.
  std::size_t add(std::string_view payload) {
    bool first = true;
    std::size_t begins = 0;
    do {
      pad();
      const std::size_t room = kLogBlockBytes - text_.size() % kLogBlockBytes - kHeaderBytes;
      const auto part = payload.substr(0, room);
      payload.remove_prefix(part.size());
      if (first) begins = text_.size();
      add_fragment(static_cast<char>(payload.empty() ? (first ? 1 : 4) : (first ? 2 : 3)), part);
      first = false;
    } while (!payload.empty());
    return begins;
  }
  [[nodiscard]] std::string& text() { return text_; }

 private:
  void pad() {
    const std::size_t room = kLogBlockBytes - text_.size() % kLogBlockBytes;
    if (room < kHeaderBytes) text_.append(room, '\0');
  }
  void add_fragment(char kind, std::string_view part) {
    const std::string checked = std::string(1, kind).append(part);
    const std::uint32_t crc = masked_crc32c(checked);
    for (int shift = 0; shift < 32; shift += 8) text_.push_back(static_cast<char>(crc >> shift));
    text_.push_back(static_cast<char>(part.size()));
    text_.push_back(static_cast<char>(part.size() >> 8));
    text_.append(checked);
  }

  std::string text_;
};

// A record of so many bytes before its tag.
[[nodiscard]] std::string record(std::size_t bytes, LogPosition synced) {
  return std::string(bytes, 'x') + std::string("\x03\x14", 2) + encode_sync_tag(synced);
}

[[nodiscard]] LogScan scan(std::string_view text) {
  LogScan scan;
  for (std::size_t at = 0; at < text.size(); at += kLogBlockBytes) scan.add_block(text.substr(at, kLogBlockBytes));
  scan.finish();
  return scan;
}

TEST(Crc32c, IsThatOfRfc3720) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AA);
  EXPECT_EQ(crc32c(std::string(32, '\xFF')), 0x62A8AB43);
  EXPECT_EQ(crc32c(""), 0);
}

TEST(SyncTag, IsFoundAtTheEndOfARecordOnly) {
  const LogPosition synced{.file = 12, .bytes = 34};
  EXPECT_EQ(find_sync_tag(record(100, synced)), synced);
  EXPECT_EQ(find_sync_tag(record(0, synced)), synced);
  EXPECT_EQ(find_sync_tag(record(100, synced) + "x"), std::nullopt);
  EXPECT_EQ(find_sync_tag(record(100, synced).substr(0, 110)), std::nullopt);
  EXPECT_EQ(find_sync_tag(""), std::nullopt);
}

class LogScanTest : public testing::Test {
 protected:
  // Records that fit into a block, that fill it but for less than a header, and that span several.
  LogScanTest() {
    for (const std::size_t bytes : {10, 300, 32'400, 1, 70'000, 20, 40'000, 500}) {
      begins_.push_back(log_.add(record(bytes, {.file = 7, .bytes = log_.text().size()})));
    }
  }

  LogWriter log_;
  std::vector<std::size_t> begins_;
};

TEST_F(LogScanTest, AWholeFileHasNoBreak) {
  EXPECT_EQ(scan(log_.text()).broken_at(), std::nullopt);
  EXPECT_EQ(scan(log_.text()).of_all().synced, (LogPosition{.file = 7, .bytes = begins_.back()}));
  EXPECT_FALSE(scan(log_.text()).of_all().has_untagged);
  EXPECT_EQ(scan("").broken_at(), std::nullopt);
  EXPECT_EQ(scan("").of_all().synced, LogPosition{});
}

TEST_F(LogScanTest, AFileThatIsCutAnywhereBreaksAtTheRecordThatIsCut) {
  const std::string whole = log_.text();
  for (std::size_t size = 1; size < whole.size(); size += 97) {
    SCOPED_TRACE(size);
    const auto found = scan(std::string_view(whole).substr(0, size));
    const auto next = std::ranges::upper_bound(begins_, size - 1);
    const std::size_t last = *(next - 1);
    if (!found.broken_at()) {
      EXPECT_TRUE(std::ranges::find(begins_, size) != begins_.end());
      continue;
    }
    EXPECT_TRUE(found.is_cut_short());
    EXPECT_EQ(*found.broken_at(), last);
  }
}

TEST_F(LogScanTest, AHoleBreaksItsRecordAndTheRecordsBehindItAreFound) {
  const std::string whole = log_.text();
  for (std::size_t hole = 0; hole < whole.size(); hole += 4'096) {
    SCOPED_TRACE(hole);
    std::string text = whole;
    const std::size_t end = std::min(hole + 4'096, text.size());
    std::fill(text.begin() + hole, text.begin() + end, '\0');
    const auto found = scan(text);
    ASSERT_TRUE(found.broken_at());
    EXPECT_EQ(*found.broken_at(), *(std::ranges::upper_bound(begins_, hole) - 1));
    EXPECT_FALSE(found.behind_break().has_untagged);
    const bool has_record_behind = begins_.back() >= end;
    EXPECT_EQ(found.behind_break().synced.bytes, has_record_behind ? begins_.back() : 0);
  }
}

// A later file of the log tells what was synced by all its whole records, although its own end is torn.
TEST_F(LogScanTest, TagsBeforeABreakAreKnown) {
  log_.text().resize(begins_.back() + kHeaderBytes);
  const auto found = scan(log_.text());
  EXPECT_EQ(found.broken_at(), begins_.back());
  EXPECT_EQ(found.of_all().synced, (LogPosition{.file = 7, .bytes = begins_[begins_.size() - 2]}));
  EXPECT_EQ(found.behind_break().synced, LogPosition{});
}

TEST_F(LogScanTest, ADamagedLengthAtTheEndDoesNotHideWhatIsBehindIt) {
  LogWriter log;
  log.add(record(100, {.file = 7, .bytes = 0}));
  const std::size_t damaged = log.add(record(200, {.file = 7, .bytes = 1}));
  log.add(record(300, {.file = 7, .bytes = 2}));
  log.text()[damaged + 5] = '\x70';
  const auto found = scan(log.text());
  EXPECT_EQ(found.broken_at(), damaged);
  EXPECT_FALSE(found.is_cut_short());
  EXPECT_EQ(found.behind_break().synced.bytes, 2);
}

TEST_F(LogScanTest, RecordsOfAnOlderHeraldHaveNoTag) {
  LogWriter log;
  log.add("the first, with a row");
  log.add("the second, with a row");
  log.text()[10] = '!';
  EXPECT_EQ(scan(log.text()).broken_at(), 0);
  EXPECT_TRUE(scan(log.text()).behind_break().has_untagged);
}

}  // namespace
}  // namespace herald::adapters
