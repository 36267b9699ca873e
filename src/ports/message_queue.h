#pragma once
// Queues between the roles: named, at-most-once hints (the store is the truth). Bodies are bytes (protocol/queue).

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/executor.h"
#include "base/result.h"

namespace herald::ports {

// The well-known queue names; each server that holds devices has one more, named as itself ("WS1", "UDP1").
inline constexpr const char* kNewMessagesQueue = "newMessages";
inline constexpr const char* kDeliveriesQueue = "deliveries";

// Bodies that a queue and a consumer hold together; not changed any more.
class QueueBodies {
 public:
  QueueBodies() : QueueBodies(std::vector<std::string>()) {}
  // Not explicit: they are the bodies.
  QueueBodies(std::vector<std::string> bodies)
      : held_(std::make_shared<const std::vector<std::string>>(std::move(bodies))) {}

  [[nodiscard]] auto begin() const { return held_->begin(); }
  [[nodiscard]] auto end() const { return held_->end(); }
  [[nodiscard]] std::size_t size() const { return held_->size(); }
  [[nodiscard]] bool empty() const { return held_->empty(); }

 private:
  std::shared_ptr<const std::vector<std::string>> held_;
};

// What a consumer is handed: bodies, in the order published by one producer. The batch is settled when `done` is
// called or destroyed, on any thread; until then it counts against the consumer's credit.
struct QueueBatch {
  QueueBodies bodies;
  std::move_only_function<void()> done;
};

// Keeps a subscription; destroying it ends it. Destroy it on the executor's thread; the consumer is not called after.
class Subscription {
 public:
  virtual ~Subscription() = default;
};

class MessageQueue {
 public:
  virtual ~MessageQueue() = default;

  // Puts `bodies` on the queue, in order, all or none. Answers when the queue holds them. kExhausted: the queue is
  // full (a slow consumer); kUnavailable: the broker is away. Either way the caller may drop them and leave it to the
  // sweep. Any thread. Calls by one thread keep their order.
  virtual void publish(std::string queue, std::vector<std::string> bodies, Reply<Status> reply) = 0;

  // Calls `consumer` on `executor` with what arrives. At most `credit` bodies are unsettled at a time, so that a slow
  // consumer slows the queue. Several subscriptions of one queue compete. Any thread.
  virtual std::unique_ptr<Subscription> subscribe(std::string queue, std::size_t credit, Executor& executor,
                                                  std::function<void(QueueBatch)> consumer) = 0;

  // How often bodies that were accepted may have been lost since the start, with the connection to a broker. A reader
  // of a queue reads the store again when it has grown. Any thread.
  [[nodiscard]] virtual std::uint64_t losses() const { return 0; }

  // Bodies waiting, by queue; for /metrics and /status. Any thread.
  struct Depth {
    std::string queue;
    std::uint64_t waiting = 0;
    bool connected = true;
  };
  [[nodiscard]] virtual std::vector<Depth> depths() const = 0;
};

}  // namespace herald::ports
