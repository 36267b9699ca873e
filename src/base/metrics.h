#pragma once
// What a role counts, without knowing who collects it (operations/ does). Each call to counter() and its kin
// makes a cell of its own, so that a thread adds to memory no other thread writes; the collector sums the cells that
// share a name and labels.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace herald {

using MetricLabels = std::vector<std::pair<std::string, std::string>>;

// Only goes up. add() by the owning thread; read by any.
class Counter {
 public:
  void add(std::uint64_t n = 1) { value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  alignas(64) std::atomic<std::uint64_t> value_{0};
};

// Goes up and down.
class Gauge {
 public:
  void add(std::int64_t n) { value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed); }
  void set(std::int64_t n) { value_.store(n, std::memory_order_relaxed); }
  [[nodiscard]] std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  alignas(64) std::atomic<std::int64_t> value_{0};
};

// Counts observations by bucket; bounds are upper limits, ascending, in the unit of the metric's name.
class Histogram {
 public:
  explicit Histogram(std::vector<double> bounds);
  void observe(double value);
  [[nodiscard]] const std::vector<double>& bounds() const { return bounds_; }
  // The count of bucket i (not cumulative); i == bounds().size() is what lay above all bounds.
  [[nodiscard]] std::uint64_t count(std::size_t i) const { return counts_[i].load(std::memory_order_relaxed); }
  [[nodiscard]] double sum() const { return sum_.load(std::memory_order_relaxed); }

 private:
  std::vector<double> bounds_;
  std::unique_ptr<std::atomic<std::uint64_t>[]> counts_;
  std::atomic<double> sum_{0};
};

// Bounds for times in seconds, from 100 µs to one hour.
[[nodiscard]] std::vector<double> latency_buckets();
// Bounds for sizes of batches, windows and the like: powers of two from 1 to 4,096.
[[nodiscard]] std::vector<double> count_buckets();

// References stay valid as long as the Metrics object. Any thread may ask. Names follow Prometheus: herald_..._total,
// base units, help is one sentence.
class Metrics {
 public:
  virtual ~Metrics() = default;
  virtual Counter& counter(std::string_view name, std::string_view help, MetricLabels labels = {}) = 0;
  virtual Gauge& gauge(std::string_view name, std::string_view help, MetricLabels labels = {}) = 0;
  virtual Histogram& histogram(std::string_view name, std::string_view help, std::vector<double> bounds,
                               MetricLabels labels = {}) = 0;
};

// Keeps cells and shows them to nobody: for tests and tools.
class NullMetrics final : public Metrics {
 public:
  Counter& counter(std::string_view name, std::string_view help, MetricLabels labels) override;
  Gauge& gauge(std::string_view name, std::string_view help, MetricLabels labels) override;
  Histogram& histogram(std::string_view name, std::string_view help, std::vector<double> bounds,
                       MetricLabels labels) override;

 private:
  std::vector<std::unique_ptr<Counter>> counters_;
  std::vector<std::unique_ptr<Gauge>> gauges_;
  std::vector<std::unique_ptr<Histogram>> histograms_;
};

}  // namespace herald
