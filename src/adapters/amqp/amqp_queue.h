#pragma once
// The MessageQueue of an installation on many machines: queues of a broker that speaks AMQP 1.0 (ActiveMQ Classic,
// ActiveMQ Artemis, RabbitMQ). docs/queues.md tells the names, the broker's settings and what a lost broker costs.

#include <memory>
#include <string>
#include <vector>

#include "adapters/amqp/broker_url.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/time.h"
#include "ports/message_queue.h"

namespace herald::adapters {

struct AmqpConfig {
  // Tried in this order by every process, so that all meet at the first that answers; they must share their queues.
  std::vector<BrokerUrl> brokers;
  std::string user;      // empty: anonymous
  std::string password;  // sent as it is: without TLS, anyone on the way can read it
  std::string ca_file;   // PEM of the authorities that sign the brokers' certificates; empty: the system's
  std::string name;      // of this process, as the broker shows it; a random part is added
  Limits limits;
};

// Thread-safe. Subscriptions and batches may outlive it; the executors of replies and subscriptions must outlive it.
//
// Connects by itself, and again after each loss; a broker that is away is no failure to start. Beyond the port's
// contract:
// - A publication waits for the broker's word for queue_patience_ms. Then it is answered kUnavailable (no broker) or
//   kExhausted (no room there), though some of its bodies may have reached the queue. While the broker has been away
//   for longer, kUnavailable comes at once.
// - kExhausted comes at once when queue_max_messages of one queue, or queue_unaccepted_max_bytes of all, are not
//   accepted yet, and when the broker refuses a body.
// - What the broker had not accepted when the connection broke is sent again, in order: a repeat is possible.
// - After a reconnect, batches of the old connection settle nothing, and their bodies come again.
// - depths() counts what is in this process: not accepted by the broker yet, or not handed to its consumer yet.
class AmqpQueue final : public ports::MessageQueue {
 public:
  // `config.brokers` is not empty. References must outlive it.
  AmqpQueue(AmqpConfig config, const Clock& clock, RandomSource& random, Log& log, Metrics& metrics);
  // Answers what is not accepted with kUnavailable.
  ~AmqpQueue() override;

  void publish(std::string queue, std::vector<std::string> bodies, Reply<Status> reply) override;
  std::unique_ptr<ports::Subscription> subscribe(std::string queue, std::size_t credit, Executor& executor,
                                                 std::function<void(ports::QueueBatch)> consumer) override;
  // Grows with each connection that follows a lost one.
  [[nodiscard]] std::uint64_t losses() const override;
  // newMessages is always among them, so that one can see whether there is a connection.
  [[nodiscard]] std::vector<Depth> depths() const override;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace herald::adapters
