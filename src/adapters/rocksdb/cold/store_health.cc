#include "adapters/rocksdb/cold/store_health.h"

namespace herald::adapters {

namespace {

// So many damaged places are remembered; more are counted each time they are met.
constexpr std::size_t kRememberedMost = 1'024;

}  // namespace

StoreHealth::StoreHealth(Log& log, Metrics& metrics)
    : log_(log),
      unreadable_total_(metrics.counter("herald_store_unreadable_total",
                                        "Rows, and rest of a damaged block of rows, that could not be read and were "
                                        "skipped.")) {}

void StoreHealth::writes_fail(const Error& error) {
  const std::lock_guard lock(mutex_);
  write_error_ = error.message;
}

void StoreHealth::writes_work() {
  const std::lock_guard lock(mutex_);
  write_error_.reset();
}

void StoreHealth::compaction_failed(std::string_view why) {
  const std::lock_guard lock(mutex_);
  if (!damage_.empty()) return;
  damage_ = std::string("a damaged file cannot be compacted: ").append(why);
  log_.error("store compaction failed", {{"error", why}});
}

void StoreHealth::skipped(std::string_view family, std::string_view key, std::string_view why) {
  const std::lock_guard lock(mutex_);
  std::string place(family);
  place.append(1, '\0').append(key);
  if (skipped_.contains(place)) return;
  if (skipped_.size() < kRememberedMost) skipped_.insert(std::move(place));
  ++skipped_count_;
  unreadable_total_.add();
  if (damage_.empty()) damage_ = std::string("damaged rows are skipped: ").append(why);
  log_.error("store row skipped", {{"family", family}, {"error", why}});
}

StoreCondition StoreHealth::condition() const {
  const std::lock_guard lock(mutex_);
  return {.writable = !write_error_, .unreadable_rows = skipped_count_, .reason = write_error_.value_or(damage_)};
}

}  // namespace herald::adapters
