#pragma once
// The outboxes of all queues, by name.

#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <vector>

#include "adapters/amqp/outbox.h"

namespace herald::adapters {

using OutboxPtr = std::shared_ptr<Outbox>;

// Thread-safe.
class OutboxTable {
 public:
  // Bounds: bodies in one outbox, bytes in all.
  OutboxTable(std::size_t max_messages, std::size_t max_bytes) : max_messages_(max_messages), budget_(max_bytes) {}

  // Takes room in the queue's outbox, which is made if there is none; null if a bound would be passed.
  [[nodiscard]] OutboxPtr reserve(const std::string& queue, const std::vector<std::string>& bodies);
  [[nodiscard]] std::vector<OutboxPtr> all() const;
  // Forgets it unless room is taken in it. False: it stays.
  bool forget(const OutboxPtr& outbox);
  [[nodiscard]] std::size_t unaccepted_bytes() const { return budget_.held(); }

 private:
  const std::size_t max_messages_;
  OutboxBudget budget_;
  mutable std::shared_mutex mutex_;
  std::map<std::string, OutboxPtr> by_queue_;
};

}  // namespace herald::adapters
