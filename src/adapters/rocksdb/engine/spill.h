#pragma once
// Spilling: messages in flight that are due get the rows that make memory unnecessary. A plan writes the rows and
// changes no memory; apply_spill() changes the memory once the commit has succeeded. Private to the adapter.

#include <cstddef>
#include <vector>

#include "adapters/rocksdb/engine/transaction.h"

namespace herald::adapters {

struct SpillStep {
  MessageId id;
  std::size_t rows_written = 0;  // so many of its deliveries have rows after the commit
  bool whole = false;            // and so have its receipt and its indexes
};

// Plans the oldest messages that are older than young_ms, or all if `all`; a message of many devices a part at a time.
// When memory passes young_bytes, the oldest are due at once. The rows are blind: commit at once.
[[nodiscard]] std::vector<SpillStep> plan_spill(Transaction& txn, bool all);
void apply_spill(State& state, const std::vector<SpillStep>& steps);

}  // namespace herald::adapters
