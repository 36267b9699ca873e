// What a kill, a power cut, or a careless hand leaves of the write-ahead log: what was never acknowledged is cut off,
// and what was is never missed without a word.

#include <gmock/gmock.h>

#include <fstream>

#include "adapters/rocksdb/cold/sync_mark.h"
#include "adapters/rocksdb/faulty_disk.h"
#include "adapters/rocksdb/store_test_kit.h"

namespace herald::adapters {
namespace {

using ports::contract::app_id;
using ports::contract::Caller;
using ports::contract::numbered;

constexpr std::size_t kPageBytes = 4'096;
// A commit of it spans several pages.
constexpr std::size_t kLargeBytes = 20'000;

class LogCheckTest : public testing::Test {
 protected:
  [[nodiscard]] Message message(std::uint64_t n, std::size_t bytes) const {
    return {.id = numbered<MessageId>(n),
            .app = app_id(1),
            .replace_key = "",
            .meta = "",
            .body = std::string(bytes, 'x'),
            .accepted_at = clock_.wall(),
            .expires_at = clock_.wall() + std::chrono::hours(1)};
  }
  void put_many(std::uint64_t count, std::size_t bytes = 300) {
    OpenStore store(folder_, limits_, clock_);
    Caller call(store);
    for (std::uint64_t n = 1; n <= count; ++n) ASSERT_TRUE(call.put(message(n, bytes)));
  }
  // The folder as a kill leaves it: the store that has it open goes on.
  [[nodiscard]] static std::shared_ptr<TemporaryFolder> image_of(const TemporaryFolder& folder) {
    auto image = std::make_shared<TemporaryFolder>();
    std::filesystem::copy(folder.path(), image->path(), std::filesystem::copy_options::recursive);
    return image;
  }
  [[nodiscard]] static std::string newest_log(const TemporaryFolder& folder) {
    std::string newest;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
      if (entry.path().extension() == ".log") newest = std::max(newest, entry.path().string());
    }
    return newest;
  }
  [[nodiscard]] static LogPosition mark_of(const TemporaryFolder& folder) {
    return SyncMark::read(*rocksdb::Env::Default(), folder.path()).value_or(LogPosition{});
  }
  static void zero_page(const std::string& file, std::size_t page) {
    std::fstream out(file, std::ios::in | std::ios::out | std::ios::binary);
    out.seekp(static_cast<std::streamoff>(page * kPageBytes));
    out << std::string(kPageBytes, '\0');
  }
  [[nodiscard]] static std::string manifest_of(const TemporaryFolder& folder) {
    std::string name;
    std::ifstream(folder.path() + "/CURRENT") >> name;
    return folder.path() + "/" + name;
  }
  void flip_manifest_byte(std::size_t at) const {
    std::fstream file(manifest_of(*folder_), std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(at));
    const auto byte = static_cast<char>(file.get());
    file.seekp(static_cast<std::streamoff>(at));
    file.put(static_cast<char>(~byte));
  }
  [[nodiscard]] Result<std::unique_ptr<RocksdbStore>> open(const TemporaryFolder& folder, bool accept_loss = false) {
    return RocksdbStore::open({.folder = folder.path(), .accept_loss = accept_loss}, limits_, clock_, log_, metrics_);
  }
  void expect_refused(const TemporaryFolder& folder, std::string_view said) {
    const auto opened = open(folder);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().kind, ErrorKind::kCorrupt);
    EXPECT_THAT(opened.error().message, testing::HasSubstr(said));
    EXPECT_THAT(opened.error().message, testing::HasSubstr(".log"));
  }
  // The numbers of the stored ones of the first `count`.
  [[nodiscard]] std::vector<std::uint64_t> stored(const std::shared_ptr<TemporaryFolder>& folder, std::uint64_t count) {
    OpenStore store(folder, limits_, clock_);
    Caller call(store);
    std::vector<std::uint64_t> found;
    for (std::uint64_t n = 1; n <= count; ++n) {
      if (call.fetch({numbered<MessageId>(n)}, clock_.wall()).at(0) != nullptr) found.push_back(n);
    }
    return found;
  }
  [[nodiscard]] static std::size_t cut_files(const TemporaryFolder& folder) {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
      if (entry.path().string().find(".cut-at-") != std::string::npos) ++count;
    }
    return count;
  }

  Limits limits_;
  ManualClock clock_;
  NullLog log_;
  NullMetrics metrics_;
  Faults faults_;
  std::unique_ptr<rocksdb::Env> env_ = faulty_env(faults_);
  std::shared_ptr<TemporaryFolder> folder_ = std::make_shared<TemporaryFolder>();
};

