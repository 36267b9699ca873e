#include "roles/delivery_manager/delivery_manager.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "protocol/queue/envelope.h"

namespace herald::roles::delivery_manager {

DeliveryManager::DeliveryManager(DeliveryManagerConfig config, ports::DeliveryStore& deliveries,
                                 ports::MessageQueue& queue, Executor& loop, TimerService& timers, Log& log,
                                 Metrics& metrics)
    : config_(config),
      deliveries_(deliveries),
      queue_(queue),
      loop_(loop),
      timers_(timers),
      log_(log),
      retry_in_(config.retry_first),
      recorded_(metrics.counter("herald_delivery_events_total", "Delivery events written to the store.")),
      changed_(metrics.counter("herald_delivery_changes_total", "Deliveries whose state an event changed.")),
      damaged_(metrics.counter("herald_damaged_envelopes_total", "Queue messages that could not be read.",
                               {{"queue", ports::kDeliveriesQueue}})),
      retries_(metrics.counter("herald_delivery_retries_total", "Writes of delivery events that had to be repeated.")) {
}

void DeliveryManager::start() {
  subscription_ = queue_.subscribe(ports::kDeliveriesQueue, config_.credit, loop_,
                                   [this](ports::QueueBatch batch) { take(std::move(batch)); });
}

void DeliveryManager::stop() {
  subscription_.reset();
}

void DeliveryManager::take(ports::QueueBatch batch) {
  waiting_.push_back(std::move(batch));
  record_waiting();
}

// Whatever gathered while the last write was in flight goes into one.
void DeliveryManager::record_waiting() {
  if (busy_ || waiting_.empty()) return;
  std::vector<DeliveryEvent> events;
  for (const auto& batch : waiting_) read(batch, events);
  std::vector<ports::QueueBatch> batches(std::make_move_iterator(waiting_.begin()),
                                         std::make_move_iterator(waiting_.end()));
  waiting_.clear();
  busy_ = true;
  record(std::move(events), std::move(batches));
}

void DeliveryManager::read(const ports::QueueBatch& batch, std::vector<DeliveryEvent>& events) {
  for (const auto& body : batch.bodies) {
    auto envelope = protocol::queue::decode_deliveries(body);
    if (!envelope) {
      damaged_.add();
      log_.warning("delivery envelope unreadable", {{"reason", envelope.error().message}});
      continue;
    }
    events.insert(events.end(), envelope->events.begin(), envelope->events.end());
  }
}

void DeliveryManager::trace(const std::vector<DeliveryEvent>& events) {
  if (!log_.enabled(LogLevel::kDebug)) return;
  for (const auto& event : events) {
    log_.debug("delivery noted", {{"message", event.message.hex()}, {"state", to_string(event.state)}});
  }
}

void DeliveryManager::record(std::vector<DeliveryEvent> events, std::vector<ports::QueueBatch> batches) {
  trace(events);
  auto answered = [this, events, batches = std::move(batches)](Result<std::uint64_t> changed) mutable {
    if (!changed) return retry(std::move(events), std::move(batches), changed.error());
    recorded_.add(events.size());
    changed_.add(*changed);
    retry_in_ = config_.retry_first;
    for (auto& batch : batches) batch.done();
    busy_ = false;
    record_waiting();
  };
  deliveries_.record(std::move(events), Reply<Result<std::uint64_t>>(loop_, std::move(answered)));
}

// Nothing is settled meanwhile, so that the queue's credit holds the producers back.
void DeliveryManager::retry(std::vector<DeliveryEvent> events, std::vector<ports::QueueBatch> batches,
                            const Error& error) {
  retries_.add();
  log_.warning("deliveries not recorded, will be tried again", {{"reason", error.message}});
  timers_.run_after(retry_in_, [this, events = std::move(events), batches = std::move(batches)]() mutable {
    record(std::move(events), std::move(batches));
  });
  retry_in_ = std::min(retry_in_ * 2, config_.retry_most);
}

}  // namespace herald::roles::delivery_manager
