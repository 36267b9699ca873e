// Which rows of the directory stand, and that none outlives its use.

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include "adapters/rocksdb/store_test_kit.h"

namespace herald::adapters {
namespace {

using ports::contract::app_id;
using ports::contract::Caller;
using ports::contract::device;

class DirectoryRows : public testing::Test {
 protected:
  [[nodiscard]] Caller& call() {
    if (!store_) {
      store_ = std::make_unique<OpenStore>(folder_, limits_, clock_);
      call_.emplace(*store_);
    }
    return *call_;
  }
  [[nodiscard]] static App app(std::uint64_t n) {
    return {.id = app_id(n), .kind = PayloadKind::kWebPush, .public_key_pem = "pem"};
  }
  // Rows of all families but the store's own notes, after the store was closed.
  [[nodiscard]] std::size_t rows() {
    call_.reset();
    store_.reset();
    std::vector<std::string> names;
    EXPECT_TRUE(rocksdb::DB::ListColumnFamilies({}, folder_->path(), &names).ok());
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const auto& name : names) families.emplace_back(name, rocksdb::ColumnFamilyOptions());
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* db = nullptr;
    rocksdb::DBOptions options;
    options.track_and_verify_wals_in_manifest = true;
    EXPECT_TRUE(rocksdb::DB::OpenForReadOnly(options, folder_->path(), families, &handles, &db).ok());
    std::size_t count = 0;
    for (auto* handle : handles) {
      const std::unique_ptr<rocksdb::Iterator> it(db->NewIterator({}, handle));
      for (it->SeekToFirst(); it->Valid(); it->Next()) {
        const bool is_note = handle->GetName() == "default" && !it->key().starts_with("app size ");
        if (!is_note) ++count;
      }
    }
    for (auto* handle : handles) db->DestroyColumnFamilyHandle(handle);
    delete db;
    return count;
  }

  Limits limits_;
  ManualClock clock_;
  std::shared_ptr<TemporaryFolder> folder_ = std::make_shared<TemporaryFolder>();
  std::unique_ptr<OpenStore> store_;
  std::optional<Caller> call_;
};

TEST_F(DirectoryRows, NoneIsLeftWhenNothingIsRegistered) {
  for (std::uint64_t n = 1; n <= 200; ++n) {
    ASSERT_TRUE(call().register_app(app(n), device(n)));
    ASSERT_TRUE(call().unregister_app(app_id(n), device(n)));
  }
  EXPECT_FALSE(call().find_app(app_id(1)));
  EXPECT_EQ(rows(), 0);
}

TEST_F(DirectoryRows, AnAppGoesWithItsLastDevice) {
  ASSERT_TRUE(call().register_app(app(1), device(1)));
  ASSERT_TRUE(call().register_app(app(1), device(2)));
  EXPECT_TRUE(call().unregister_app(app_id(1), device(1)));
  EXPECT_TRUE(call().find_app(app_id(1)));
  EXPECT_TRUE(call().unregister_app(app_id(1), device(2)));
  EXPECT_FALSE(call().find_app(app_id(1)));
  EXPECT_EQ(rows(), 0);
}

TEST_F(DirectoryRows, ADeviceThatCanBeWokenStays) {
  ASSERT_TRUE(call().register_app(app(1), device(1)));
  call().set_location(device(1), {.kind = LocationKind::kSleeping, .server = "UDP1"},
                      WakeInterface{.ip = "10.0.0.1", .port = 1});
  ASSERT_TRUE(call().unregister_app(app_id(1), device(1)));
  EXPECT_EQ(rows(), 2) << "its node, and its place among those that sleep";
  call().set_location(device(1), {}, WakeInterface{});
  EXPECT_EQ(rows(), 0);
}

}  // namespace
}  // namespace herald::adapters
