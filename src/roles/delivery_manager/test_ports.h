#pragma once
// Recording doubles of the ports for this role's tests.

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/timer.h"
#include "ports/delivery_store.h"
#include "ports/message_queue.h"

namespace herald::roles::delivery_manager {

// Timers that fire when the test says so.
class ManualTimers final : public TimerService {
 public:
  TimerId run_after(std::chrono::milliseconds delay, Task task) override {
    delays.push_back(delay);
    tasks.push_back(std::move(task));
    return delays.size();
  }
  void cancel(TimerId /*id*/) override {}
  void fire_next() {
    Task task = std::move(tasks.front());
    tasks.pop_front();
    task();
  }

  std::vector<std::chrono::milliseconds> delays;
  std::deque<Task> tasks;
};

// Keeps every call and answers it when the test says so.
class RecordingDeliveryStore final : public ports::DeliveryStore {
 public:
  struct Call {
    std::vector<DeliveryEvent> events;
    Reply<Result<std::uint64_t>> reply;
  };

  void add(std::vector<ports::NewDeliveries> /*entries*/, WallTime /*now*/,
           Reply<Result<ports::AddOutcome>> /*reply*/) override {}
  void pending(UserAgentId /*user_agent*/, std::optional<MessageId> /*after*/, std::size_t /*limit*/, WallTime /*now*/,
               Reply<Result<ports::PendingPage>> /*reply*/) override {}
  void record(std::vector<DeliveryEvent> events, Reply<Result<std::uint64_t>> reply) override {
    calls.push_back({std::move(events), std::move(reply)});
  }
  void of_message(MessageId /*message*/, std::optional<UserAgentId> /*after*/, std::size_t /*limit*/, WallTime /*now*/,
                  Reply<Result<ports::DeliveryPage>> /*reply*/) override {}

  std::deque<Call> calls;
};

// One subscription, fed by the test.
class ManualQueue final : public ports::MessageQueue {
 public:
  void publish(std::string /*queue*/, std::vector<std::string> /*bodies*/, Reply<Status> /*reply*/) override {}
  std::unique_ptr<ports::Subscription> subscribe(std::string queue, std::size_t credit_given, Executor& /*executor*/,
                                                 std::function<void(ports::QueueBatch)> consumer_given) override {
    name = std::move(queue);
    credit = credit_given;
    consumer = std::move(consumer_given);
    return std::make_unique<Ended>(*this);
  }
  [[nodiscard]] std::vector<Depth> depths() const override { return {}; }

  // Hands over one batch; `settled` counts those that were settled.
  void deliver(std::vector<std::string> bodies) {
    consumer(ports::QueueBatch{std::move(bodies), [this] { ++settled; }});
  }

  std::string name;
  std::size_t credit = 0;
  std::function<void(ports::QueueBatch)> consumer;
  int settled = 0;
  int ended = 0;

 private:
  struct Ended final : ports::Subscription {
    explicit Ended(ManualQueue& queue) : queue_(queue) {}
    ~Ended() override { ++queue_.ended; }
    ManualQueue& queue_;
  };
};

}  // namespace herald::roles::delivery_manager
