#pragma once
// A run as one HTML file that needs nothing else: figures and plots (SVG), for light and dark screens.

#include <string>
#include <utility>
#include <vector>

#include "load/summary.h"

namespace herald::load {

[[nodiscard]] std::string to_html(const Summary& summary);

// One line of a plot; x ascending.
struct PlotLine {
  std::string name;
  std::string css_class;
  std::vector<std::pair<double, double>> points;
};

struct Plot {
  std::string title;
  std::string x_unit;
  std::string y_unit;
  std::vector<PlotLine> lines;
  // Where x ticks stand and what they say; empty: round numbers.
  std::vector<std::pair<double, std::string>> x_ticks;
  bool log_y = false;
};

[[nodiscard]] std::string to_svg(const Plot& plot);

// Steps of 1, 2 or 5 times a power of ten from 0 to `most` and beyond, about five of them.
[[nodiscard]] std::vector<double> round_ticks(double most);
// `text` for HTML content and quoted attributes.
[[nodiscard]] std::string html_escaped(std::string_view text);

}  // namespace herald::load
