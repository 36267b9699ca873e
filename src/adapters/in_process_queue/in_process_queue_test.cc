#include "adapters/in_process_queue/in_process_queue.h"

#include <gtest/gtest.h>

#include <thread>

#include "ports/contract/bounded_queue_contract.h"
#include "ports/contract/queue_contract.h"

namespace herald::adapters {
namespace {

using ports::contract::numbered;
using ports::contract::Recorder;
using ports::contract::WaitingExecutor;

// Forgets answers; they run where nobody looks.
Reply<Status> ignored(Executor& executor) {
  return {executor, [](Status) {}};
}

TEST(InProcessQueue, OnePostHandsOverEverythingThatGathered) {
  ManualExecutor answers;
  ManualExecutor consumer;
  InProcessQueue queue(100);
  Recorder recorder;
  std::size_t batches = 0;
  const auto subscription = queue.subscribe("q", 100, consumer, [&](ports::QueueBatch batch) {
    ++batches;
    recorder.consumer()(std::move(batch));
  });
  for (std::size_t i = 0; i < 10; ++i) queue.publish("q", numbered("b", i, 1), ignored(answers));
  EXPECT_EQ(consumer.run(), 1U);
  EXPECT_EQ(batches, 1U);
  EXPECT_EQ(recorder.bodies, numbered("b", 0, 10));
  EXPECT_TRUE(consumer.idle());
}

TEST(InProcessQueue, ALongQueueIsShared) {
  ManualExecutor executor;
  InProcessQueue queue(100);
  queue.publish("q", numbered("b", 0, 90), ignored(executor));
  Recorder recorders[3];
  std::vector<std::unique_ptr<ports::Subscription>> subscriptions;
  for (auto& recorder : recorders) {
    recorder.holding = true;
    subscriptions.push_back(queue.subscribe("q", 100, executor, recorder.consumer()));
  }
  executor.run();
  std::size_t sum = 0;
  for (const auto& recorder : recorders) {
    EXPECT_GE(recorder.bodies.size(), 10U);
    sum += recorder.bodies.size();
  }
  EXPECT_EQ(sum, 90U);
}

TEST(InProcessQueue, TheWorkOfAnEndedSubscriptionThatWasWokenGoesToAnother) {
  ManualExecutor first_loop;
  ManualExecutor second_loop;
  InProcessQueue queue(100);
  Recorder first;
  Recorder second;
  auto ended = queue.subscribe("q", 10, first_loop, first.consumer());
  queue.publish("q", numbered("b", 0, 2), ignored(second_loop));
  const auto alive = queue.subscribe("q", 10, second_loop, second.consumer());
  ended.reset();
  second_loop.run();
  EXPECT_EQ(second.bodies, numbered("b", 0, 2));
  first_loop.run();
  EXPECT_TRUE(first.bodies.empty());
}

// Two loops consume and settle on other threads while two threads publish: nothing may be lost, doubled or stuck.
TEST(InProcessQueue, LosesNothingBetweenManyThreads) {
  constexpr std::size_t kEach = 2'000;
  InProcessQueue queue(1'000'000);
  WaitingExecutor loops[2];
  ManualExecutor answers[2];
  Recorder recorders[2];
  std::atomic<std::size_t> consumed = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&, i] {
      const auto subscription = queue.subscribe("q", 5, loops[i], [&, i](ports::QueueBatch batch) {
        consumed += batch.bodies.size();
        recorders[i].consumer()(std::move(batch));
      });
      EXPECT_TRUE(loops[i].run_until([&] { return consumed >= 2 * kEach; }));
    });
    threads.emplace_back([&, i] {
      for (std::size_t n = 0; n < kEach; ++n) {
        queue.publish("q", {std::to_string(i) + ":" + std::to_string(n)}, ignored(answers[i]));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  std::map<std::string, int> seen;
  for (const auto& recorder : recorders) {
    for (const auto& body : recorder.bodies) ++seen[body];
  }
  EXPECT_EQ(consumed, 2 * kEach);
  EXPECT_EQ(seen.size(), 2 * kEach);
  EXPECT_EQ(queue.depths().at(0).waiting, 0U);
}

}  // namespace
}  // namespace herald::adapters

namespace herald::ports::contract {
namespace {

class InProcessFixture final : public QueueFixture {
 public:
  MessageQueue& queue() override { return queue_; }

 private:
  adapters::InProcessQueue queue_{100'000};
};

std::unique_ptr<QueueFixture> make_fixture() {
  return std::make_unique<InProcessFixture>();
}

std::unique_ptr<MessageQueue> make_queue(std::size_t max_messages) {
  return std::make_unique<adapters::InProcessQueue>(max_messages);
}

INSTANTIATE_TEST_SUITE_P(InProcess, QueueContract, testing::Values(QueueAdapter{"InProcess", make_fixture}));
INSTANTIATE_TEST_SUITE_P(InProcess, BoundedQueueContract,
                         testing::Values(BoundedQueueAdapter{"InProcess", make_queue}));

}  // namespace
}  // namespace herald::ports::contract
