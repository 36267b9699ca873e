#include "app/nearest_name.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace herald::app {

namespace {

constexpr std::size_t kChangesMost = 3;

// Edit distance.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({changed, row[j] + 1, row[j - 1] + 1}));
    }
  }
  return row.back();
}

}  // namespace

std::string did_you_mean(std::string_view given, const std::vector<std::string>& names) {
  const auto nearest = std::ranges::min_element(names, {}, [given](const auto& name) { return distance(name, given); });
  if (nearest == names.end() || distance(*nearest, given) > kChangesMost) return {};
  return "; did you mean " + *nearest + "?";
}

}  // namespace herald::app