TEST_F(LogCheckTest, AKillLosesNothing) {
  OpenStore store(folder_, limits_, clock_);
  Caller call(store);
  for (std::uint64_t n = 1; n <= 5; ++n) {
    ASSERT_TRUE(call.put(message(n, kLargeBytes)));
    EXPECT_EQ(stored(image_of(*folder_), n).size(), n);
  }
}

TEST_F(LogCheckTest, ATornPageOfACommitThatWasNeverAcknowledgedIsCutOff) {
  for (std::size_t page = 1; page <= kLargeBytes / kPageBytes; ++page) {
    SCOPED_TRACE(page);
    folder_ = std::make_shared<TemporaryFolder>();
    {
      OpenStore store(folder_, limits_, clock_, env_.get());
      Caller call(store);
      for (std::uint64_t n = 1; n <= 3; ++n) ASSERT_TRUE(call.put(message(n, kLargeBytes)));
      faults_.fail_syncs();
      ASSERT_FALSE(call.put(message(4, kLargeBytes)));
    }
    faults_.mend();
    const auto log = newest_log(*folder_);
    const std::size_t acknowledged = mark_of(*folder_).bytes;
    ASSERT_GT(std::filesystem::file_size(log), acknowledged + kLargeBytes);
    zero_page(log, acknowledged / kPageBytes + page);
    EXPECT_THAT(stored(folder_, 4), testing::ElementsAre(1, 2, 3));
    EXPECT_EQ(cut_files(*folder_), 1) << "what was cut is kept";
    EXPECT_THAT(stored(folder_, 4), testing::ElementsAre(1, 2, 3));
  }
}

TEST_F(LogCheckTest, AHalfWrittenCommitIsDropped) {
  {
    OpenStore store(folder_, limits_, clock_, env_.get());
    Caller call(store);
    for (std::uint64_t n = 1; n <= 3; ++n) ASSERT_TRUE(call.put(message(n, kLargeBytes)));
    faults_.fail_after(0);
    ASSERT_FALSE(call.put(message(4, kLargeBytes)));
  }
  faults_.mend();
  ASSERT_GT(std::filesystem::file_size(newest_log(*folder_)), mark_of(*folder_).bytes);
  EXPECT_THAT(stored(folder_, 4), testing::ElementsAre(1, 2, 3));
}

TEST_F(LogCheckTest, AHoleInAnAcknowledgedCommitIsReported) {
  std::shared_ptr<TemporaryFolder> image;
  {
    OpenStore store(folder_, limits_, clock_);
    Caller call(store);
    for (std::uint64_t n = 1; n <= 3; ++n) ASSERT_TRUE(call.put(message(n, kLargeBytes)));
    image = image_of(*folder_);
  }
  zero_page(newest_log(*image), mark_of(*image).bytes / kPageBytes - 1);
  expect_refused(*image, "hole");
}

