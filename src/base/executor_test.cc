#include "base/executor.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace herald {
namespace {

TEST(ManualExecutor, RunsNothingUntilAskedAndThenInOrder) {
  ManualExecutor executor;
  std::string seen;
  executor.post([&] { seen += "a"; });
  std::vector<Task> batch;
  batch.emplace_back([&] { seen += "b"; });
  batch.emplace_back([&] { seen += "c"; });
  executor.post_batch(std::move(batch));
  EXPECT_EQ(seen, "");
  EXPECT_FALSE(executor.idle());
  EXPECT_EQ(executor.run(), 3U);
  EXPECT_EQ(seen, "abc");
  EXPECT_TRUE(executor.idle());
}

TEST(ManualExecutor, RunsWhatTasksPostAfterThem) {
  ManualExecutor executor;
  std::string seen;
  executor.post([&] {
    executor.post([&] { seen += "later"; });
    seen += "first ";
  });
  EXPECT_EQ(executor.run(), 2U);
  EXPECT_EQ(seen, "first later");
}

TEST(Reply, AnswersOnItsExecutorAndNeverInline) {
  ManualExecutor executor;
  int answer = 0;
  Reply<int> reply(executor, [&](int value) { answer = value; });
  EXPECT_TRUE(static_cast<bool>(reply));
  EXPECT_EQ(&reply.executor(), &executor);
  std::move(reply)(42);
  EXPECT_EQ(answer, 0);
  executor.run();
  EXPECT_EQ(answer, 42);
}

TEST(Reply, CarriesMoveOnlyValuesThroughABoundTask) {
  ManualExecutor executor;
  int answer = 0;
  Reply<std::unique_ptr<int>> reply(executor, [&](std::unique_ptr<int> value) { answer = *value; });
  Task task = std::move(reply).bind(std::make_unique<int>(5));
  EXPECT_TRUE(executor.idle());
  task();
  EXPECT_EQ(answer, 5);
}

TEST(Reply, AnEmptyOneSaysSo) {
  EXPECT_FALSE(static_cast<bool>(Reply<int>()));
}

}  // namespace
}  // namespace herald
