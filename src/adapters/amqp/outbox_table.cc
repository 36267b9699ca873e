#include "adapters/amqp/outbox_table.h"

#include <mutex>

namespace herald::adapters {

OutboxPtr OutboxTable::reserve(const std::string& queue, const std::vector<std::string>& bodies) {
  {
    const std::shared_lock lock(mutex_);
    if (const auto found = by_queue_.find(queue); found != by_queue_.end()) {
      return found->second->reserve(bodies) ? found->second : nullptr;
    }
  }
  const std::lock_guard lock(mutex_);
  auto& outbox = by_queue_[queue];
  if (!outbox) outbox = std::make_shared<Outbox>(queue, max_messages_, budget_);
  return outbox->reserve(bodies) ? outbox : nullptr;
}

std::vector<OutboxPtr> OutboxTable::all() const {
  const std::shared_lock lock(mutex_);
  std::vector<OutboxPtr> out;
  out.reserve(by_queue_.size());
  for (const auto& [queue, outbox] : by_queue_) out.push_back(outbox);
  return out;
}

// Room is taken under the lock, so nothing can be on its way to an outbox that has none taken.
bool OutboxTable::forget(const OutboxPtr& outbox) {
  const std::lock_guard lock(mutex_);
  if (outbox->unaccepted() > 0) return false;
  by_queue_.erase(outbox->queue());
  return true;
}

}  // namespace herald::adapters
