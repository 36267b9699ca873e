#pragma once
// The MessageQueue of one process: what a role publishes reaches the role that subscribed without leaving memory. A
// restart forgets it; the store does not.

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <vector>

#include "ports/message_queue.h"

namespace herald::adapters {

class QueueChannel;

// Thread-safe. Subscriptions and batches may outlive it. An executor must outlive the subscriptions on it.
class InProcessQueue final : public ports::MessageQueue {
 public:
  // `max_messages`: bodies waiting in one queue (limit queue_max_messages); a publish that would pass it is refused
  // with kExhausted. kUnavailable never happens.
  explicit InProcessQueue(std::size_t max_messages);
  ~InProcessQueue() override;

  void publish(std::string queue, std::vector<std::string> bodies, Reply<Status> reply) override;
  std::unique_ptr<ports::Subscription> subscribe(std::string queue, std::size_t credit, Executor& executor,
                                                 std::function<void(ports::QueueBatch)> consumer) override;
  [[nodiscard]] std::vector<Depth> depths() const override;

 private:
  std::shared_ptr<QueueChannel> channel(const std::string& name);

  const std::size_t max_messages_;
  // Guards the map only: a channel is made once and lives as long as the queue.
  mutable std::shared_mutex mutex_;
  std::map<std::string, std::shared_ptr<QueueChannel>> channels_;
};

}  // namespace herald::adapters
