#pragma once
// What is wrong with the database, for whoever reports it. Private to this folder.

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "adapters/rocksdb/rocksdb_store.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"

namespace herald::adapters {

// Any thread.
class StoreHealth {
 public:
  // Both must outlive the object.
  StoreHealth(Log& log, Metrics& metrics);

  void writes_fail(const Error& error);
  void writes_work();
  // A compaction met a damaged file: it is not compacted any more, until the folder is opened again.
  void compaction_failed(std::string_view why);
  // The row of `key`, or the rows from it to the end of a damaged block, were skipped. The same place counts once, as
  // long as few are damaged.
  void skipped(std::string_view family, std::string_view key, std::string_view why);

  [[nodiscard]] StoreCondition condition() const;

 private:
  Log& log_;
  Counter& unreadable_total_;
  mutable std::mutex mutex_;
  std::optional<std::string> write_error_;
  std::string damage_;
  std::unordered_set<std::string> skipped_;
  std::uint64_t skipped_count_ = 0;
};

}  // namespace herald::adapters
