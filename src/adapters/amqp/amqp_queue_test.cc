// The queue contract on a real broker.

#include "adapters/amqp/amqp_queue.h"

#include <gtest/gtest.h>

#include <atomic>

#include "adapters/amqp/broker_under_test.h"
#include "ports/contract/queue_contract.h"

namespace herald::ports::contract {
namespace {

using adapters::AmqpConfig;
using adapters::AmqpQueue;
using adapters::testing::BrokerUnderTest;

// Gives each test queues of its own, since the broker keeps what an earlier one left.
class OwnNames final : public MessageQueue {
 public:
  OwnNames(MessageQueue& queue, std::string prefix) : queue_(queue), prefix_(std::move(prefix)) {}
  void publish(std::string queue, std::vector<std::string> bodies, Reply<Status> reply) override {
    queue_.publish(prefix_ + queue, std::move(bodies), std::move(reply));
  }
  std::unique_ptr<Subscription> subscribe(std::string queue, std::size_t credit, Executor& executor,
                                          std::function<void(QueueBatch)> consumer) override {
    return queue_.subscribe(prefix_ + queue, credit, executor, std::move(consumer));
  }
  [[nodiscard]] std::vector<Depth> depths() const override { return queue_.depths(); }

 private:
  MessageQueue& queue_;
  const std::string prefix_;
};

class AmqpFixture final : public QueueFixture {
 public:
  explicit AmqpFixture(int number) : own_(queue_, "contract" + std::to_string(number) + "-") {
    subscription_ = own_.subscribe("settle", 1, executor_, echoes_.consumer());
  }

  MessageQueue& queue() override { return own_; }

  // What the broker was told travelled ahead of these on the same connection; it hands over a queue's messages on
  // threads of its own, so one round trip is not enough to see their effect.
  void settle() override {
    for (int i = 0; i < 10; ++i) {
      const std::size_t before = echoes_.bodies.size();
      own_.publish("settle", {"?"}, Reply<Status>(executor_, [](Status) {}));
      EXPECT_TRUE(executor_.run_until([&] { return echoes_.bodies.size() > before; }));
    }
  }

 private:
  static AmqpConfig config() {
    AmqpConfig config;
    config.brokers = {BrokerUnderTest().url()};
    config.name = "contract";
    return config;
  }

  SystemClock clock_;
  SystemRandom random_;
  NullLog log_;
  NullMetrics metrics_;
  WaitingExecutor executor_;
  Recorder echoes_;
  AmqpQueue queue_{config(), clock_, random_, log_, metrics_};
  OwnNames own_;
  std::unique_ptr<Subscription> subscription_;
};

std::unique_ptr<QueueFixture> make_fixture() {
  static int number = 0;
  return std::make_unique<AmqpFixture>(++number);
}

INSTANTIATE_TEST_SUITE_P(Amqp, QueueContract, testing::Values(QueueAdapter{"Amqp", make_fixture}));

}  // namespace
}  // namespace herald::ports::contract
