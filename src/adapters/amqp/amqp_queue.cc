#include "adapters/amqp/amqp_queue.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "adapters/amqp/engine.h"
#include "base/check.h"

namespace herald::adapters {

// The engine, and the subscriptions that it serves.
class AmqpQueue::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(AmqpConfig config, const Clock& clock, RandomSource& random, Log& log, Metrics& metrics)
      : clock_(clock), engine_(std::move(config), clock, random, log, metrics) {}

  void stop() { engine_.stop(); }

  void publish(const std::string& queue, std::vector<std::string> bodies, Reply<Status> reply) {
    engine_.publish(queue, {std::move(bodies), std::move(reply), clock_.mono()});
  }

  std::shared_ptr<Inbound> add(std::string queue, std::size_t credit, Executor& executor,
                               std::function<void(ports::QueueBatch)> consumer) {
    auto settled = [weak = weak_from_this()](Inbound& inbound, DeliveryRange range) {
      if (const auto self = weak.lock()) self->engine_.settled(inbound, range);
    };
    auto inbound =
        std::make_shared<Inbound>(std::move(queue), credit, executor, std::move(consumer), std::move(settled));
    {
      const std::lock_guard lock(mutex_);
      inbounds_.push_back(inbound);
    }
    engine_.add(inbound);
    return inbound;
  }

  void remove(const std::shared_ptr<Inbound>& inbound) {
    {
      const std::lock_guard lock(mutex_);
      std::erase(inbounds_, inbound);
    }
    engine_.remove(inbound);
  }

  [[nodiscard]] std::uint64_t losses() const { return engine_.losses(); }

  [[nodiscard]] std::vector<Depth> depths() const {
    std::map<std::string, std::uint64_t> waiting{{ports::kNewMessagesQueue, 0}};
    for (const auto& outbox : engine_.outboxes().all()) waiting[outbox->queue()] += outbox->unaccepted();
    {
      const std::lock_guard lock(mutex_);
      for (const auto& inbound : inbounds_) waiting[inbound->queue()] += inbound->waiting();
    }
    std::vector<Depth> out;
    for (const auto& [queue, count] : waiting) out.push_back({queue, count, engine_.connected()});
    return out;
  }

 private:
  const Clock& clock_;
  Engine engine_;
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<Inbound>> inbounds_;
};

namespace {

template <class Impl>
class AmqpSubscription final : public ports::Subscription {
 public:
  AmqpSubscription(std::weak_ptr<Impl> impl, std::shared_ptr<Inbound> inbound)
      : impl_(std::move(impl)), inbound_(std::move(inbound)) {}
  ~AmqpSubscription() override {
    inbound_->end();
    if (const auto impl = impl_.lock()) impl->remove(inbound_);
  }
  AmqpSubscription(const AmqpSubscription&) = delete;
  AmqpSubscription& operator=(const AmqpSubscription&) = delete;

 private:
  std::weak_ptr<Impl> impl_;
  std::shared_ptr<Inbound> inbound_;
};

}  // namespace

AmqpQueue::AmqpQueue(AmqpConfig config, const Clock& clock, RandomSource& random, Log& log, Metrics& metrics) {
  HERALD_CHECK(!config.brokers.empty(), "a queue without a broker");
  impl_ = std::make_shared<Impl>(std::move(config), clock, random, log, metrics);
}

AmqpQueue::~AmqpQueue() {
  impl_->stop();
}

void AmqpQueue::publish(std::string queue, std::vector<std::string> bodies, Reply<Status> reply) {
  impl_->publish(queue, std::move(bodies), std::move(reply));
}

std::unique_ptr<ports::Subscription> AmqpQueue::subscribe(std::string queue, std::size_t credit, Executor& executor,
                                                          std::function<void(ports::QueueBatch)> consumer) {
  HERALD_CHECK(credit > 0, "a subscription without credit");
  auto inbound = impl_->add(std::move(queue), credit, executor, std::move(consumer));
  return std::make_unique<AmqpSubscription<Impl>>(impl_, std::move(inbound));
}

std::uint64_t AmqpQueue::losses() const {
  return impl_->losses();
}

std::vector<AmqpQueue::Depth> AmqpQueue::depths() const {
  return impl_->depths();
}

}  // namespace herald::adapters
