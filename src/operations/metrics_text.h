#pragma once
// The pieces of the Prometheus text format 0.0.4
// (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format).

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/metrics.h"

namespace herald::operations {

[[nodiscard]] bool is_metric_name(std::string_view name);
[[nodiscard]] bool is_label_name(std::string_view name);

// `queue="newMessages",priority="1"`, sorted by name, values escaped; empty without labels.
[[nodiscard]] std::string label_text(MetricLabels labels);

// "# HELP" and "# TYPE".
void append_metric_header(std::string& out, std::string_view name, std::string_view help, std::string_view type);

// One sample; `labels` as label_text() gives it.
void append_sample(std::string& out, std::string_view name, std::string_view labels, std::uint64_t value);
void append_sample(std::string& out, std::string_view name, std::string_view labels, std::int64_t value);
void append_sample(std::string& out, std::string_view name, std::string_view labels, double value);

// The samples _bucket (cumulative, the last one "+Inf"), _sum and _count. `counts` are not cumulative and one longer
// than `bounds`.
void append_histogram(std::string& out, std::string_view name, std::string_view labels,
                      const std::vector<double>& bounds, const std::vector<std::uint64_t>& counts, double sum);

}  // namespace herald::operations
