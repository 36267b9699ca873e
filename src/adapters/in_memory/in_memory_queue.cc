#include "adapters/in_memory/in_memory_queue.h"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <utility>

#include "base/check.h"

namespace herald::adapters {

namespace {

struct Consumer {
  std::string queue;
  std::size_t credit = 0;
  Executor* executor = nullptr;
  std::function<void(ports::QueueBatch)> call;
  bool ended = false;
  std::map<std::uint64_t, std::vector<std::string>> unsettled;  // by batch number

  [[nodiscard]] std::size_t free_credit() const {
    std::size_t used = 0;
    for (const auto& [number, bodies] : unsettled) used += bodies.size();
    return credit - used;
  }
};
using ConsumerPtr = std::shared_ptr<Consumer>;

struct Queue {
  std::deque<std::string> waiting;
  std::vector<ConsumerPtr> consumers;
};

}  // namespace

class InMemoryQueue::State : public std::enable_shared_from_this<State> {
 public:
  explicit State(std::size_t max_messages) : max_messages_(max_messages) {}

  Status push(const std::string& name, std::vector<std::string> bodies) {
    const std::lock_guard lock(mutex_);
    if (!available_) return fail(ErrorKind::kUnavailable, "the broker is away");
    Queue& queue = queues_[name];
    if (bodies.size() > max_messages_ - std::min(queue.waiting.size(), max_messages_)) {
      return fail(ErrorKind::kExhausted, "queue " + name + " is full");
    }
    for (auto& body : bodies) queue.waiting.push_back(std::move(body));
    deal(queue);
    return {};
  }

  void add(ConsumerPtr consumer) {
    const std::lock_guard lock(mutex_);
    Queue& queue = queues_[consumer->queue];
    queue.consumers.push_back(std::move(consumer));
    deal(queue);
  }

  void remove(const ConsumerPtr& consumer) {
    const std::lock_guard lock(mutex_);
    Queue& queue = queues_[consumer->queue];
    std::erase(queue.consumers, consumer);
    consumer->ended = true;
    const auto batches = std::exchange(consumer->unsettled, {});
    for (auto batch = batches.rbegin(); batch != batches.rend(); ++batch) {
      queue.waiting.insert(queue.waiting.begin(), batch->second.begin(), batch->second.end());
    }
    deal(queue);
  }

  void settle(const ConsumerPtr& consumer, std::uint64_t number) {
    const std::lock_guard lock(mutex_);
    if (consumer->unsettled.erase(number) > 0) deal(queues_[consumer->queue]);
  }

  std::vector<Depth> depths() const {
    const std::lock_guard lock(mutex_);
    std::vector<Depth> out;
    out.reserve(queues_.size());
    for (const auto& [name, queue] : queues_) {
      out.push_back({.queue = name, .waiting = queue.waiting.size(), .connected = available_});
    }
    return out;
  }

  void set_available(bool available) {
    const std::lock_guard lock(mutex_);
    available_ = available;
  }

 private:
  // Hands out what waits while somebody has credit. Under the mutex: executors never run a task inside post().
  void deal(Queue& queue) {
    for (const auto& consumer : queue.consumers) {
      const std::size_t count = std::min(consumer->free_credit(), queue.waiting.size());
      if (count == 0) continue;
      const auto end = queue.waiting.begin() + static_cast<std::ptrdiff_t>(count);
      consumer->unsettled.emplace(++last_batch_, std::vector<std::string>(queue.waiting.begin(), end));
      queue.waiting.erase(queue.waiting.begin(), end);
      consumer->executor->post(
          [state = shared_from_this(), consumer, number = last_batch_] { state->deliver(consumer, number); });
    }
  }

  void deliver(const ConsumerPtr& consumer, std::uint64_t number);

  const std::size_t max_messages_;
  mutable std::mutex mutex_;
  bool available_ = true;
  std::uint64_t last_batch_ = 0;
  std::map<std::string, Queue> queues_;
};

void InMemoryQueue::State::deliver(const ConsumerPtr& consumer, std::uint64_t number) {
  ports::QueueBatch batch;
  {
    const std::lock_guard lock(mutex_);
    if (consumer->ended) return;
    batch.bodies = consumer->unsettled.at(number);
  }
  // Settles when the last copy goes, which is at the latest when the function is destroyed.
  std::shared_ptr<void> token(
      nullptr, [state = shared_from_this(), consumer, number](void*) { state->settle(consumer, number); });
  batch.done = [held = std::move(token)]() mutable { held.reset(); };
  consumer->call(std::move(batch));
}

class InMemoryQueue::MemorySubscription final : public ports::Subscription {
 public:
  MemorySubscription(std::shared_ptr<State> state, ConsumerPtr consumer)
      : state_(std::move(state)), consumer_(std::move(consumer)) {
    state_->add(consumer_);
  }
  ~MemorySubscription() override { state_->remove(consumer_); }
  MemorySubscription(const MemorySubscription&) = delete;
  MemorySubscription& operator=(const MemorySubscription&) = delete;

 private:
  std::shared_ptr<State> state_;
  ConsumerPtr consumer_;
};

InMemoryQueue::InMemoryQueue(std::size_t max_messages) : state_(std::make_shared<State>(max_messages)) {}

InMemoryQueue::~InMemoryQueue() = default;

void InMemoryQueue::publish(std::string queue, std::vector<std::string> bodies, Reply<Status> reply) {
  std::move(reply)(state_->push(queue, std::move(bodies)));
}

std::unique_ptr<ports::Subscription> InMemoryQueue::subscribe(std::string queue, std::size_t credit, Executor& executor,
                                                              std::function<void(ports::QueueBatch)> consumer) {
  HERALD_CHECK(credit > 0, "a subscription without credit");
  auto entry = std::make_shared<Consumer>();
  entry->queue = std::move(queue);
  entry->credit = credit;
  entry->executor = &executor;
  entry->call = std::move(consumer);
  return std::make_unique<MemorySubscription>(state_, std::move(entry));
}

std::vector<InMemoryQueue::Depth> InMemoryQueue::depths() const {
  return state_->depths();
}

void InMemoryQueue::set_available(bool available) {
  state_->set_available(available);
}

}  // namespace herald::adapters
