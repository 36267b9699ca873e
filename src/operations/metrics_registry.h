#pragma once
// Collects what all threads count, and shows it in the Prometheus text format 0.0.4.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/metrics.h"

namespace herald::operations {

enum class MetricType : std::uint8_t { kCounter, kGauge, kHistogram };

// One value that is computed when somebody asks.
struct MetricSample {
  MetricLabels labels;
  double value = 0;
};

// Thread-safe. Names and label names are the program's constants: a malformed one, and one name with two types or two
// sets of bounds, are bugs and abort. A counter's name ends with "_total".
class MetricsRegistry final : public Metrics {
 public:
  MetricsRegistry();
  ~MetricsRegistry() override;

  Counter& counter(std::string_view name, std::string_view help, MetricLabels labels = {}) override;
  Gauge& gauge(std::string_view name, std::string_view help, MetricLabels labels = {}) override;
  Histogram& histogram(std::string_view name, std::string_view help, std::vector<double> bounds,
                       MetricLabels labels = {}) override;

  // `collect` is called by each render(), on its thread, must be safe to call for as long as anybody renders,
  // and must not call the registry. Samples of one name with equal labels are summed.
  void add_callback(MetricType type, std::string_view name, std::string_view help,
                    std::function<std::vector<MetricSample>()> collect);

  // The whole page, for the content type below. Cells that share a name and labels are one sample: their sum.
  [[nodiscard]] std::string render() const;

  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

 private:
  struct Family;
  Family& family(std::string_view name, std::string_view help, MetricType type);

  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Family>, std::less<>> families_;
};

}  // namespace herald::operations
