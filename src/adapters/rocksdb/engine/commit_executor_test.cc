#include "adapters/rocksdb/engine/commit_executor.h"

#include <future>
#include <thread>

#include "adapters/rocksdb/store_test_kit.h"

namespace herald::adapters {
namespace {

using ports::contract::device;

class TasksOfAStore : public testing::Test {
 protected:
  void open() {
    store_ =
        std::move(*RocksdbStore::open({.folder = folder_.path(), .env = nullptr}, limits_, clock_, log_, metrics_));
  }
  void SetUp() override { open(); }

  TemporaryFolder folder_;
  const Limits limits_;
  const SystemClock clock_;
  NullLog log_;
  NullMetrics metrics_;
  std::unique_ptr<RocksdbStore> store_;
};

TEST_F(TasksOfAStore, RunInOrderOnOneThreadThatIsNotTheCallers) {
  std::vector<int> order;
  std::promise<std::thread::id> last;
  std::vector<Task> tasks;
  for (int i = 1; i <= 3; ++i) tasks.push_back([&order, i] { order.push_back(i); });
  store_->executor().post([&order] { order.push_back(0); });
  store_->executor().post_batch(std::move(tasks));
  store_->executor().post([&last] { last.set_value(std::this_thread::get_id()); });
  EXPECT_NE(last.get_future().get(), std::this_thread::get_id());
  EXPECT_EQ(order, (std::vector{0, 1, 2, 3}));
}

TEST_F(TasksOfAStore, AreAnsweredThereByTheStoreThatTheyCall) {
  std::promise<std::pair<std::thread::id, std::thread::id>> threads;
  Executor& executor = store_->executor();
  executor.post([&] {
    store_->locate({device(1)}, Reply<Result<std::vector<Node>>>(
                                    executor, [&, asked = std::this_thread::get_id()](const auto& nodes) {
                                      EXPECT_TRUE(nodes.has_value());
                                      threads.set_value({asked, std::this_thread::get_id()});
                                    }));
  });
  const auto [asked, answered] = threads.get_future().get();
  EXPECT_EQ(asked, answered);
}

// A change that waits for a commit is not held up by tasks that go on and on.
TEST_F(TasksOfAStore, DoNotKeepTheStoreFromCommitting) {
  std::atomic<bool> stopped = false;
  Executor& executor = store_->executor();
  std::function<void()> again = [&] {
    if (!stopped) executor.post([&] { again(); });
  };
  executor.post([&] { again(); });
  std::promise<Status> registered;
  store_->register_app({.id = ports::contract::app_id(1), .kind = {}, .public_key_pem = ""}, device(1),
                       Reply<Status>(executor, [&](Status status) { registered.set_value(std::move(status)); }));
  EXPECT_TRUE(registered.get_future().get());
  stopped = true;
  store_.reset();  // before what its tasks refer to
}

TEST_F(TasksOfAStore, RunNoMoreOnceTheyWereStopped) {
  bool ran = false;
  std::promise<void> stopped;
  store_->executor().post([&] {
    store_->stop_tasks();
    stopped.set_value();
  });
  stopped.get_future().get();
  store_->executor().post([&] { ran = true; });
  store_.reset();
  EXPECT_FALSE(ran);
}

TEST_F(TasksOfAStore, WhatHasNotRunIsDestroyedWithTheStore) {
  const auto token = std::make_shared<int>(0);
  store_->executor().post([&store = *store_, token] {
    store.stop_tasks();
    store.executor().post([token] { FAIL(); });
  });
  store_.reset();
  EXPECT_EQ(token.use_count(), 1);
}

}  // namespace
}  // namespace herald::adapters
