#pragma once
// One subscription as broker thread and consumer share it: what arrived gathers here until the consumer's executor
// takes it as one batch. Holds no socket: the receiver link numbers what arrives, and learns by number what is settled.
// The consumer never holds more than the credit, even if the broker sends more than it was asked for.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/executor.h"
#include "ports/message_queue.h"

namespace herald::adapters {

// Numbers of deliveries, `count` of them from `first` on.
struct DeliveryRange {
  std::uint64_t first = 0;
  std::size_t count = 0;
};

// Thread-safe. Kept alive by the subscription, its unsettled batches and the broker's thread.
class Inbound : public std::enable_shared_from_this<Inbound> {
 public:
  // `settled` is told of each batch once, from any thread, even after end(). `executor` must live until end().
  Inbound(std::string queue, std::size_t credit, Executor& executor, std::function<void(ports::QueueBatch)> consumer,
          std::function<void(Inbound&, DeliveryRange)> settled);

  [[nodiscard]] const std::string& queue() const { return queue_; }
  [[nodiscard]] std::size_t credit() const { return credit_; }

  // The broker's thread: a body arrived. Answers its number; numbers are consecutive.
  std::uint64_t arrived(std::string body);
  // The broker's thread: the link is gone and the broker will deliver again what was not settled. What the consumer has
  // not been handed is dropped; answers how much that was.
  std::size_t lost();

  // The executor's thread: the consumer is not called after.
  void end();
  [[nodiscard]] bool ended() const;
  // Bodies that arrived and were not handed over yet.
  [[nodiscard]] std::size_t waiting() const;

 private:
  class Settlement;
  void settled(DeliveryRange range);
  void plan_hand_over();
  void hand_over();
  [[nodiscard]] std::vector<std::string> take(std::size_t count);

  const std::string queue_;
  const std::size_t credit_;
  Executor& executor_;
  const std::function<void(ports::QueueBatch)> consumer_;
  const std::function<void(Inbound&, DeliveryRange)> settled_;

  mutable std::mutex mutex_;
  bool ended_ = false;
  bool posted_ = false;  // a task that will hand over is on the way
  std::uint64_t next_ = 0;
  std::size_t handed_ = 0;  // with the consumer, not settled
  std::vector<std::string> waiting_;
};

}  // namespace herald::adapters
