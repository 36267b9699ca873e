#include "base/metrics.h"

#include <algorithm>

namespace herald {

Histogram::Histogram(std::vector<double> bounds)
    : bounds_(std::move(bounds)), counts_(std::make_unique<std::atomic<std::uint64_t>[]>(bounds_.size() + 1)) {}

void Histogram::observe(double value) {
  const auto i = static_cast<std::size_t>(std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin());
  counts_[i].store(counts_[i].load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  sum_.store(sum_.load(std::memory_order_relaxed) + value, std::memory_order_relaxed);
}

Counter& NullMetrics::counter(std::string_view /*name*/, std::string_view /*help*/, MetricLabels /*labels*/) {
  return *counters_.emplace_back(std::make_unique<Counter>());
}

Gauge& NullMetrics::gauge(std::string_view /*name*/, std::string_view /*help*/, MetricLabels /*labels*/) {
  return *gauges_.emplace_back(std::make_unique<Gauge>());
}

Histogram& NullMetrics::histogram(std::string_view /*name*/, std::string_view /*help*/, std::vector<double> bounds,
                                  MetricLabels /*labels*/) {
  return *histograms_.emplace_back(std::make_unique<Histogram>(std::move(bounds)));
}

}  // namespace herald
