#include "adapters/in_memory/in_memory_queue.h"

#include <gtest/gtest.h>

#include "ports/contract/bounded_queue_contract.h"
#include "ports/contract/queue_contract.h"

namespace herald::adapters {
namespace {

TEST(InMemoryQueue, SaysThatTheBrokerIsAway) {
  ManualExecutor executor;
  InMemoryQueue queue;
  std::vector<std::string> answers;
  const auto publish = [&] {
    queue.publish("q", {"a"}, Reply<Status>(executor, [&](Status status) {
                    answers.emplace_back(status ? "ok" : to_string(status.error().kind));
                  }));
    executor.run();
  };
  publish();
  queue.set_available(false);
  publish();
  EXPECT_FALSE(queue.depths().at(0).connected);
  queue.set_available(true);
  publish();
  EXPECT_EQ(answers, (std::vector<std::string>{"ok", "unavailable", "ok"}));
  EXPECT_EQ(queue.depths().at(0).waiting, 2U);
}

}  // namespace
}  // namespace herald::adapters

namespace herald::ports::contract {
namespace {

class InMemoryFixture final : public QueueFixture {
 public:
  MessageQueue& queue() override { return queue_; }

 private:
  adapters::InMemoryQueue queue_{100'000};
};

std::unique_ptr<QueueFixture> make_fixture() {
  return std::make_unique<InMemoryFixture>();
}

std::unique_ptr<MessageQueue> make_queue(std::size_t max_messages) {
  return std::make_unique<adapters::InMemoryQueue>(max_messages);
}

INSTANTIATE_TEST_SUITE_P(InMemory, QueueContract, testing::Values(QueueAdapter{"InMemory", make_fixture}));
INSTANTIATE_TEST_SUITE_P(InMemory, BoundedQueueContract, testing::Values(BoundedQueueAdapter{"InMemory", make_queue}));

}  // namespace
}  // namespace herald::ports::contract
