#include "adapters/in_process_queue/in_process_queue.h"

#include <mutex>
#include <utility>

#include "adapters/in_process_queue/queue_channel.h"
#include "base/check.h"

namespace herald::adapters {

namespace {

class ChannelSubscription final : public ports::Subscription {
 public:
  ChannelSubscription(std::shared_ptr<QueueChannel> channel, QueueConsumerPtr consumer)
      : channel_(std::move(channel)), consumer_(std::move(consumer)) {
    channel_->add(consumer_);
  }
  ~ChannelSubscription() override { channel_->remove(consumer_); }
  ChannelSubscription(const ChannelSubscription&) = delete;
  ChannelSubscription& operator=(const ChannelSubscription&) = delete;

 private:
  std::shared_ptr<QueueChannel> channel_;
  QueueConsumerPtr consumer_;
};

}  // namespace

InProcessQueue::InProcessQueue(std::size_t max_messages) : max_messages_(max_messages) {}

InProcessQueue::~InProcessQueue() = default;

void InProcessQueue::publish(std::string queue, std::vector<std::string> bodies, Reply<Status> reply) {
  Status answer;
  if (!channel(queue)->push(std::move(bodies))) {
    answer = fail(ErrorKind::kExhausted, "queue " + queue + " is full");
  }
  std::move(reply)(std::move(answer));
}

std::unique_ptr<ports::Subscription> InProcessQueue::subscribe(std::string queue, std::size_t credit,
                                                               Executor& executor,
                                                               std::function<void(ports::QueueBatch)> consumer) {
  HERALD_CHECK(credit > 0, "a subscription without credit");
  return std::make_unique<ChannelSubscription>(channel(queue),
                                               std::make_shared<QueueConsumer>(credit, executor, std::move(consumer)));
}

std::vector<InProcessQueue::Depth> InProcessQueue::depths() const {
  const std::shared_lock lock(mutex_);
  std::vector<Depth> out;
  out.reserve(channels_.size());
  for (const auto& [name, channel] : channels_) out.push_back({.queue = name, .waiting = channel->waiting()});
  return out;
}

std::shared_ptr<QueueChannel> InProcessQueue::channel(const std::string& name) {
  {
    const std::shared_lock lock(mutex_);
    if (const auto found = channels_.find(name); found != channels_.end()) return found->second;
  }
  const std::lock_guard lock(mutex_);
  auto& made = channels_[name];
  if (!made) made = std::make_shared<QueueChannel>(max_messages_);
  return made;
}

}  // namespace herald::adapters
