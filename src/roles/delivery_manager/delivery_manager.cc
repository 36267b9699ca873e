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
      retries_(metrics.counter("herald_delivery_retries_total", "Writes of delivery events that had to be repeated.")),
      skipped_(metrics.counter("herald_delivery_events_skipped_total",
                               "Delivery events that the store can never record, such as for a damaged receipt.")) {}

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
  const std::size_t all = std::max<std::size_t>(1, events.size());
  record(std::make_shared<Round>(std::move(events), std::move(batches), 0, all, 0));
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

void DeliveryManager::record(std::shared_ptr<Round> round) {
  const std::size_t size = std::min(round->at_once, round->events.size() - round->recorded);
  const auto first = round->events.begin() + static_cast<std::ptrdiff_t>(round->recorded);
  std::vector<DeliveryEvent> events(first, first + static_cast<std::ptrdiff_t>(size));
  trace(events);
  auto answered = [this, round, size](const Result<std::uint64_t>& changed) {
    if (!changed) return failed(round, size, changed.error());
    recorded_.add(size);
    changed_.add(*changed);
    retry_in_ = config_.retry_first;
    next(round, size);
  };
  deliveries_.record(std::move(events), Reply<Result<std::uint64_t>>(loop_, std::move(answered)));
}

void DeliveryManager::next(std::shared_ptr<Round> round, std::size_t done) {
  round->recorded += done;
  round->failures = 0;
  if (round->recorded < round->events.size()) return record(std::move(round));
  for (auto& batch : round->batches) batch.done();
  busy_ = false;
  record_waiting();
}

// The event that fails is searched for at once, by halves: the others are as good as before.
void DeliveryManager::failed(std::shared_ptr<Round> round, std::size_t size, const Error& error) {
  if (may_pass(error.kind)) return retry(std::move(round), size, error);
  if (size > 1) {
    round->at_once = size / 2;
    return record(std::move(round));
  }
  const bool again = error.kind == ErrorKind::kInternal && ++round->failures < config_.internal_attempts;
  if (again) return retry(std::move(round), size, error);
  if (size == 0) return next(std::move(round), 0);
  skip(std::move(round), error);
}

void DeliveryManager::skip(std::shared_ptr<Round> round, const Error& error) {
  skipped_.add();
  const DeliveryEvent& event = round->events[round->recorded];
  log_.error("delivery event skipped, the store can't record it",
             {{"message", event.message.hex()}, {"state", to_string(event.state)}, {"reason", error.message}});
  round->at_once = round->events.size();
  retry_in_ = config_.retry_first;
  next(std::move(round), 1);
}

// Nothing is settled meanwhile, so that the queue's credit holds the producers back. A slow store may have no time for
// as much as was asked of it: it is asked for less.
void DeliveryManager::retry(std::shared_ptr<Round> round, std::size_t size, const Error& error) {
  retries_.add();
  log_.warning("deliveries not recorded, will be tried again", {{"reason", error.message}});
  round->at_once = std::max<std::size_t>(1, size / 2);
  timers_.run_after(retry_in_, [this, round = std::move(round)] { record(round); });
  retry_in_ = std::min(retry_in_ * 2, config_.retry_most);
}

}  // namespace herald::roles::delivery_manager
