#include "adapters/rocksdb/engine/store_metrics.h"

namespace herald::adapters {

namespace {

struct EndMetric {
  DeliveryState state;
  const char* name;
  const char* help;
};
constexpr EndMetric kEnds[] = {
    {DeliveryState::kAcked, "herald_messages_completed_total", "Messages whose every delivery was acked."},
    {DeliveryState::kExpired, "herald_messages_expired_total", "Messages whose time was over before every ack."},
    {DeliveryState::kReplaced, "herald_messages_replaced_total", "Messages that a later one took the place of."},
    {DeliveryState::kCancelled, "herald_messages_cancelled_total", "Messages that their sender took back."},
    {DeliveryState::kDropped, "herald_messages_dropped_total", "Messages with a dropped delivery and none left."},
};

[[nodiscard]] Histogram& operations_histogram(Metrics& metrics) {
  return metrics.histogram("herald_store_commit_operations", "Changes written by one commit of the store.",
                           {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096});
}
[[nodiscard]] Histogram& seconds_histogram(Metrics& metrics) {
  return metrics.histogram("herald_store_commit_seconds", "Time of one commit of the store, fsync included.",
                           {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5});
}

}  // namespace

ErrorCounters::ErrorCounters(Metrics& metrics) {
  for (std::size_t i = 0; i < kErrorKinds; ++i) {
    const auto kind = static_cast<ErrorKind>(i);
    counters_[i] = &metrics.counter("herald_store_errors_total", "Commits and reads of the store that failed.",
                                    {{"kind", std::string(to_string(kind))}});
  }
}

StoreMetrics::StoreMetrics(Metrics& metrics)
    : commit_seconds_(seconds_histogram(metrics)),
      commit_operations_(operations_histogram(metrics)),
      accepted_{},
      ended_{},
      dropped_deliveries_(metrics.counter("herald_deliveries_dropped_total",
                                          "Deliveries dropped: too many waited, or the device left the app.")),
      errors_(metrics) {
  for (std::size_t priority = 1; priority < accepted_.size(); ++priority) {
    accepted_[priority] = &metrics.counter("herald_messages_accepted_total", "Messages stored durably.",
                                           {{"priority", std::to_string(priority)}});
  }
  for (const auto& end : kEnds) ended_[static_cast<std::size_t>(end.state)] = &metrics.counter(end.name, end.help);
}

void StoreMetrics::committed(std::size_t operations, std::chrono::nanoseconds took, const Tally& tally) {
  commit_seconds_.observe(std::chrono::duration<double>(took).count());
  commit_operations_.observe(static_cast<double>(operations));
  for (std::size_t i = 0; i < accepted_.size(); ++i) {
    if (tally.accepted[i] > 0 && accepted_[i] != nullptr) accepted_[i]->add(tally.accepted[i]);
  }
  for (std::size_t i = 0; i < ended_.size(); ++i) {
    if (tally.ended[i] > 0 && ended_[i] != nullptr) ended_[i]->add(tally.ended[i]);
  }
  if (tally.dropped_deliveries > 0) dropped_deliveries_.add(tally.dropped_deliveries);
}

}  // namespace herald::adapters
