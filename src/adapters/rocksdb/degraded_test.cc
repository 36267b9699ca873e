// The disk takes no writes, before the start or after it: what is stored is served, what needs the disk is refused, and
// the store says so and comes back by itself.

#include <gmock/gmock.h>

#include "adapters/rocksdb/faulty_disk.h"
#include "adapters/rocksdb/store_test_kit.h"

namespace herald::adapters {
namespace {

using ports::contract::app_id;
using ports::contract::Caller;
using ports::contract::device;
using ports::contract::numbered;

class Degraded : public testing::Test {
 protected:
  [[nodiscard]] Message message(std::uint64_t n) const {
    return {.id = numbered<MessageId>(n),
            .app = app_id(1),
            .replace_key = "",
            .meta = "",
            .body = "body",
            .accepted_at = clock_.wall(),
            .expires_at = clock_.wall() + std::chrono::hours(1)};
  }
  [[nodiscard]] bool is_stored(Caller& call, std::uint64_t n) {
    return call.fetch({message(n).id}, clock_.wall()).at(0) != nullptr;
  }
  void expect_refused(Caller& call, std::uint64_t n) {
    const auto outcome = call.put(message(n));
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().kind, ErrorKind::kUnavailable) << outcome.error().message;
  }

  Limits limits_;
  ManualClock clock_;
  Faults faults_;
  std::unique_ptr<rocksdb::Env> env_ = faulty_env(faults_);
  std::shared_ptr<TemporaryFolder> folder_ = std::make_shared<TemporaryFolder>();
};

TEST_F(Degraded, WhatIsStoredIsReadWhileTheDiskTakesNoWrites) {
  limits_.young_ms = 0;
  OpenStore store(folder_, limits_, clock_, env_.get());
  Caller call(store);
  ASSERT_TRUE(call.put(message(1)));
  call.add({{.message = message(1).id, .user_agents = {device(1)}, .last_page = true}}, clock_.wall());
  EXPECT_TRUE(store.condition().writable);
  EXPECT_EQ(store.condition().reason, "");
  faults_.as_io_error = true;
  faults_.fail_after(0);
  expect_refused(call, 2);
  for (int round = 0; round < 3; ++round) {
    clock_.advance(std::chrono::seconds(10));
    expect_refused(call, 2);
    EXPECT_TRUE(is_stored(call, 1));
    EXPECT_EQ(call.pending(device(1), {}, 10, clock_.wall()).messages.size(), 1);
    EXPECT_FALSE(store.condition().writable);
    EXPECT_THAT(store.condition().reason, testing::HasSubstr("injected"));
  }
  faults_.mend();
  clock_.advance(std::chrono::seconds(10));
  EXPECT_TRUE(call.put(message(3)));
  EXPECT_TRUE(store.condition().writable);
  EXPECT_EQ(store.condition().reason, "");
}

TEST_F(Degraded, AStoreOnAFullDiskOpensForReadsAndTakesWritesWhenItCan) {
  {
    OpenStore store(folder_, limits_, clock_, env_.get());
    Caller call(store);
    ASSERT_TRUE(call.register_app({.id = app_id(1), .kind = {}, .public_key_pem = "pem"}, device(1)));
    ASSERT_TRUE(call.put(message(1)));
    call.add({{.message = message(1).id, .user_agents = {device(1)}, .last_page = true}}, clock_.wall());
  }
  faults_.fail_after(0);
  OpenStore store(folder_, limits_, clock_, env_.get());
  Caller call(store);
  EXPECT_FALSE(store.condition().writable);
  EXPECT_EQ(call.find_app(app_id(1))->public_key_pem, "pem");
  EXPECT_EQ(call.pending(device(1), {}, 10, clock_.wall()).messages.size(), 1);
  for (int round = 0; round < 3; ++round) {
    expect_refused(call, 2);
    clock_.advance(std::chrono::seconds(10));
  }
  faults_.mend();
  EXPECT_TRUE(call.put(message(2)));
  EXPECT_TRUE(store.condition().writable);
  EXPECT_TRUE(is_stored(call, 1));
}

TEST_F(Degraded, AFullDiskWithoutADatabaseIsUnavailable) {
  faults_.fail_after(0);
  NullLog log;
  NullMetrics metrics;
  const auto opened = RocksdbStore::open({.folder = folder_->path(), .env = env_.get()}, limits_, clock_, log, metrics);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::kUnavailable) << opened.error().message;
}

// Its own log file is what ended the process when the disk failed.
TEST_F(Degraded, RocksdbKeepsNoLogFileOfItsOwn) {
  OpenStore store(folder_, limits_, clock_);
  for (const auto& entry : std::filesystem::directory_iterator(folder_->path())) {
    EXPECT_THAT(entry.path().filename().string(), testing::Not(testing::StartsWith("LOG")));
  }
}

}  // namespace
}  // namespace herald::adapters
