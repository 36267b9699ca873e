// What stays in memory, until when, and what is left of it after a crash.

#include "adapters/rocksdb/state/in_flight.h"

#include <gmock/gmock.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <mutex>
#include <shared_mutex>

#include "adapters/rocksdb/engine/hot_reads.h"
#include "adapters/rocksdb/store_test_kit.h"

namespace herald::adapters {
namespace {

using ports::contract::app_id;
using ports::contract::Caller;
using ports::contract::device;
using ports::contract::numbered;
using testing::ElementsAre;

// While it is held, no file of a database changes, comes or goes: what RocksDB's own threads do waits.
using DiskLock = std::shared_mutex;

class HeldFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  HeldFile(std::unique_ptr<rocksdb::FSWritableFile> file, DiskLock& lock)
      : rocksdb::FSWritableFileOwnerWrapper(std::move(file)), lock_(lock) {}

  using rocksdb::FSWritableFileOwnerWrapper::Append;
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* context) override {
    const std::shared_lock changes(lock_);
    return target()->Append(data, options, context);
  }
  rocksdb::IOStatus Truncate(std::uint64_t size, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* context) override {
    const std::shared_lock changes(lock_);
    return target()->Truncate(size, options, context);
  }

 private:
  DiskLock& lock_;
};

class HeldFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  explicit HeldFileSystem(DiskLock& lock)
      : rocksdb::FileSystemWrapper(rocksdb::Env::Default()->GetFileSystem()), lock_(lock) {}
  const char* Name() const override { return "HeldFileSystem"; }
  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* context) override {
    const std::shared_lock changes(lock_);
    auto status = target()->NewWritableFile(name, options, file, context);
    if (status.ok()) *file = std::make_unique<HeldFile>(std::move(*file), lock_);
    return status;
  }
  rocksdb::IOStatus DeleteFile(const std::string& name, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* context) override {
    const std::shared_lock changes(lock_);
    return target()->DeleteFile(name, options, context);
  }
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* context) override {
    const std::shared_lock changes(lock_);
    return target()->RenameFile(from, to, options, context);
  }

 private:
  DiskLock& lock_;
};

