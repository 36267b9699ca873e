#include "adapters/in_process_queue/queue_channel.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace herald::adapters {

namespace {

// A consumer may always take this many: sharing out less costs more in wakes than it gains.
constexpr std::size_t kLeastShare = 16;

// Settles its batch when told to, or when it is destroyed.
class Settlement {
 public:
  Settlement(std::shared_ptr<QueueChannel> channel, QueueConsumerPtr consumer, std::uint64_t batch)
      : channel_(std::move(channel)), consumer_(std::move(consumer)), batch_(batch) {}
  Settlement(Settlement&&) noexcept = default;
  Settlement& operator=(Settlement&&) = delete;
  ~Settlement() { (*this)(); }

  void operator()() {
    if (const auto channel = std::exchange(channel_, nullptr)) channel->settle(consumer_, batch_);
  }

 private:
  std::shared_ptr<QueueChannel> channel_;
  QueueConsumerPtr consumer_;
  std::uint64_t batch_;
};

}  // namespace

bool QueueChannel::push(std::vector<std::string> bodies) {
  if (bodies.empty()) return true;
  if (!reserve(bodies.size())) return false;
  // Whoever finds the inbox empty sees to it that somebody looks; if all are out of credit, settle() looks.
  if (!inbox_.push(std::move(bodies))) return true;
  const std::lock_guard lock(mutex_);
  wake_one();
  return true;
}

bool QueueChannel::reserve(std::size_t count) {
  std::size_t held = waiting_count_.load(std::memory_order_relaxed);
  do {
    // Bodies that came back from a consumer may have filled the channel beyond its bound.
    if (count > max_messages_ || held > max_messages_ - count) return false;
  } while (!waiting_count_.compare_exchange_weak(held, held + count, std::memory_order_relaxed));
  return true;
}

void QueueChannel::add(QueueConsumerPtr consumer) {
  const std::lock_guard lock(mutex_);
  consumers_.push_back(std::move(consumer));
  wake_one();
}

void QueueChannel::remove(const QueueConsumerPtr& consumer) {
  const std::lock_guard lock(mutex_);
  consumer->ended = true;
  std::erase(consumers_, consumer);
  for (auto batch = consumer->unsettled.rbegin(); batch != consumer->unsettled.rend(); ++batch) {
    waiting_.insert(waiting_.begin(), batch->second.begin(), batch->second.end());
  }
  waiting_count_.fetch_add(consumer->unsettled_count, std::memory_order_relaxed);
  consumer->unsettled.clear();
  wake_one();
}

void QueueChannel::settle(const QueueConsumerPtr& consumer, std::uint64_t batch) {
  const std::lock_guard lock(mutex_);
  const auto settled = consumer->unsettled.extract(batch);
  if (settled.empty()) return;
  consumer->unsettled_count -= settled.mapped().size();
  wake_one();
}

// Takes over what producers left in the inbox.
void QueueChannel::gather() {
  for (auto& bodies : inbox_.take_all()) {
    std::ranges::move(bodies, std::back_inserter(waiting_));
  }
}

// Posts to one consumer that has credit, if something waits and none is on its way. Posting under the mutex is safe
// (an executor never runs a task inside post()), and keeps remove() from returning while its executor is still used.
void QueueChannel::wake_one() {
  if (waiting_.empty() && inbox_.empty()) return;
  const auto is_coming = [](const auto& consumer) { return consumer->woken && consumer->free_credit() > 0; };
  if (std::ranges::any_of(consumers_, is_coming)) return;
  for (std::size_t i = 0; i < consumers_.size(); ++i) {
    const auto& consumer = consumers_[next_++ % consumers_.size()];
    if (consumer->free_credit() == 0) continue;
    consumer->woken = true;
    consumer->executor.post([self = shared_from_this(), consumer] { self->drain(consumer); });
    return;
  }
}

void QueueChannel::drain(const QueueConsumerPtr& consumer) {
  ports::QueueBatch batch;
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    consumer->woken = false;
    if (consumer->ended) return;
    gather();
    batch.bodies = take(*consumer);
    number = consumer->last_batch;
    wake_one();
  }
  if (batch.bodies.empty()) return;
  batch.done = Settlement(shared_from_this(), consumer, number);
  consumer->call(std::move(batch));
}

// What one consumer may take at once, so that the others with credit get some too.
std::size_t QueueChannel::fair_share() const {
  const auto able = std::ranges::count_if(consumers_, [](const auto& c) { return c->free_credit() > 0; });
  const auto parts = static_cast<std::size_t>(std::max<std::ptrdiff_t>(able, 1));
  return std::max((waiting_.size() + parts - 1) / parts, kLeastShare);
}

ports::QueueBodies QueueChannel::take(QueueConsumer& consumer) {
  const std::size_t count = std::min({waiting_.size(), consumer.free_credit(), fair_share()});
  if (count == 0) return {};
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(count);
  const ports::QueueBodies bodies(
      std::vector<std::string>(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end)));
  waiting_.erase(waiting_.begin(), end);
  waiting_count_.fetch_sub(count, std::memory_order_relaxed);
  consumer.unsettled_count += count;
  consumer.unsettled.emplace(++consumer.last_batch, bodies);
  return bodies;
}

}  // namespace herald::adapters
