#include "operations/metrics_registry.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/check.h"
#include "operations/metrics_text.h"

namespace herald::operations {

namespace {

template <class Cell>
using CellsByLabels = std::map<std::string, std::vector<std::unique_ptr<Cell>>>;

std::string_view type_name(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return "counter";
    case MetricType::kGauge:
      return "gauge";
    case MetricType::kHistogram:
      return "histogram";
  }
  return "untyped";
}

std::string checked_label_text(MetricLabels labels) {
  for (const auto& [name, value] : labels) {
    HERALD_CHECK(is_label_name(name) && name != "le", "a label's name is malformed");
  }
  return label_text(std::move(labels));
}

// Counters and gauges: a sample is the sum of its cells.
template <class Cell>
void append_sums(std::string& out, std::string_view name, const CellsByLabels<Cell>& series) {
  for (const auto& [labels, cells] : series) {
    decltype(cells[0]->value()) sum = 0;
    for (const auto& cell : cells) sum += cell->value();
    append_sample(out, name, labels, sum);
  }
}

void append_histograms(std::string& out, std::string_view name, const CellsByLabels<Histogram>& series) {
  for (const auto& [labels, cells] : series) {
    const auto& bounds = cells.front()->bounds();
    std::vector<std::uint64_t> counts(bounds.size() + 1);
    double sum = 0;
    for (const auto& cell : cells) {
      for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += cell->count(i);
      sum += cell->sum();
    }
    append_histogram(out, name, labels, bounds, counts, sum);
  }
}

using Collect = std::function<std::vector<MetricSample>()>;

void append_collected(std::string& out, std::string_view name, const std::vector<Collect>& callbacks) {
  std::map<std::string, double> sums;
  for (const auto& collect : callbacks) {
    for (auto& sample : collect()) sums[checked_label_text(std::move(sample.labels))] += sample.value;
  }
  for (const auto& [labels, sum] : sums) append_sample(out, name, labels, sum);
}

}  // namespace

struct MetricsRegistry::Family {
  Family(MetricType of_type, std::string help_text) : type(of_type), help(std::move(help_text)) {}

  MetricType type;
  std::string help;
  std::vector<double> bounds;
  CellsByLabels<Counter> counters;
  CellsByLabels<Gauge> gauges;
  CellsByLabels<Histogram> histograms;
  std::vector<Collect> callbacks;
};

MetricsRegistry::MetricsRegistry() = default;

MetricsRegistry::~MetricsRegistry() = default;

MetricsRegistry::Family& MetricsRegistry::family(std::string_view name, std::string_view help, MetricType type) {
  auto found = families_.find(name);
  if (found == families_.end()) {
    HERALD_CHECK(is_metric_name(name), "a metric's name is malformed");
    HERALD_CHECK((type == MetricType::kCounter) == name.ends_with("_total"),
                 "counters, and only they, end with _total");
    HERALD_CHECK(!help.empty(), "a metric without help");
    auto made = std::make_unique<Family>(type, std::string(help));
    found = families_.emplace(std::string(name), std::move(made)).first;
  }
  HERALD_CHECK(found->second->type == type, "one metric with two types");
  return *found->second;
}

Counter& MetricsRegistry::counter(std::string_view name, std::string_view help, MetricLabels labels) {
  const std::lock_guard lock(mutex_);
  auto& cells = family(name, help, MetricType::kCounter).counters[checked_label_text(std::move(labels))];
  return *cells.emplace_back(std::make_unique<Counter>());
}

Gauge& MetricsRegistry::gauge(std::string_view name, std::string_view help, MetricLabels labels) {
  const std::lock_guard lock(mutex_);
  auto& cells = family(name, help, MetricType::kGauge).gauges[checked_label_text(std::move(labels))];
  return *cells.emplace_back(std::make_unique<Gauge>());
}

Histogram& MetricsRegistry::histogram(std::string_view name, std::string_view help, std::vector<double> bounds,
                                      MetricLabels labels) {
  HERALD_CHECK(std::ranges::is_sorted(bounds) && !bounds.empty(), "a histogram's bounds do not ascend");
  const std::lock_guard lock(mutex_);
  Family& owner = family(name, help, MetricType::kHistogram);
  if (owner.histograms.empty()) owner.bounds = bounds;
  HERALD_CHECK(owner.bounds == bounds, "one histogram with two sets of bounds");
  auto& cells = owner.histograms[checked_label_text(std::move(labels))];
  return *cells.emplace_back(std::make_unique<Histogram>(std::move(bounds)));
}

void MetricsRegistry::add_callback(MetricType type, std::string_view name, std::string_view help, Collect collect) {
  HERALD_CHECK(type != MetricType::kHistogram, "a histogram can't be a callback");
  const std::lock_guard lock(mutex_);
  Family& owner = family(name, help, type);
  HERALD_CHECK(owner.counters.empty() && owner.gauges.empty(), "one metric with cells and callbacks");
  owner.callbacks.push_back(std::move(collect));
}

std::string MetricsRegistry::render() const {
  const std::lock_guard lock(mutex_);
  std::string out;
  for (const auto& [name, owner] : families_) {
    append_metric_header(out, name, owner->help, type_name(owner->type));
    append_sums(out, name, owner->counters);
    append_sums(out, name, owner->gauges);
    append_histograms(out, name, owner->histograms);
    append_collected(out, name, owner->callbacks);
  }
  return out;
}

}  // namespace herald::operations
