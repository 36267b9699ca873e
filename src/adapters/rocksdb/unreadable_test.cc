// One block of a file is damaged: what lies in it is skipped and counted, everything else is delivered.

#include <gmock/gmock.h>
#include <rocksdb/db.h>
#include <rocksdb/metadata.h>

#include <fstream>

#include "adapters/rocksdb/store_test_kit.h"

namespace herald::adapters {
namespace {

using ports::contract::app_id;
using ports::contract::Caller;
using ports::contract::device;
using ports::contract::numbered;

constexpr std::uint64_t kMessages = 200;

class Unreadable : public testing::Test {
 protected:
  Unreadable() {
    limits_.pending_per_device = kMessages;
    {
      OpenStore store(folder_, limits_, clock_);
      Caller call(store);
      std::vector<ports::NewDeliveries> deliveries;
      for (std::uint64_t n = 1; n <= kMessages; ++n) {
        EXPECT_TRUE(call.put(message(n)));
        deliveries.push_back({.message = message(n).id, .user_agents = {device(1)}, .last_page = true});
      }
      call.add(std::move(deliveries), clock_.wall());
    }
    // Opening moves what is in the log to files of rows.
    OpenStore store(folder_, limits_, clock_);
  }
  [[nodiscard]] Message message(std::uint64_t n) const {
    return {.id = numbered<MessageId>(n),
            .app = app_id(1),
            .replace_key = "",
            .meta = "",
            .body = std::string(500, 'x'),
            .accepted_at = clock_.wall(),
            .expires_at = clock_.wall() + std::chrono::hours(1)};
  }
  // Damages so many bytes of each file of rows of the family, from there on.
  void damage(const std::string& family, std::size_t at, std::size_t bytes = 8) {
    std::vector<std::string> names;
    ASSERT_TRUE(rocksdb::DB::ListColumnFamilies({}, folder_->path(), &names).ok());
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const auto& name : names) families.emplace_back(name, rocksdb::ColumnFamilyOptions());
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* db = nullptr;
    ASSERT_TRUE(rocksdb::DB::OpenForReadOnly({}, folder_->path(), families, &handles, &db).ok());
    std::vector<rocksdb::LiveFileMetaData> files;
    db->GetLiveFilesMetaData(&files);
    for (auto* handle : handles) db->DestroyColumnFamilyHandle(handle);
    delete db;
    std::size_t damaged = 0;
    for (const auto& file : files) {
      if (file.column_family_name != family) continue;
      std::fstream out(folder_->path() + file.name, std::ios::in | std::ios::out | std::ios::binary);
      out.seekp(static_cast<std::streamoff>(at));
      out << std::string(bytes, '!');
      ++damaged;
    }
    ASSERT_GT(damaged, 0);
  }
  [[nodiscard]] std::vector<MessagePtr> pending(Caller& call, std::size_t page = 7) {
    std::vector<MessagePtr> all;
    std::optional<MessageId> after;
    while (true) {
      auto found = call.pending(device(1), after, page, clock_.wall());
      std::ranges::copy(found.messages, std::back_inserter(all));
      if (!found.more) return all;
      after = all.back()->id;
    }
  }

  Limits limits_;
  ManualClock clock_;
  std::shared_ptr<TemporaryFolder> folder_ = std::make_shared<TemporaryFolder>();
};

TEST_F(Unreadable, NothingIsSkippedWhereNothingIsDamaged) {
  OpenStore store(folder_, limits_, clock_);
  Caller call(store);
  EXPECT_EQ(pending(call).size(), kMessages);
  EXPECT_EQ(store.condition().unreadable_rows, 0);
  EXPECT_EQ(store.condition().reason, "");
}

TEST_F(Unreadable, MessagesOfADamagedBlockAreSkipped) {
  damage("messages", 9'000);
  OpenStore store(folder_, limits_, clock_);
  Caller call(store);
  const std::size_t found = pending(call).size();
  EXPECT_LT(found, kMessages);
  EXPECT_GT(found, kMessages - 20) << "a block holds few";
  // The start, which looks for messages in flight, passes over the block as one place.
  const auto skipped = store.condition().unreadable_rows;
  EXPECT_GE(skipped, kMessages - found);
  EXPECT_LE(skipped, kMessages - found + 1);
  EXPECT_THAT(store.condition().reason, testing::HasSubstr("damaged"));
  EXPECT_TRUE(store.condition().writable);
  EXPECT_EQ(pending(call, kMessages).size(), found);
  EXPECT_EQ(store.condition().unreadable_rows, skipped) << "each row counts once";
}

TEST_F(Unreadable, TheIndexOfWhatWaitsIsReadAroundADamagedBlock) {
  for (const std::size_t at : {100, 5'000, 9'000}) {
    SCOPED_TRACE(at);
    damage("pending", at);
    OpenStore store(folder_, limits_, clock_);
    Caller call(store);
    const std::size_t found = pending(call).size();
    EXPECT_LT(found, kMessages);
    EXPECT_GE(store.condition().unreadable_rows, 1);
  }
  OpenStore store(folder_, limits_, clock_);
  Caller call(store);
  EXPECT_GT(pending(call).size(), 0) << "what lies outside of the three blocks";
}

TEST_F(Unreadable, ADeviceWithADamagedBlockStillGetsWhatIsNew) {
  damage("messages", 9'000);
  OpenStore store(folder_, limits_, clock_);
  Caller call(store);
  const std::size_t found = pending(call).size();
  limits_.pending_per_device = kMessages + 1;
  ASSERT_TRUE(call.put(message(kMessages + 1)));
  call.add({{.message = message(kMessages + 1).id, .user_agents = {device(2)}, .last_page = true}}, clock_.wall());
  EXPECT_EQ(call.pending(device(2), {}, 10, clock_.wall()).messages.size(), 1);
  EXPECT_EQ(pending(call).size(), found);
}

}  // namespace
}  // namespace herald::adapters
