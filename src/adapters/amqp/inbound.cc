#include "adapters/amqp/inbound.h"

#include <utility>

namespace herald::adapters {

// Settles its batch when told to, or when it is destroyed.
class Inbound::Settlement {
 public:
  Settlement(std::shared_ptr<Inbound> inbound, DeliveryRange range) : inbound_(std::move(inbound)), range_(range) {}
  Settlement(Settlement&&) noexcept = default;
  Settlement& operator=(Settlement&&) = delete;
  ~Settlement() { (*this)(); }

  void operator()() {
    if (const auto inbound = std::exchange(inbound_, nullptr)) inbound->settled_(*inbound, range_);
  }

 private:
  std::shared_ptr<Inbound> inbound_;
  DeliveryRange range_;
};

Inbound::Inbound(std::string queue, std::size_t credit, Executor& executor,
                 std::function<void(ports::QueueBatch)> consumer, std::function<void(Inbound&, DeliveryRange)> settled)
    : queue_(std::move(queue)),
      credit_(credit),
      executor_(executor),
      consumer_(std::move(consumer)),
      settled_(std::move(settled)) {}

// Posting under the mutex is safe (an executor never runs a task inside post()), and keeps end() from returning while
// the executor is still used.
std::uint64_t Inbound::arrived(std::string body) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t number = next_++;
  if (ended_) return number;
  waiting_.push_back(std::move(body));
  if (std::exchange(posted_, true)) return number;
  executor_.post([self = shared_from_this()] { self->hand_over(); });
  return number;
}

std::size_t Inbound::lost() {
  const std::lock_guard lock(mutex_);
  return std::exchange(waiting_, {}).size();
}

void Inbound::end() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  waiting_.clear();
}

bool Inbound::ended() const {
  const std::lock_guard lock(mutex_);
  return ended_;
}

std::size_t Inbound::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

void Inbound::hand_over() {
  ports::QueueBatch batch;
  DeliveryRange range;
  {
    const std::lock_guard lock(mutex_);
    posted_ = false;
    if (waiting_.empty()) return;
    batch.bodies = std::exchange(waiting_, {});
    range = {next_ - batch.bodies.size(), batch.bodies.size()};
  }
  batch.done = Settlement(shared_from_this(), range);
  consumer_(std::move(batch));
}

}  // namespace herald::adapters
