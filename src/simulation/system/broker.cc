#include "simulation/system/broker.h"

#include <algorithm>
#include <utility>

namespace herald::simulation::system {

struct Broker::Consumer {
  BrokerHandle* handle = nullptr;
  std::string queue;
  std::size_t credit = 0;
  Executor* executor = nullptr;
  std::function<void(ports::QueueBatch)> call;
  bool ended = false;
  std::size_t unsettled_bodies = 0;
  std::map<std::uint64_t, std::vector<std::string>> unsettled;

  [[nodiscard]] bool takes() const { return !ended && handle->connected_ && unsettled_bodies < credit; }
};

struct Broker::Queue {
  std::deque<std::string> waiting;
  std::vector<std::shared_ptr<Consumer>> consumers;
  bool dealing = false;
};

class Broker::Ended final : public ports::Subscription {
 public:
  Ended(Broker& broker, std::shared_ptr<Consumer> consumer) : broker_(broker), consumer_(std::move(consumer)) {}
  ~Ended() override { broker_.end(consumer_); }

 private:
  Broker& broker_;
  std::shared_ptr<Consumer> consumer_;
};

Broker::Broker(Ground& ground, const QueueFaults& faults) : ground_(ground), faults_(faults) {}
Broker::~Broker() = default;

BrokerHandle& Broker::connect() {
  handles_.push_back(std::make_unique<BrokerHandle>(*this));
  return *handles_.back();
}

milliseconds Broker::lateness() {
  if (!ground_.choices().chance(faults_.late)) return milliseconds(0);
  return milliseconds(ground_.choices().below(faults_.late_most_ms + 1));
}

void BrokerHandle::publish(std::string queue, std::vector<std::string> bodies, Reply<Status> reply) {
  Ground& ground = broker_.ground_;
  Choices& choices = ground.choices();
  Trace& trace = ground.trace();
  const auto answer = [this](Reply<Status> to, Status status) {
    if (!dead_) std::move(to)(std::move(status));
  };
  if (!connected_) return answer(std::move(reply), fail(ErrorKind::kUnavailable, "the broker is away"));
  if (choices.chance(broker_.faults_.refuses)) {
    trace.fault("queue full");
    return answer(std::move(reply), fail(ErrorKind::kExhausted, "the queue is full"));
  }
  Status status;
  if (choices.chance(broker_.faults_.takes_and_fails)) {
    trace.fault("queue takes and fails");
    status = fail(ErrorKind::kUnavailable, "the connection broke");
  }
  auto& last = published_at_[queue];
  last = std::max(last, ground.now() + broker_.lateness());
  ground.at(last, [this, answer, queue = std::move(queue), bodies = std::move(bodies), reply = std::move(reply),
                   status = std::move(status)]() mutable {
    broker_.take(queue, std::move(bodies));
    answer(std::move(reply), std::move(status));
  });
}

void Broker::take(const std::string& queue, std::vector<std::string> bodies) {
  Choices& choices = ground_.choices();
  auto& waiting = queues_[queue].waiting;
  ground_.trace().event("queue {} takes {}", queue, bodies.size());
  for (auto& body : bodies) {
    if (queue == ports::kNewMessagesQueue && choices.chance(faults_.drops)) {
      ground_.trace().fault("queue drops");
      continue;
    }
    if (choices.chance(faults_.duplicates)) {
      ground_.trace().fault("queue duplicates");
      waiting.push_back(body);
    }
    if (!waiting.empty() && choices.chance(faults_.reorders)) {
      ground_.trace().fault("queue reorders");
      const auto place = choices.below(static_cast<std::uint32_t>(waiting.size()));
      waiting.insert(waiting.begin() + static_cast<std::ptrdiff_t>(place), std::move(body));
    } else {
      waiting.push_back(std::move(body));
    }
  }
  deal_later(queue);
}

void Broker::deal_later(const std::string& name) {
  Queue& queue = queues_[name];
  if (queue.dealing || queue.waiting.empty()) return;
  queue.dealing = true;
  ground_.after(lateness(), [this, name] {
    queues_[name].dealing = false;
    deal(name);
  });
}

void Broker::deal(const std::string& name) {
  Queue& queue = queues_[name];
  while (!queue.waiting.empty()) {
    std::vector<std::shared_ptr<Consumer>> free;
    for (const auto& consumer : queue.consumers) {
      if (consumer->takes()) free.push_back(consumer);
    }
    if (free.empty()) return;
    hand_out(queue, free[ground_.choices().below(static_cast<std::uint32_t>(free.size()))]);
  }
}

void Broker::hand_out(Queue& queue, const std::shared_ptr<Consumer>& consumer) {
  const std::size_t most = std::min(consumer->credit - consumer->unsettled_bodies, queue.waiting.size());
  // Drawn from the most, so that the tamest is one whole batch.
  const std::size_t count = most - ground_.choices().below(static_cast<std::uint32_t>(most));
  const std::uint64_t number = ++batches_;
  auto& bodies = consumer->unsettled[number];
  for (std::size_t i = 0; i < count; ++i) {
    bodies.push_back(std::move(queue.waiting.front()));
    queue.waiting.pop_front();
  }
  consumer->unsettled_bodies += count;
  consumer->executor->post([this, consumer, number] {
    const auto batch = consumer->unsettled.find(number);
    if (consumer->ended || batch == consumer->unsettled.end()) return;
    // Settled when called or when the last copy goes.
    std::shared_ptr<void> token(nullptr, [this, consumer, number](void*) { settle(consumer, number); });
    consumer->call({batch->second, [held = std::move(token)]() mutable { held.reset(); }});
  });
}

void Broker::settle(const std::shared_ptr<Consumer>& consumer, std::uint64_t batch) {
  const auto bodies = consumer->unsettled.find(batch);
  if (consumer->ended || bodies == consumer->unsettled.end()) return;
  consumer->unsettled_bodies -= bodies->second.size();
  consumer->unsettled.erase(bodies);
  deal_later(consumer->queue);
}

void Broker::give_back(const std::shared_ptr<Consumer>& consumer) {
  auto& waiting = queues_[consumer->queue].waiting;
  const auto batches = std::exchange(consumer->unsettled, {});
  consumer->unsettled_bodies = 0;
  for (auto batch = batches.rbegin(); batch != batches.rend(); ++batch) {
    waiting.insert(waiting.begin(), batch->second.begin(), batch->second.end());
  }
  deal_later(consumer->queue);
}

void Broker::end(const std::shared_ptr<Consumer>& consumer) {
  if (std::exchange(consumer->ended, true)) return;
  std::erase(queues_[consumer->queue].consumers, consumer);
  give_back(consumer);
}

std::unique_ptr<ports::Subscription> BrokerHandle::subscribe(std::string queue, std::size_t credit, Executor& executor,
                                                             std::function<void(ports::QueueBatch)> consumer) {
  auto entry = std::make_shared<Broker::Consumer>();
  entry->handle = this;
  entry->queue = queue;
  entry->credit = credit;
  entry->executor = &executor;
  entry->call = std::move(consumer);
  broker_.queues_[queue].consumers.push_back(entry);
  broker_.deal_later(queue);
  return std::make_unique<Broker::Ended>(broker_, std::move(entry));
}

std::vector<ports::MessageQueue::Depth> BrokerHandle::depths() const {
  std::vector<Depth> out;
  for (const auto& [name, queue] : broker_.queues_) out.push_back({name, queue.waiting.size(), connected_});
  return out;
}

void BrokerHandle::die() {
  dead_ = true;
  disconnect();
  for (auto& [name, queue] : broker_.queues_) {
    const auto consumers = queue.consumers;
    for (const auto& consumer : consumers) {
      if (consumer->handle == this) broker_.end(consumer);
    }
  }
}

void BrokerHandle::disconnect() {
  connected_ = false;
  for (auto& [name, queue] : broker_.queues_) {
    for (const auto& consumer : queue.consumers) {
      if (consumer->handle == this) broker_.give_back(consumer);
    }
  }
}

void BrokerHandle::reconnect() {
  if (dead_ || std::exchange(connected_, true)) return;
  ++losses_;
  for (auto& [name, queue] : broker_.queues_) broker_.deal_later(name);
}

void Broker::crash() {
  for (auto& [name, queue] : queues_) {
    std::erase_if(queue.waiting, [this](const std::string&) { return ground_.choices().chance(700); });
  }
  for (const auto& handle : handles_) {
    if (!handle->dead_) ++handle->losses_;
  }
}

void Broker::forget_everything() {
  for (auto& [name, queue] : queues_) queue.waiting.clear();
}

bool Broker::empty() const {
  return std::ranges::all_of(queues_, [](const auto& entry) {
    const Queue& queue = entry.second;
    return queue.waiting.empty() &&
           std::ranges::all_of(queue.consumers, [](const auto& consumer) { return consumer->unsettled.empty(); });
  });
}

}  // namespace herald::simulation::system
