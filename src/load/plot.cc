#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "load/report.h"

namespace herald::load {

namespace {

constexpr double kWidth = 720;
constexpr double kHeight = 280;
constexpr double kLeft = 64;
constexpr double kRight = 16;
constexpr double kTop = 16;
constexpr double kBottom = 40;

std::string short_number(double value) {
  const double size = std::abs(value);
  if (size >= 1e9) return fmt::format("{:g} G", value / 1e9);
  if (size >= 1e6) return fmt::format("{:g} M", value / 1e6);
  if (size >= 1e4) return fmt::format("{:g} k", value / 1e3);
  return fmt::format("{:g}", value);
}

// Values to places in the drawing.
class Scale {
 public:
  explicit Scale(const Plot& plot) : log_y_(plot.log_y) {
    for (const auto& line : plot.lines) {
      for (const auto& [x, y] : line.points) {
        x_most_ = std::max(x_most_, x);
        y_most_ = std::max(y_most_, y);
        if (y > 0) y_least_ = std::min(y_least_, y);
      }
    }
    for (const auto& [x, text] : plot.x_ticks) x_most_ = std::max(x_most_, x);
    if (x_most_ <= 0) x_most_ = 1;
    set_y_ticks();
  }

  [[nodiscard]] double x(double value) const { return kLeft + value / x_most_ * (kWidth - kLeft - kRight); }
  [[nodiscard]] double y(double value) const {
    const double share = log_y_ ? (std::log10(std::max(value, y_ticks_.front())) - std::log10(y_ticks_.front())) /
                                      (std::log10(y_ticks_.back()) - std::log10(y_ticks_.front()))
                                : value / y_ticks_.back();
    return kHeight - kBottom - share * (kHeight - kTop - kBottom);
  }
  [[nodiscard]] const std::vector<double>& y_ticks() const { return y_ticks_; }
  [[nodiscard]] double x_most() const { return x_most_; }

 private:
  void set_y_ticks() {
    if (!log_y_) {
      y_ticks_ = round_ticks(y_most_);
      return;
    }
    const double least = y_least_ <= y_most_ ? y_least_ : 1;
    const double first = std::floor(std::log10(least));
    const double last = std::max(std::ceil(std::log10(std::max(y_most_, least))), first + 1);
    for (double power = first; power <= last; ++power) y_ticks_.push_back(std::pow(10, power));
  }

  bool log_y_;
  double x_most_ = 0;
  double y_most_ = 0;
  double y_least_ = 1e300;
  std::vector<double> y_ticks_;
};

std::string grid(const Plot& plot, const Scale& scale) {
  std::string out;
  for (const double value : scale.y_ticks()) {
    out += fmt::format("<line class=\"grid\" x1=\"{0}\" x2=\"{1}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\"/>", kLeft,
                       kWidth - kRight, scale.y(value));
    out += fmt::format("<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>", kLeft - 6, scale.y(value) + 4,
                       short_number(value));
  }
  auto ticks = plot.x_ticks;
  if (ticks.empty()) {
    for (const double value : round_ticks(scale.x_most())) {
      if (value <= scale.x_most()) ticks.emplace_back(value, short_number(value));
    }
  }
  for (const auto& [value, text] : ticks) {
    out += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>", scale.x(value),
                       kHeight - kBottom + 18, html_escaped(text));
  }
  return out + fmt::format("<text class=\"unit\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>", kWidth - kRight,
                           kHeight - 4, html_escaped(plot.x_unit));
}

std::string drawn(const PlotLine& line, const Scale& scale) {
  std::string points;
  for (const auto& [x, y] : line.points) points += fmt::format("{:.1f},{:.1f} ", scale.x(x), scale.y(y));
  return fmt::format("<polyline class=\"line {}\" points=\"{}\"><title>{}</title></polyline>", line.css_class, points,
                     html_escaped(line.name));
}

}  // namespace

std::vector<double> round_ticks(double most) {
  if (!(most > 0)) return {0, 1};
  const double rough = most / 5;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double factor : {5.0, 2.0, 1.0}) {
    if (rough <= factor * power) step = factor * power;
  }
  std::vector<double> ticks;
  for (int i = 0; ticks.empty() || ticks.back() < most; ++i) ticks.push_back(i * step);
  return ticks;
}

std::string html_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string to_svg(const Plot& plot) {
  const Scale scale(plot);
  std::string out = fmt::format("<figure><figcaption>{} <small>{}</small></figcaption>", html_escaped(plot.title),
                                html_escaped(plot.y_unit));
  out += fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">", kWidth, kHeight,
                     html_escaped(plot.title));
  out += grid(plot, scale);
  for (const auto& line : plot.lines) out += drawn(line, scale);
  out += "</svg><p class=\"legend\">";
  for (const auto& line : plot.lines) {
    out += fmt::format("<span class=\"{}\">{}</span>", line.css_class, html_escaped(line.name));
  }
  return out + "</p></figure>\n";
}

}  // namespace herald::load
