#include "adapters/mongodb/store_metrics.h"

namespace herald::adapters::mongodb {

StoreMetrics::StoreMetrics(Metrics& metrics)
    : metrics_(metrics),
      busy_(metrics.gauge("herald_mongodb_connections_busy", "Connections to the database that are at work.")),
      commit_seconds_(
          metrics.histogram("herald_store_commit_seconds", "Time of one commit of the store, fsync included.",
                            {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5})),
      commit_operations_(metrics.histogram("herald_store_commit_operations",
                                           "Changes written by one commit of the store.", count_buckets())),
      dropped_deliveries_(metrics.counter("herald_deliveries_dropped_total",
                                          "Deliveries dropped: too many waited, or the device left the app.")),
      repeated_(metrics.counter("herald_mongodb_batches_repeated_total",
                                "Batches run once more because a connection that had worked broke under them.")) {
  for (std::size_t i = 0; i < accepted_.size(); ++i) {
    accepted_[i] = &metrics.counter("herald_messages_accepted_total", "Messages stored durably.",
                                    {{"priority", std::to_string(i + 1)}});
  }
  ended_[DeliveryState::kAcked] =
      &metrics.counter("herald_messages_completed_total", "Messages whose every delivery was acked.");
  ended_[DeliveryState::kExpired] =
      &metrics.counter("herald_messages_expired_total", "Messages whose time was over before every ack.");
  ended_[DeliveryState::kReplaced] =
      &metrics.counter("herald_messages_replaced_total", "Messages that a later one took the place of.");
  ended_[DeliveryState::kCancelled] =
      &metrics.counter("herald_messages_cancelled_total", "Messages that their sender took back.");
  ended_[DeliveryState::kDropped] =
      &metrics.counter("herald_messages_dropped_total", "Messages with a dropped delivery and none left.");
}

void StoreMetrics::command(const char* name) {
  Counter*& counter = commands_[name];
  if (counter == nullptr) {
    counter = &metrics_.counter("herald_mongodb_commands_total", "Commands sent to the database.", {{"command", name}});
  }
  counter->add();
}

void StoreMetrics::batch(const char* kind, std::size_t calls, std::chrono::nanoseconds took) {
  Batches& batches = batches_[kind];
  if (batches.calls == nullptr) {
    batches.calls = &metrics_.histogram("herald_mongodb_batch_calls", "Calls of the store answered together.",
                                        count_buckets(), {{"kind", kind}});
    batches.seconds = &metrics_.histogram("herald_mongodb_batch_seconds", "Time from a batch's start to its answers.",
                                          latency_buckets(), {{"kind", kind}});
  }
  if (std::string_view(kind) == "put") {
    commit_seconds_.observe(std::chrono::duration<double>(took).count());
    commit_operations_.observe(static_cast<double>(calls));
  }
  batches.calls->observe(static_cast<double>(calls));
  batches.seconds->observe(std::chrono::duration<double>(took).count());
}

void StoreMetrics::failed(ErrorKind kind) {
  Counter*& counter = errors_[kind];
  if (counter == nullptr) {
    counter = &metrics_.counter("herald_store_errors_total", "Commits and reads of the store that failed.",
                                {{"kind", std::string(to_string(kind))}});
  }
  counter->add();
}

void StoreMetrics::ended(DeliveryState state, std::uint64_t messages) {
  const auto found = ended_.find(state);
  if (found != ended_.end() && messages > 0) found->second->add(messages);
}

}  // namespace herald::adapters::mongodb
