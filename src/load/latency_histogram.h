#pragma once
// Latencies in log-linear buckets, as HdrHistogram has them: a fixed size, one increment a sample, percentiles exact to
// one part in a hundred.

#include <array>
#include <cstdint>

namespace herald::load {

class LatencyHistogram {
 public:
  // What is below or above counts as the bound.
  static constexpr std::int64_t kLeastNs = 1'000;
  static constexpr std::int64_t kMostNs = 3'600'000'000'000;

  void record(std::int64_t ns);
  void add(const LatencyHistogram& other);

  [[nodiscard]] std::uint64_t count() const { return count_; }
  // The exact largest sample (clamped); 0 if there is none.
  [[nodiscard]] std::int64_t max_ns() const { return max_ns_; }
  // The smallest latency that `percent` (0 to 100) of the samples do not pass, within 1 %; 100 gives max_ns(). 0 if
  // there is no sample.
  [[nodiscard]] std::int64_t percentile_ns(double percent) const;

 private:
  // 64 buckets per power of two: the middle of one is at most 1/128 from any value in it.
  static constexpr int kMantissaBits = 6;
  static constexpr int kLeastShift = 3;  // of 1,000 (10 bits)
  static constexpr int kMostShift = 35;  // of 3.6e12 (42 bits)
  static constexpr std::size_t kBuckets = static_cast<std::size_t>(kMostShift - kLeastShift + 1) << kMantissaBits;

  static std::size_t bucket_of(std::int64_t ns);
  static std::int64_t middle_of(std::size_t bucket);

  std::array<std::uint32_t, kBuckets> buckets_{};
  std::uint64_t count_ = 0;
  std::int64_t max_ns_ = 0;
};

}  // namespace herald::load
