#pragma once
// What one loop has counted so far. Its thread writes, any thread reads: for progress, and to see when a phase is over.

#include <atomic>
#include <cstdint>

namespace herald::load {

class Count {
 public:
  void add(std::uint64_t by = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
  void take(std::uint64_t by = 1) { add(~by + 1); }
  [[nodiscard]] std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

struct alignas(64) Counters {
  Count ready;        // devices that can receive now: connected and registered, or asleep
  Count registered;   // registrations finished, ever
  Count failures;     // connections that did not come to that
  Count disconnects;  // devices that the server let go unasked
  Count begun;        // messages begun
  Count accepted;
  Count refused;
  Count unknown;
  Count owed;    // deliveries that accepted messages make
  Count firsts;  // arrivals, by kind
  Count repeats;
  Count late;
  Count foreign;
  Count unacked;  // arrivals left unacked on purpose
  Count pings;
  Count pulls;
};

}  // namespace herald::load
