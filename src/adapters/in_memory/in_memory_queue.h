#pragma once
// The simplest MessageQueue: everything under one mutex. The double for tests of roles, and the yardstick that the
// contract suite keeps the real adapters to.

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ports/message_queue.h"

namespace herald::adapters {

// Thread-safe. Subscriptions and batches may outlive it.
class InMemoryQueue final : public ports::MessageQueue {
 public:
  // `max_messages`: bodies that one queue may hold.
  explicit InMemoryQueue(std::size_t max_messages = 100'000);
  ~InMemoryQueue() override;

  void publish(std::string queue, std::vector<std::string> bodies, Reply<Status> reply) override;
  std::unique_ptr<ports::Subscription> subscribe(std::string queue, std::size_t credit, Executor& executor,
                                                 std::function<void(ports::QueueBatch)> consumer) override;
  [[nodiscard]] std::vector<Depth> depths() const override;

  // While false, publish() answers kUnavailable and depths() says not connected, as if a broker were away.
  void set_available(bool available);

 private:
  class State;
  class MemorySubscription;

  std::shared_ptr<State> state_;
};

}  // namespace herald::adapters
