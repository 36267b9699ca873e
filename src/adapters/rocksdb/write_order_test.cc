// Changes by one thread are applied in the order asked for, and seen once they are answered.

#include "adapters/rocksdb/store_test_kit.h"

namespace herald::adapters {
namespace {

using ports::contract::await;
using ports::contract::device;
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

// The clock stands still, so that the interval since the last commit never passes by itself.
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
    (*store)->set_location(device(1), {}, {}, Reply<Result<Location>>(executor, [&](const auto&) { ++answered; }));
  };
  for (int i = 0; i < 2'000; ++i) ask();
  EXPECT_TRUE(executor.run_until([&] { return answered == 2'000; }));
  EXPECT_LE(metrics.commits(), 5U) << "the first alone, the others as they gathered";
  const auto before = metrics.commits();
  ask();
  EXPECT_TRUE(executor.run_until([&] { return answered == 2'001; }));
  EXPECT_EQ(metrics.commits(), before + 1) << "a lone change is not kept waiting";
}

}  // namespace
}  // namespace herald::adapters
