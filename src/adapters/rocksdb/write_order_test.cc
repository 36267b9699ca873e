// Changes by one thread are applied in the order asked for, and seen once they are answered.

#include "adapters/rocksdb/store_test_kit.h"

namespace herald::adapters {
namespace {

using ports::contract::await;
using ports::contract::device;
using ports::contract::numbered;
using ports::contract::WaitingExecutor;

// Counts commits.
class CommitCounter final : public Metrics {
 public:
  Counter& counter(std::string_view name, std::string_view help, MetricLabels labels) override {
    return others_.counter(name, help, std::move(labels));
  }
  Gauge& gauge(std::string_view name, std::string_view help, MetricLabels labels) override {
    return others_.gauge(name, help, std::move(labels));
  }
  Histogram& histogram(std::string_view name, std::string_view help, std::vector<double> bounds,
                       MetricLabels labels) override {
    auto& made = others_.histogram(name, help, std::move(bounds), std::move(labels));
    if (name == "herald_store_commit_operations") operations_ = &made;
    return made;
  }
  [[nodiscard]] std::uint64_t commits() const {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i <= operations_->bounds().size(); ++i) total += operations_->count(i);
    return total;
  }

 private:
  NullMetrics others_;
  Histogram* operations_ = nullptr;
};

class WriteOrder : public testing::Test {
 protected:
  Limits limits_;
  ManualClock clock_;
  OpenStore store_{std::make_shared<TemporaryFolder>(), limits_, clock_};
};

TEST_F(WriteOrder, AReadSeesTheWritesThatWereAnsweredBeforeIt) {
  WaitingExecutor executor;
  std::uint64_t answered = 0;
  for (std::uint64_t i = 1; i <= 300; ++i) {
    auto located = [&](const Result<std::vector<Node>>& nodes) { answered = nodes.value().at(0).location.connection; };
    store_.directory().set_location(device(1), {.kind = LocationKind::kWebSocket, .server = "WS1", .connection = i}, {},
                                    Reply<Result<Location>>(executor, [&](const auto&) {
                                      store_.directory().locate({device(1)},
                                                                Reply<Result<std::vector<Node>>>(executor, located));
                                    }));
    EXPECT_TRUE(executor.run_until([&] { return answered == i; }));
  }
}

TEST_F(WriteOrder, WritesOfOneThreadAreAppliedInOrder) {
  WaitingExecutor executor;
  std::uint64_t expected = 0;
  for (std::uint64_t i = 1; i <= 500; ++i) {
    store_.directory().set_location(device(1), {.kind = LocationKind::kWebSocket, .server = "WS1", .connection = i}, {},
                                    Reply<Result<Location>>(executor, [&expected](auto before) {
                                      EXPECT_EQ(before.value().connection, expected++);
                                    }));
  }
  EXPECT_TRUE(executor.run_until([&] { return expected == 500; }));
}

// The clock stands still, so that the interval since the last commit does not pass by itself; and what asks is a task
// of the committing thread, which so finds the next change whenever it looks, however the threads are scheduled.
TEST_F(WriteOrder, WhatComesWithinCommitIntervalUsSharesACommit) {
  limits_.commit_interval_us = 100'000;
  const TemporaryFolder folder;
  NullLog log;
  CommitCounter metrics;
  auto store = RocksdbStore::open({.folder = folder.path()}, limits_, clock_, log, metrics);
  ASSERT_TRUE(store);
  WaitingExecutor executor;
  int answered = 0;
  const auto ask = [&] {
    (*store)->forget_receipt(numbered<ReceiptId>(1), 1,
                             Reply<Result<std::uint64_t>>(executor, [&](const auto&) { ++answered; }));
  };
  Executor& tasks = (*store)->executor();
  std::function<void(int)> ask_one_by_one = [&](int count) {
    ask();
    if (count > 1) tasks.post([&, count] { ask_one_by_one(count - 1); });
  };
  ask();
  EXPECT_TRUE(executor.run_until([&] { return answered == 1; }));
  auto before = metrics.commits();
  tasks.post([&] { ask_one_by_one(500); });
  EXPECT_TRUE(executor.run_until([&] { return answered == 501; }));
  EXPECT_EQ(metrics.commits(), before + 1) << "as they gathered";
  before = metrics.commits();
  ask();
  EXPECT_TRUE(executor.run_until([&] { return answered == 502; }));
  EXPECT_EQ(metrics.commits(), before + 1) << "a lone change is not kept waiting";
}

}  // namespace
}  // namespace herald::adapters