class Young : public testing::Test {
 protected:
  [[nodiscard]] Message message(std::uint64_t n) const {
    return {.id = numbered<MessageId>(n),
            .app = app_id(1),
            .replace_key = "",
            .meta = "",
            .body = "body " + std::to_string(n),
            .accepted_at = clock_.wall(),
            .expires_at = clock_.wall() + std::chrono::hours(1)};
  }
  void open(const std::shared_ptr<TemporaryFolder>& folder) {
    call_.reset();
    store_.reset();
    store_ = std::make_unique<OpenStore>(folder, limits_, clock_, disk_.get());
    call_.emplace(*store_);
  }
  Caller& call() {
    if (!call_) open(folder_);
    return *call_;
  }
  void put(std::uint64_t n) { ASSERT_TRUE(call().put(message(n))); }
  void route(std::uint64_t n, std::vector<UserAgentId> devices) {
    call().add({{.message = message(n).id, .user_agents = std::move(devices), .last_page = true}}, clock_.wall());
  }
  void ack(std::uint64_t n, std::uint64_t user_agent) {
    call().record({{message(n).id, device(user_agent), DeliveryState::kAcked, clock_.wall(), clock_.wall()}});
  }
  // Everything that was changed before has been written, so far as it is due.
  void commit() { call().forget_receipt(numbered<ReceiptId>(999'999), 1); }
  // The files as a process leaves them that is killed now, opened by another.
  void crash() {
    commit();
    const auto copy = std::make_shared<TemporaryFolder>();
    {
      const std::unique_lock held(disk_lock_);
      std::filesystem::copy(folder_->path(), copy->path(), std::filesystem::copy_options::recursive);
    }
    std::filesystem::remove(copy->path() + "/LOCK");
    open(copy);
    folder_ = copy;
  }
  [[nodiscard]] std::vector<std::uint64_t> waiting(std::uint64_t user_agent) {
    std::vector<std::uint64_t> numbers;
    for (const auto& found : call().pending(device(user_agent), {}, 100, clock_.wall()).messages) {
      numbers.push_back(number_of(found->id));
    }
    return numbers;
  }
  [[nodiscard]] std::vector<std::uint64_t> unrouted() {
    std::vector<std::uint64_t> numbers;
    for (const auto& found : call().unrouted({}, clock_.wall() + std::chrono::seconds(1), 100)) {
      numbers.push_back(number_of(found.message));
    }
    return numbers;
  }
  [[nodiscard]] static std::uint64_t number_of(const MessageId& id) {
    std::uint64_t n = 0;
    for (std::size_t i = 0; i < 8; ++i) n = n << 8 | id.bytes[i];
    return n;
  }
  [[nodiscard]] std::vector<UserAgentId> devices(std::uint64_t count) const {
    std::vector<UserAgentId> all;
    for (std::uint64_t n = 1; n <= count; ++n) all.push_back(device(n));
    return all;
  }

  // The closed store's database as RocksDB sees it.
  using Handles = std::vector<rocksdb::ColumnFamilyHandle*>;
  void with_database(const std::function<void(rocksdb::DB&, const Handles&)>& use) const {
    rocksdb::Options options;
    std::vector<std::string> names;
    ASSERT_TRUE(rocksdb::DB::ListColumnFamilies(options, folder_->path(), &names).ok());
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const auto& name : names) families.emplace_back(name, rocksdb::ColumnFamilyOptions());
    Handles handles;
    rocksdb::DB* db = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open(options, folder_->path(), families, &handles, &db).ok());
    use(*db, handles);
    for (auto* handle : handles) db->DestroyColumnFamilyHandle(handle);
    delete db;
  }
  [[nodiscard]] std::size_t rows_of(const std::string& family) const {
    std::size_t rows = 0;
    with_database([&](rocksdb::DB& db, const Handles& handles) {
      for (auto* handle : handles) {
        if (handle->GetName() != family) continue;
        const std::unique_ptr<rocksdb::Iterator> it(db.NewIterator({}, handle));
        for (it->SeekToFirst(); it->Valid(); it->Next()) ++rows;
      }
    });
    return rows;
  }

  Limits limits_;
  ManualClock clock_;
  DiskLock disk_lock_;
  std::unique_ptr<rocksdb::Env> disk_ = rocksdb::NewCompositeEnv(std::make_shared<HeldFileSystem>(disk_lock_));
  std::shared_ptr<TemporaryFolder> folder_ = std::make_shared<TemporaryFolder>();
  std::unique_ptr<OpenStore> store_;
  std::optional<Caller> call_;
};

TEST_F(Young, ACrashTakesARouteBackAndNeitherAMessageNorAnAck) {
  for (std::uint64_t n = 1; n <= 3; ++n) put(n);
  route(1, {device(1)});
  ack(1, 1);
  route(2, {device(1)});
  EXPECT_THAT(waiting(1), ElementsAre(2));
  EXPECT_THAT(unrouted(), ElementsAre(3));
  crash();
  EXPECT_THAT(unrouted(), ElementsAre(2, 3));
  EXPECT_THAT(waiting(1), ElementsAre());
  EXPECT_EQ(call().status(app_id(1), message(1).id.hex(), clock_.wall())->state, DeliveryState::kAcked);
  EXPECT_NE(call().fetch({message(2).id}, clock_.wall()).at(0), nullptr);
  route(2, {device(1)});
  EXPECT_THAT(waiting(1), ElementsAre(2));
  EXPECT_THAT(unrouted(), ElementsAre(3));
}

TEST_F(Young, AnAckOfOneOfSeveralDevicesSurvivesACrash) {
  for (std::uint64_t n = 1; n <= 2; ++n) put(n);
  route(1, {device(1), device(2)});
  route(2, devices(40));
  ack(1, 1);
  for (std::uint64_t n = 1; n < 40; ++n) ack(2, n);
  crash();
  EXPECT_THAT(unrouted(), ElementsAre(1, 2));
  route(1, {device(1), device(2)});
  route(2, devices(40));
  EXPECT_THAT(waiting(1), ElementsAre());
  EXPECT_THAT(waiting(2), ElementsAre(1));
  EXPECT_THAT(waiting(40), ElementsAre(2));
  crash();
  EXPECT_THAT(unrouted(), ElementsAre());
  EXPECT_THAT(waiting(2), ElementsAre(1));
  ack(1, 2);
  ack(2, 40);
  for (std::uint64_t n = 1; n <= 2; ++n) {
    const auto status = call().status(app_id(1), message(n).id.hex(), clock_.wall());
    EXPECT_EQ(status->state, DeliveryState::kAcked);
    EXPECT_EQ(status->acked, n == 1 ? 2U : 40U);
  }
}

// The delivery was settled already, so its ack does not end the message.
TEST_F(Young, ALateAckOfADroppedDeliverySurvivesACrash) {
  for (std::uint64_t n = 1; n <= 3; ++n) {
    ASSERT_TRUE(call().register_app({.id = app_id(1), .public_key_pem = ""}, device(n)));
  }
  put(1);
  route(1, devices(3));
  ASSERT_TRUE(call().unregister_app(app_id(1), device(2)));
  ack(1, 1);
  ack(1, 2);
  crash();
  route(1, devices(3));
  EXPECT_EQ(call().status(app_id(1), message(1).id.hex(), clock_.wall())->acked, 2);
}

// Else they would be taken for deliveries of a message that is young.
TEST_F(Young, NoRowOfADeliveryOutlivesItsUse) {
  for (std::uint64_t n = 1; n <= 2; ++n) put(n);
  for (std::uint64_t n = 1; n <= 2; ++n) route(n, {device(1), device(2)});
  ack(1, 1);
  ack(1, 2);
  ack(2, 1);
  clock_.advance(std::chrono::milliseconds(limits_.young_ms));
  commit();
  call_.reset();
  store_.reset();
  EXPECT_EQ(rows_of("deliveries"), 0U);
}

TEST_F(Young, ARouteIsWrittenAtTheAgeOfYoungMs) {
  put(1);
  route(1, {device(1)});
  clock_.advance(std::chrono::milliseconds(limits_.young_ms - 1));
  crash();
  EXPECT_THAT(unrouted(), ElementsAre(1)) << "a millisecond before it";

  route(1, {device(1)});
  clock_.advance(std::chrono::milliseconds(limits_.young_ms));
  crash();
  EXPECT_THAT(unrouted(), ElementsAre());
  EXPECT_THAT(waiting(1), ElementsAre(1));
}

TEST_F(Young, TheOldestAreWrittenPastYoungBytes) {
  InFlight two;
  for (std::uint64_t n = 1; n <= 2; ++n) two.insert(std::make_shared<const Message>(message(n)), {});
  for (const bool past : {false, true}) {
    folder_ = std::make_shared<TemporaryFolder>();
    limits_.young_bytes = two.bytes() - (past ? 1 : 0);
    open(folder_);
    put(1);
    put(2);
    EXPECT_THAT(unrouted(), ElementsAre(1, 2));
    crash();
    EXPECT_THAT(unrouted(), ElementsAre(1, 2)) << "written or not, it is not routed";
    folder_ = std::make_shared<TemporaryFolder>();
    limits_.young_bytes = two.bytes() + InFlight::kDeliveryBytes - (past ? 1 : 0);
    open(folder_);
    put(1);
    route(1, {device(1)});
    put(2);
    crash();
    EXPECT_THAT(waiting(1), past ? ElementsAre(1) : testing::Matcher<std::vector<std::uint64_t>>(ElementsAre()));
  }
}

TEST_F(Young, AMessageOfManyDevicesIsWrittenInParts) {
  constexpr std::uint64_t kDevices = 20'000;
  put(1);
  route(1, devices(kDevices));
  for (std::uint64_t n = 1; n <= kDevices; n += 100) ack(1, n);
  clock_.advance(std::chrono::milliseconds(limits_.young_ms));
  commit();
  // Some rows are written, others not.
  ack(1, 2);
  ack(1, kDevices - 1);
  route(1, {device(kDevices + 1)});
  EXPECT_THAT(waiting(2), ElementsAre());
  EXPECT_THAT(waiting(3), ElementsAre(1));
  EXPECT_THAT(waiting(kDevices - 1), ElementsAre());
  EXPECT_THAT(waiting(kDevices - 2), ElementsAre(1));
  auto status = call().status(app_id(1), message(1).id.hex(), clock_.wall());
  EXPECT_EQ(status->recipients, kDevices + 1);
  EXPECT_EQ(status->acked, kDevices / 100 + 2);
  for (int i = 0; i < 5; ++i) commit();
  crash();
  EXPECT_THAT(unrouted(), ElementsAre());
  status = call().status(app_id(1), message(1).id.hex(), clock_.wall());
  EXPECT_EQ(status->recipients, kDevices + 1);
  EXPECT_EQ(status->acked, kDevices / 100 + 2);
  EXPECT_THAT(waiting(1), ElementsAre());
  EXPECT_THAT(waiting(2), ElementsAre());
  EXPECT_THAT(waiting(3), ElementsAre(1));
  EXPECT_THAT(waiting(kDevices + 1), ElementsAre(1));
  for (std::uint64_t n = 1; n <= kDevices + 1; ++n) ack(1, n);
  status = call().status(app_id(1), message(1).id.hex(), clock_.wall());
  EXPECT_EQ(status->state, DeliveryState::kAcked);
  EXPECT_EQ(status->acked, kDevices + 1);
}

TEST_F(Young, AMessageOfManyDevicesThatEndsYoungKeepsItsDeliveries) {
  constexpr std::uint64_t kDevices = 40;
  put(1);
  route(1, devices(kDevices));
  for (std::uint64_t n = 1; n <= kDevices; ++n) ack(1, n);
  crash();
  const auto page = call().of_message(message(1).id, {}, 100, clock_.wall());
  ASSERT_EQ(page.deliveries.size(), kDevices);
  for (const auto& delivery : page.deliveries) EXPECT_EQ(delivery.state, DeliveryState::kAcked);
}

TEST_F(Young, WhatIsWrittenAndWhatIsYoungMakesOnePage) {
  for (std::uint64_t n = 1; n <= 3; ++n) put(n);
  for (std::uint64_t n = 1; n <= 3; ++n) route(n, {device(1)});
  clock_.advance(std::chrono::milliseconds(limits_.young_ms));
  commit();
  for (std::uint64_t n = 4; n <= 6; ++n) put(n);
  for (std::uint64_t n = 4; n <= 6; ++n) route(n, {device(1)});
  ack(2, 1);
  ack(5, 1);
  EXPECT_THAT(waiting(1), ElementsAre(1, 3, 4, 6));
  const auto page = call().pending(device(1), message(1).id, 2, clock_.wall());
  ASSERT_EQ(page.messages.size(), 2U);
  EXPECT_EQ(page.messages[0]->id, message(3).id);
  EXPECT_EQ(page.messages[1]->id, message(4).id);
  EXPECT_TRUE(page.more);
  EXPECT_FALSE(call().pending(device(1), message(3).id, 2, clock_.wall()).more);
}

TEST_F(Young, TheLimitOfPendingCountsBothAndDropsTheOldestOfTheLowestPriority) {
  limits_.pending_per_device = 3;
  const auto add = [&](std::uint64_t n, Priority priority) {
    auto chosen = message(n);
    chosen.priority = priority;
    ASSERT_TRUE(call().put(chosen));
    route(n, {device(1)});
  };
  add(1, Priority::kRealTime);
  add(2, Priority::kGathered);
  clock_.advance(std::chrono::milliseconds(limits_.young_ms));
  commit();
  add(3, Priority::kPassive);
  add(4, Priority::kGathered);
  EXPECT_THAT(waiting(1), ElementsAre(1, 2, 4)) << "a young one goes first";
  add(5, Priority::kRealTime);
  EXPECT_THAT(waiting(1), ElementsAre(1, 4, 5)) << "a written one goes first";
}

TEST_F(Young, AnIdBelowOthersIsWrittenAtOnce) {
  put(5);
  put(3);
  route(3, {device(1)});
  EXPECT_THAT(unrouted(), ElementsAre(5));
  crash();
  EXPECT_THAT(unrouted(), ElementsAre(5));
  EXPECT_THAT(waiting(1), ElementsAre(3));
}

TEST_F(Young, AYoungMessageExpires) {
  put(1);
  route(1, {device(1)});
  clock_.advance(std::chrono::hours(1));
  EXPECT_THAT(waiting(1), ElementsAre());
  EXPECT_EQ(call().purge(clock_.wall(), std::chrono::hours(1), 10).expired, 1U);
  crash();
  EXPECT_EQ(call().status(app_id(1), message(1).id.hex(), clock_.wall())->state, DeliveryState::kExpired);
}

// A clock that went back brings no message back that had expired for whoever replaced or cancelled it.
TEST_F(Young, WhatHadExpiredStaysExpired) {
  const WallTime late = clock_.wall() + std::chrono::hours(2);
  Message first = message(1);
  first.replace_key = "mail";
  ASSERT_TRUE(call().put(first));
  route(1, {device(1)});
  Message second = message(2);
  second.replace_key = "mail";
  second.accepted_at = late;
  EXPECT_EQ(call().put(second)->replaced, std::nullopt);
  put(3);
  route(3, {device(1)});
  EXPECT_EQ(call().cancel(app_id(1), message(3).id.hex(), late)->state, DeliveryState::kExpired);
  EXPECT_THAT(waiting(1), ElementsAre());
  EXPECT_EQ(call().status(app_id(1), message(1).id.hex(), clock_.wall())->state, DeliveryState::kExpired);
}

TEST_F(Young, AFolderOfVersion1IsTakenOver) {
  limits_.young_ms = 0;
  put(1);
  put(2);
  route(1, {device(1)});
  call_.reset();
  store_.reset();
  with_database([](rocksdb::DB& db, const auto&) {
    EXPECT_TRUE(db.Put({}, "format", std::string("\0\0\0\1", 4)).ok());
    EXPECT_TRUE(db.Delete({}, young_floor_key()).ok());
  });

  limits_.young_ms = 2'000;
  EXPECT_THAT(waiting(1), ElementsAre(1));
  EXPECT_THAT(unrouted(), ElementsAre(2));
  put(3);
  crash();
  EXPECT_THAT(waiting(1), ElementsAre(1));
  EXPECT_THAT(unrouted(), ElementsAre(2, 3));
}

TEST(EndOfPrefix, IsTheFirstKeyBehindAllOfThem) {
  EXPECT_EQ(end_of_prefix("ab"), "ac");
  EXPECT_EQ(end_of_prefix("a\xFF\xFF"), "b");
  EXPECT_EQ(end_of_prefix("\xFF"), "") << "nothing is behind them";
  EXPECT_EQ(end_of_prefix(""), "");
}

TEST(MergePages, TakesTheFirstOfBothAndNoneTwice) {
  const auto at = [](std::uint64_t n) {
    Message message;
    message.id = numbered<MessageId>(n);
    return std::make_shared<const Message>(message);
  };
  const auto ids = [](const ports::PendingPage& page) {
    std::vector<MessageId> found;
    for (const auto& message : page.messages) found.push_back(message->id);
    return found;
  };
  const auto some = merge_pages({.messages = {at(1), at(3)}, .more = false}, {at(2), at(3), at(4)}, 4);
  EXPECT_THAT(ids(some), ElementsAre(at(1)->id, at(2)->id, at(3)->id, at(4)->id));
  EXPECT_FALSE(some.more);
  const auto cut = merge_pages({.messages = {at(1), at(3)}, .more = true}, {at(2), at(9)}, 2);
  EXPECT_THAT(ids(cut), ElementsAre(at(1)->id, at(2)->id));
  EXPECT_TRUE(cut.more);
}

}  // namespace
}  // namespace herald::adapters
