#pragma once
// What the committing thread counts. Used by that thread only. Private to this folder.

#include <array>
#include <chrono>

#include "adapters/rocksdb/state/state.h"
#include "base/metrics.h"
#include "base/result.h"

namespace herald::adapters {

inline constexpr std::size_t kErrorKinds = 9;

// herald_store_errors_total for one thread.
class ErrorCounters {
 public:
  explicit ErrorCounters(Metrics& metrics);
  void add(ErrorKind kind) { counters_[static_cast<std::size_t>(kind)]->add(); }

 private:
  std::array<Counter*, kErrorKinds> counters_;
};

class StoreMetrics {
 public:
  explicit StoreMetrics(Metrics& metrics);
  void committed(std::size_t operations, std::chrono::nanoseconds took, const Tally& tally);
  void failed(ErrorKind kind) { errors_.add(kind); }

 private:
  Histogram& commit_seconds_;
  Histogram& commit_operations_;
  std::array<Counter*, 4> accepted_;
  std::array<Counter*, 7> ended_;
  Counter& dropped_deliveries_;
  ErrorCounters errors_;
};

}  // namespace herald::adapters
