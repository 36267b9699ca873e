#pragma once
// Where scans of an index may begin. Memory only. Private to the adapter.

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

namespace herald::adapters {

// No live row sorts below `key`; lets scans skip the tombstones at the front of an index.
class ScanFloor {
 public:
  [[nodiscard]] const std::string& key() const { return key_; }
  // A row was written.
  void lower_to(const std::string& key) { key_ = std::min(key_, key); }
  // A scan from the floor found nothing before `key`.
  void raise_to(std::string key) {
    if (key <= key_) return;
    key_ = std::move(key);
    ++raises_;
  }
  [[nodiscard]] std::uint64_t raises() const { return raises_; }

 private:
  std::string key_;
  std::uint64_t raises_ = 0;
};

// The indexes that sweeps walk.
struct ScanFloors {
  ScanFloor unrouted;
  ScanFloor expiry;
  ScanFloor ended;

  // Grows with each raise: rows that a rolled back operation removed stand again below such a floor.
  [[nodiscard]] std::uint64_t raises() const { return unrouted.raises() + expiry.raises() + ended.raises(); }
};

}  // namespace herald::adapters
