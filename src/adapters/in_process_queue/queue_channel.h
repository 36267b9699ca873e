#pragma once
// One named queue inside the process. Producers push onto a lock-free inbox and take the mutex only if the inbox was
// empty, to wake a consumer; consumers take the mutex for as long as it takes to move a batch out.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/executor.h"
#include "base/inbox.h"
#include "ports/message_queue.h"

namespace herald::adapters {

// One subscription as its channel sees it. Everything but the constants is guarded by the channel's mutex.
struct QueueConsumer {
  QueueConsumer(std::size_t most, Executor& on, std::function<void(ports::QueueBatch)> function)
      : credit(most), executor(on), call(std::move(function)) {}

  const std::size_t credit;
  Executor& executor;
  const std::function<void(ports::QueueBatch)> call;

  bool ended = false;
  bool woken = false;  // a task that will drain the channel is on the way
  std::size_t unsettled_count = 0;
  std::uint64_t last_batch = 0;
  // What it was handed, by batch, so that the bodies can go back.
  std::map<std::uint64_t, ports::QueueBodies> unsettled;

  [[nodiscard]] std::size_t free_credit() const { return credit - unsettled_count; }
};
using QueueConsumerPtr = std::shared_ptr<QueueConsumer>;

// Thread-safe. Kept alive by the queue, its subscriptions and their unsettled batches.
class QueueChannel : public std::enable_shared_from_this<QueueChannel> {
 public:
  explicit QueueChannel(std::size_t max_messages) : max_messages_(max_messages) {}

  // False if the channel would then hold more than it may; nothing is taken in that case.
  [[nodiscard]] bool push(std::vector<std::string> bodies);
  void add(QueueConsumerPtr consumer);
  // On the consumer's executor: its function is not called after. What it had not settled goes back to the front.
  void remove(const QueueConsumerPtr& consumer);
  // Any thread. Repeating it, or coming after remove(), changes nothing.
  void settle(const QueueConsumerPtr& consumer, std::uint64_t batch);

  [[nodiscard]] std::uint64_t waiting() const { return waiting_count_.load(std::memory_order_relaxed); }

 private:
  [[nodiscard]] bool reserve(std::size_t count);
  void gather();
  void wake_one();
  [[nodiscard]] std::size_t fair_share() const;
  void drain(const QueueConsumerPtr& consumer);
  [[nodiscard]] ports::QueueBodies take(QueueConsumer& consumer);

  const std::size_t max_messages_;
  std::atomic<std::size_t> waiting_count_{0};
  Inbox<std::vector<std::string>> inbox_;

  std::mutex mutex_;
  std::deque<std::string> waiting_;  // older than what is in the inbox
  std::vector<QueueConsumerPtr> consumers_;
  std::size_t next_ = 0;  // whose turn it is to be woken
};

}  // namespace herald::adapters