// After a power cut the mark may be an old one. Then a later commit says what was on the disk before it.
TEST_F(LogCheckTest, AHoleBeforeALaterCommitIsReportedWithAnOldMark) {
  std::shared_ptr<TemporaryFolder> earlier;
  std::shared_ptr<TemporaryFolder> image;
  {
    OpenStore store(folder_, limits_, clock_);
    Caller call(store);
    ASSERT_TRUE(call.put(message(1, kLargeBytes)));
    earlier = image_of(*folder_);
    ASSERT_TRUE(call.put(message(2, kLargeBytes)));
    ASSERT_TRUE(call.put(message(3, kLargeBytes)));
    image = image_of(*folder_);
  }
  const std::string mark = "/herald.synced";
  std::filesystem::copy_file(earlier->path() + mark, image->path() + mark,
                             std::filesystem::copy_options::overwrite_existing);
  const auto untouched = image_of(*image);
  zero_page(newest_log(*image), mark_of(*earlier).bytes / kPageBytes + 2);
  expect_refused(*image, "hole");
  EXPECT_THAT(stored(untouched, 3), testing::ElementsAre(1, 2, 3)) << "the old mark alone is no damage";
}

// RocksDB takes zeros where a record should begin for the end of a block, and passes over all that follows in it.
TEST_F(LogCheckTest, AHoleOverWholeRecordsIsReported) {
  put_many(100);
  zero_page(newest_log(*folder_), 1);
  expect_refused(*folder_, "hole");
}

TEST_F(LogCheckTest, ALogThatIsCutShortIsReported) {
  put_many(20);
  const auto log = newest_log(*folder_);
  std::filesystem::resize_file(log, std::filesystem::file_size(log) - 1);
  expect_refused(*folder_, "cut short");
  std::filesystem::resize_file(log, 0);
  expect_refused(*folder_, "cut short");
}

// RocksDB syncs each record, so that a torn last one says nothing that the database rests on.
TEST_F(LogCheckTest, ATornEndOfTheManifestIsCutOff) {
  put_many(20);
  flip_manifest_byte(std::filesystem::file_size(manifest_of(*folder_)) - 2);
  EXPECT_EQ(stored(folder_, 20).size(), 20);
  EXPECT_EQ(cut_files(*folder_), 1) << "what was cut is kept";
  EXPECT_EQ(stored(folder_, 20).size(), 20);
}

TEST_F(LogCheckTest, ADamagedManifestIsReported) {
  put_many(20);
  flip_manifest_byte(60);
  const auto opened = open(*folder_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::kCorrupt);
  EXPECT_EQ(cut_files(*folder_), 0);
}

TEST_F(LogCheckTest, AMissingLogIsReported) {
  put_many(20);
  std::filesystem::remove(newest_log(*folder_));
  expect_refused(*folder_, "missing");
  expect_refused(*folder_, "missing");
}

TEST_F(LogCheckTest, WhoAcceptsTheLossGetsWhatIsBeforeIt) {
  put_many(100);
  const auto image = image_of(*folder_);
  zero_page(newest_log(*folder_), 4);
  {
    ASSERT_TRUE(open(*folder_, true));
  }
  const auto found = stored(folder_, 100);
  EXPECT_GT(found.size(), 10);
  EXPECT_LT(found.size(), 90);
  EXPECT_EQ(found.back(), found.size()) << "all up to the hole, none behind it";
  EXPECT_EQ(cut_files(*folder_), 1);

  std::filesystem::remove(newest_log(*image));
  {
    ASSERT_TRUE(open(*image, true));
  }
  EXPECT_TRUE(stored(image, 100).empty());
}

TEST_F(LogCheckTest, ALogThatIsNotNeededAnyMoreMayBeGone) {
  put_many(3);
  const auto old = image_of(*folder_);
  EXPECT_EQ(stored(folder_, 3).size(), 3) << "opening moves the rows of the log to files of their own";
  const std::string mark = "/herald.synced";
  ASSERT_NE(mark_of(*old), mark_of(*folder_));
  std::filesystem::copy_file(old->path() + mark, folder_->path() + mark,
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_EQ(stored(folder_, 3).size(), 3);
}

}  // namespace
}  // namespace herald::adapters
