#include "load/latency_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace herald::load {

std::size_t LatencyHistogram::bucket_of(std::int64_t ns) {
  const auto value = static_cast<std::uint64_t>(ns);
  const int shift = static_cast<int>(std::bit_width(value)) - 1 - kMantissaBits;
  const std::uint64_t mantissa = (value >> shift) - (1U << kMantissaBits);
  return (static_cast<std::size_t>(shift - kLeastShift) << kMantissaBits) + mantissa;
}

std::int64_t LatencyHistogram::middle_of(std::size_t bucket) {
  const int shift = static_cast<int>(bucket >> kMantissaBits) + kLeastShift;
  const std::uint64_t mantissa = (bucket & ((1U << kMantissaBits) - 1)) + (1U << kMantissaBits);
  return static_cast<std::int64_t>((mantissa << shift) + (1ULL << shift) / 2);
}

void LatencyHistogram::record(std::int64_t ns) {
  const std::int64_t clamped = std::clamp(ns, kLeastNs, kMostNs);
  ++buckets_[bucket_of(clamped)];
  ++count_;
  max_ns_ = std::max(max_ns_, clamped);
}

void LatencyHistogram::add(const LatencyHistogram& other) {
  for (std::size_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  max_ns_ = std::max(max_ns_, other.max_ns_);
}

std::int64_t LatencyHistogram::percentile_ns(double percent) const {
  const auto rank = static_cast<std::uint64_t>(std::ceil(percent / 100.0 * static_cast<double>(count_)));
  if (rank >= count_) return max_ns_;
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    seen += buckets_[i];
    if (seen >= std::max<std::uint64_t>(rank, 1)) return std::min(middle_of(i), max_ns_);
  }
  return max_ns_;
}

}  // namespace herald::load
