#include "adapters/amqp/inbound.h"

#include <algorithm>
#include <iterator>
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
    if (const auto inbound = std::exchange(inbound_, nullptr)) inbound->settled(range_);
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

std::uint64_t Inbound::arrived(std::string body) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t number = next_++;
  if (ended_) return number;
  waiting_.push_back(std::move(body));
  plan_hand_over();
  return number;
}

void Inbound::settled(DeliveryRange range) {
  {
    const std::lock_guard lock(mutex_);
    handed_ -= range.count;
    plan_hand_over();
  }
  settled_(*this, range);
}

// Under the mutex. Posting there is safe (an executor never runs a task inside post()), and keeps end() from returning
// while the executor is still used.
void Inbound::plan_hand_over() {
  if (ended_ || waiting_.empty() || handed_ >= credit_ || std::exchange(posted_, true)) return;
  executor_.post([self = shared_from_this()] { self->hand_over(); });
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
    range = {next_ - waiting_.size(), std::min(waiting_.size(), credit_ - handed_)};
    if (range.count == 0) return;
    batch.bodies = take(range.count);
    handed_ += range.count;
  }
  batch.done = Settlement(shared_from_this(), range);
  consumer_(std::move(batch));
}

// Under the mutex: the oldest `count` of those waiting.
std::vector<std::string> Inbound::take(std::size_t count) {
  if (count == waiting_.size()) return std::exchange(waiting_, {});
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(count);
  std::vector<std::string> taken(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
  waiting_.erase(waiting_.begin(), end);
  return taken;
}

}  // namespace herald::adapters
