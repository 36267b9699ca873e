#include "base/metrics.h"

#include <algorithm>
#include <mutex>

namespace herald {

Histogram::Histogram(std::vector<double> bounds)
    : bounds_(std::move(bounds)), counts_(std::make_unique<std::atomic<std::uint64_t>[]>(bounds_.size() + 1)) {}

void Histogram::observe(double value) {
  const auto i = static_cast<std::size_t>(std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin());
  counts_[i].store(counts_[i].load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  sum_.store(sum_.load(std::memory_order_relaxed) + value, std::memory_order_relaxed);
}

std::vector<double> latency_buckets() {
  return {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
          0.25,   0.5,     1,      2.5,   5,      10,    60,   600,   3600};
}

std::vector<double> count_buckets() {
  std::vector<double> bounds;
  for (double bound = 1; bound <= 4096; bound *= 2) bounds.push_back(bound);
  return bounds;
}

namespace {

// Any thread may ask for a cell, and few do: one lock serves all objects.
std::mutex null_metrics_mutex;

}  // namespace

Counter& NullMetrics::counter(std::string_view /*name*/, std::string_view /*help*/, MetricLabels /*labels*/) {
  const std::lock_guard lock(null_metrics_mutex);
  return *counters_.emplace_back(std::make_unique<Counter>());
}

Gauge& NullMetrics::gauge(std::string_view /*name*/, std::string_view /*help*/, MetricLabels /*labels*/) {
  const std::lock_guard lock(null_metrics_mutex);
  return *gauges_.emplace_back(std::make_unique<Gauge>());
}

Histogram& NullMetrics::histogram(std::string_view /*name*/, std::string_view /*help*/, std::vector<double> bounds,
                                  MetricLabels /*labels*/) {
  const std::lock_guard lock(null_metrics_mutex);
  return *histograms_.emplace_back(std::make_unique<Histogram>(std::move(bounds)));
}

}  // namespace herald
