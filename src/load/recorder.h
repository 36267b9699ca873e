#pragma once
// Latencies of one loop: all together, and by the second in which they ended.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/time.h"
#include "load/latency_histogram.h"

namespace herald::load {

class Recorder {
 public:
  // Seconds kept apart, at most; later ones count to the last.
  static constexpr std::size_t kSecondsMost = 600;

  // Forgets everything; seconds count from `start`, and so does what was intended before it.
  void begin(MonoTime start) {
    start_ = start;
    last_ns_ = start.ns;
    whole_ = {};
    accepts_ = {};
    seconds_.clear();
  }

  void record(std::int64_t intended_ns, std::int64_t now_ns) {
    const std::int64_t latency_ns = now_ns - std::max(intended_ns, start_.ns);
    whole_.record(latency_ns);
    last_ns_ = now_ns;
    const auto second = static_cast<std::size_t>((now_ns - start_.ns) / 1'000'000'000);
    const std::size_t place = second < kSecondsMost ? second : kSecondsMost - 1;
    if (place >= seconds_.size()) seconds_.resize(place + 1);
    seconds_[place].record(latency_ns);
  }

  // A POST was answered 2xx.
  void record_accept(std::int64_t intended_ns, std::int64_t now_ns) { accepts_.record(now_ns - intended_ns); }

  [[nodiscard]] const LatencyHistogram& whole() const { return whole_; }
  [[nodiscard]] const LatencyHistogram& accepts() const { return accepts_; }
  [[nodiscard]] const std::vector<LatencyHistogram>& seconds() const { return seconds_; }
  // When the last one ended.
  [[nodiscard]] MonoTime last() const { return {last_ns_}; }

 private:
  MonoTime start_;
  std::int64_t last_ns_ = 0;
  LatencyHistogram whole_;
  LatencyHistogram accepts_;
  std::vector<LatencyHistogram> seconds_;
};

}  // namespace herald::load
