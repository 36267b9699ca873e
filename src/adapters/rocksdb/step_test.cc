// A store without threads: its owner runs its turns.

#include <gtest/gtest.h>

#include "adapters/rocksdb/faulty_disk.h"
#include "adapters/rocksdb/store_test_kit.h"

namespace herald::adapters {
namespace {

using ports::contract::app_id;
using ports::contract::device;
using ports::contract::numbered;

class Step : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = RocksdbStore::open({.folder = folder_.path(), .threads = false, .env = disk_.get()}, limits_, clock_,
                                     log_, metrics_);
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
  }
  [[nodiscard]] Message message(std::uint64_t n) const {
    return {.id = numbered<MessageId>(n),
            .app = app_id(1),
            .replace_key = "",
            .meta = "",
            .body = "body",
            .accepted_at = clock_.wall(),
            .expires_at = clock_.wall() + std::chrono::hours(1)};
  }
  void put(std::uint64_t n) {
    store_->put(message(n), {executor_, [this](const auto& outcome) {
                               EXPECT_TRUE(outcome);
                               ++stored_;
                             }});
  }

  [[nodiscard]] std::size_t unrouted() {
    std::size_t count = 0;
    store_->unrouted({}, clock_.wall() + std::chrono::seconds(1), 10, {executor_, [&](const auto& found) {
                                                                         ASSERT_TRUE(found);
                                                                         count = found->size();
                                                                       }});
    store_->step();
    executor_.run();
    return count;
  }

  TemporaryFolder folder_;
  Faults faults_;
  std::unique_ptr<rocksdb::Env> disk_ = faulty_env(faults_);
  Limits limits_;
  ManualClock clock_;
  NullLog log_;
  NullMetrics metrics_;
  ManualExecutor executor_;
  std::unique_ptr<RocksdbStore> store_;
  int stored_ = 0;
};

TEST_F(Step, NothingHappensUntilItIsCalled) {
  put(1);
  executor_.run();
  EXPECT_EQ(stored_, 0);
  EXPECT_TRUE(store_->step());
  executor_.run();
  EXPECT_EQ(stored_, 1);
  EXPECT_FALSE(store_->step());
}

TEST_F(Step, AChangeThatWaitsForOthersIsDueAtATime) {
  put(1);
  ASSERT_TRUE(store_->step());
  store_->add({{.message = message(1).id, .user_agents = {device(1)}, .last_page = true}}, clock_.wall(),
              {executor_, [](const auto& outcome) { EXPECT_TRUE(outcome); }});
  put(2);
  ASSERT_TRUE(store_->step());
  clock_.advance(std::chrono::milliseconds(10));
  while (const auto due = store_->next_step()) {
    EXPECT_LE(*due, clock_.mono());
    store_->step();
  }
  executor_.run();
  EXPECT_EQ(stored_, 2);
}

// Its message is outstanding if the log has it, although its sender got an error: somebody must look.
TEST_F(Step, ACommitInDoubtIsLookedAtAlthoughNothingElseIsToDo) {
  faults_.fail_syncs();
  store_->put(message(1), {executor_, [](const auto& outcome) { EXPECT_FALSE(outcome); }});
  ASSERT_TRUE(store_->step());
  executor_.run();
  EXPECT_EQ(unrouted(), 0);
  faults_.mend();
  clock_.advance(std::chrono::seconds(10));
  ASSERT_TRUE(store_->next_step());
  EXPECT_LE(*store_->next_step(), clock_.mono());
  store_->step();
  EXPECT_EQ(unrouted(), 1);
}

TEST_F(Step, ReadsAreDoneInATurnToo) {
  put(1);
  while (store_->step()) {
  }
  std::size_t found = 0;
  store_->find_app(app_id(1), {executor_, [&](const auto& app) {
                                 EXPECT_FALSE(app);
                                 ++found;
                               }});
  EXPECT_TRUE(store_->step());
  executor_.run();
  EXPECT_EQ(found, 1);
}

}  // namespace
}  // namespace herald::adapters
