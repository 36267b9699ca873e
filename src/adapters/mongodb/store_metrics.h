#pragma once
// What one worker counts. Private to this folder.

#include <array>
#include <chrono>
#include <map>
#include <string>

#include "base/metrics.h"
#include "base/result.h"
#include "domain/delivery.h"
#include "domain/message.h"

namespace herald::adapters::mongodb {

// Used by one thread only.
class StoreMetrics {
 public:
  explicit StoreMetrics(Metrics& metrics);

  // A command is sent. `name` is a literal.
  void command(const char* name);
  // A batch of `calls` of one kind was run. Those that store messages are commits, as other stores count them.
  void batch(const char* kind, std::size_t calls, std::chrono::nanoseconds took);
  void failed(ErrorKind kind);
  // A batch is run once more because its connection broke.
  void repeated() { repeated_.add(); }
  void busy(bool is) { busy_.set(is ? 1 : 0); }

  void accepted(Priority priority) { accepted_[static_cast<std::size_t>(priority) - 1]->add(); }
  void ended(DeliveryState state, std::uint64_t messages);
  void dropped_deliveries(std::uint64_t count) { dropped_deliveries_.add(count); }

 private:
  struct Batches {
    Histogram* calls = nullptr;
    Histogram* seconds = nullptr;
  };
  Metrics& metrics_;
  Gauge& busy_;
  Histogram& commit_seconds_;
  Histogram& commit_operations_;
  Counter& dropped_deliveries_;
  Counter& repeated_;
  std::array<Counter*, 3> accepted_{};
  std::map<const char*, Counter*> commands_;
  std::map<const char*, Batches> batches_;
  std::map<ErrorKind, Counter*> errors_;
  std::map<DeliveryState, Counter*> ended_;
};

}  // namespace herald::adapters::mongodb
