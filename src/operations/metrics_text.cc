#include "operations/metrics_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>

namespace herald::operations {

namespace {

bool is_name(std::string_view name, std::string_view also) {
  const auto is_letter = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || also.find(c) != std::string_view::npos;
  };
  const auto is_letter_or_digit = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); };
  return !name.empty() && is_letter(name[0]) && std::ranges::all_of(name, is_letter_or_digit);
}

// Help text escapes backslash and line feed, label values the quote too.
std::string escaped(std::string_view text, bool quote) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else {
      if (c == '\\' || (c == '"' && quote)) out += '\\';
      out += c;
    }
  }
  return out;
}

std::string number_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

void append_line(std::string& out, std::string_view name, std::string_view labels, std::string_view value) {
  out += name;
  if (!labels.empty()) fmt::format_to(std::back_inserter(out), "{{{}}}", labels);
  out += ' ';
  out += value;
  out += '\n';
}

}  // namespace

bool is_metric_name(std::string_view name) {
  return is_name(name, "_:");
}

bool is_label_name(std::string_view name) {
  return is_name(name, "_");
}

std::string label_text(MetricLabels labels) {
  std::ranges::sort(labels);
  std::string out;
  for (const auto& [name, value] : labels) {
    if (!out.empty()) out += ',';
    out += name + "=\"" + escaped(value, true) + '"';
  }
  return out;
}

void append_metric_header(std::string& out, std::string_view name, std::string_view help, std::string_view type) {
  fmt::format_to(std::back_inserter(out), "# HELP {} {}\n# TYPE {} {}\n", name, escaped(help, false), name, type);
}

void append_sample(std::string& out, std::string_view name, std::string_view labels, std::uint64_t value) {
  append_line(out, name, labels, std::to_string(value));
}

void append_sample(std::string& out, std::string_view name, std::string_view labels, std::int64_t value) {
  append_line(out, name, labels, std::to_string(value));
}

void append_sample(std::string& out, std::string_view name, std::string_view labels, double value) {
  append_line(out, name, labels, number_text(value));
}

void append_histogram(std::string& out, std::string_view name, std::string_view labels,
                      const std::vector<double>& bounds, const std::vector<std::uint64_t>& counts, double sum) {
  const std::string family(name);
  const std::string prefix = labels.empty() ? std::string() : std::string(labels) + ',';
  std::uint64_t cumulative = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    cumulative += counts[i];
    const std::string bound = i < bounds.size() ? number_text(bounds[i]) : "+Inf";
    append_sample(out, family + "_bucket", prefix + "le=\"" + bound + '"', cumulative);
  }
  append_sample(out, family + "_sum", labels, sum);
  append_sample(out, family + "_count", labels, cumulative);
}

}  // namespace herald::operations
