#pragma once
// Brings the messages that were in flight when the process ended back into memory. Private to the adapter.

#include "adapters/rocksdb/engine/transaction.h"

namespace herald::adapters {

// Reads them from their rows, as messages that no monitor has routed. Once, before any operation. kUnavailable: the
// database cannot be read.
[[nodiscard]] Status load_in_flight(Transaction& txn);

}  // namespace herald::adapters
