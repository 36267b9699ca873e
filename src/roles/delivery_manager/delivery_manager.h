#pragma once
// NS-MSG-Manager: takes (message, user agent) events off the queue `deliveries` and writes them to the store. While the
// store is away it waits. An event that the store can never record is found among the others, counted and skipped.

#include <chrono>
#include <deque>
#include <memory>
#include <vector>

#include "base/executor.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/timer.h"
#include "domain/delivery.h"
#include "ports/delivery_store.h"
#include "ports/message_queue.h"

namespace herald::roles::delivery_manager {

struct DeliveryManagerConfig {
  std::size_t credit = 1'024;  // envelopes taken and not yet settled
  std::chrono::milliseconds retry_first{100};
  std::chrono::milliseconds retry_most{5'000};
  std::size_t internal_attempts = 5;  // for one event that fails with kInternal, before it is skipped
};

// On `loop`'s thread only, and destroyed when the loop runs no more. Everything given must outlive it.
class DeliveryManager {
 public:
  DeliveryManager(DeliveryManagerConfig config, ports::DeliveryStore& deliveries, ports::MessageQueue& queue,
                  Executor& loop, TimerService& timers, Log& log, Metrics& metrics);

  void start();
  // Takes nothing new; what was taken is still recorded. Then idle() tells when all of it is.
  void stop();
  [[nodiscard]] bool idle() const { return !busy_ && waiting_.empty(); }

 private:
  // What gathered while the last round was under way.
  struct Round {
    std::vector<DeliveryEvent> events;
    std::vector<ports::QueueBatch> batches;
    std::size_t recorded = 0;  // of the events, from the first
    std::size_t at_once = 1;   // events in one write
    std::size_t failures = 0;  // of the event at `recorded`, alone, with kInternal
  };

  void take(ports::QueueBatch batch);
  void record_waiting();
  void trace(const std::vector<DeliveryEvent>& events);
  void record(std::shared_ptr<Round> round);
  void next(std::shared_ptr<Round> round, std::size_t done);
  void failed(std::shared_ptr<Round> round, std::size_t size, const Error& error);
  void retry(std::shared_ptr<Round> round, std::size_t size, const Error& error);
  void skip(std::shared_ptr<Round> round, const Error& error);
  void read(const ports::QueueBatch& batch, std::vector<DeliveryEvent>& events);

  DeliveryManagerConfig config_;
  ports::DeliveryStore& deliveries_;
  ports::MessageQueue& queue_;
  Executor& loop_;
  TimerService& timers_;
  Log& log_;
  std::unique_ptr<ports::Subscription> subscription_;
  std::deque<ports::QueueBatch> waiting_;
  bool busy_ = false;  // one write in flight, so that events keep their order
  std::chrono::milliseconds retry_in_;
  Counter& recorded_;
  Counter& changed_;
  Counter& damaged_;
  Counter& retries_;
  Counter& skipped_;
};

}  // namespace herald::roles::delivery_manager
