#pragma once
// The workers: threads with a connection each. A free worker takes everything that gathered on the lane that has waited
// longest, so calls are batched as they come in while the last batch is on its way. Private to this folder.

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "adapters/mongodb/connection.h"
#include "adapters/mongodb/lane.h"
#include "base/log.h"
#include "base/metrics.h"

namespace herald::adapters::mongodb {

class Pool {
 public:
  // The references must outlive it.
  Pool(Connection& connection, const Limits& limits, const Clock& clock, Log& log, Metrics& metrics);
  // Answers what waits; each batch still has its deadline.
  ~Pool();

  // Any thread. Answers kUnavailable at once if mongodb_waiting_max calls wait already.
  template <class C, class Asked, class T>
  void submit(LaneOf<C>& lane, Call<Asked, T> call) {
    std::unique_lock lock(mutex_);
    if (waiting_ >= limits_.mongodb_waiting_max) {
      lock.unlock();
      return std::move(call.reply)(fail(ErrorKind::kUnavailable, "too many calls wait for the database"));
    }
    ++waiting_;
    lane.calls_.push_back({clock_.mono(), C(std::move(call))});
    list(lane);
  }

 private:
  void list(Lane& lane);
  void work();
  void answer_late(const Lane& lane, Lane::Batch& batch, StoreMetrics& metrics);
  void run(Lane& lane, Lane::Batch& batch, Context& context);
  [[nodiscard]] Status run_part(Lane& lane, Lane::Batch& batch, std::size_t first, std::size_t count, Context& context);
  void answer_part(const Lane& lane, Lane::Batch& batch, std::size_t first, std::size_t count, const Status& done,
                   StoreMetrics& metrics);
  [[nodiscard]] static Status attempt(Lane::Batch& batch, std::size_t first, std::size_t count, Context& context);
  void note(const Lane& lane, const Error& error, StoreMetrics& metrics);

  Connection& connection_;
  const Limits limits_;
  const Clock& clock_;
  Log& log_;
  Metrics& metrics_;
  std::mutex mutex_;
  std::condition_variable listed_;
  std::deque<Lane*> lanes_;  // those with calls that wait and a place for a worker
  std::size_t waiting_ = 0;
  bool closing_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace herald::adapters::mongodb
