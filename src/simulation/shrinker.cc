#include "simulation/shrinker.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace herald::simulation {

namespace {

using Record = std::vector<std::uint32_t>;

void cut_zeros(Record& record) {
  while (!record.empty() && record.back() == 0) record.pop_back();
}

// Smaller means: fewer choices, then a smaller sum.
[[nodiscard]] bool is_smaller(const Record& a, const Record& b) {
  if (a.size() != b.size()) return a.size() < b.size();
  return std::accumulate(a.begin(), a.end(), std::uint64_t{0}) < std::accumulate(b.begin(), b.end(), std::uint64_t{0});
}

[[nodiscard]] Record without(const Record& record, std::size_t from, std::size_t to) {
  Record rest(record.begin(), record.begin() + static_cast<std::ptrdiff_t>(from));
  rest.insert(rest.end(), record.begin() + static_cast<std::ptrdiff_t>(to), record.end());
  return rest;
}

}  // namespace

Shrinker::Shrinker(Attempt attempt, Enough enough, Outcome failing)
    : attempt_(std::move(attempt)), enough_(std::move(enough)), best_(std::move(failing)) {
  cut_zeros(best_.record);
}

bool Shrinker::accept(Record record) {
  cut_zeros(record);
  if (enough_() || !is_smaller(record, best_.record)) return false;
  ++attempts_;
  auto outcome = attempt_(record);
  if (!outcome.violation || rule_of(*outcome.violation) != rule_of(*best_.violation)) return false;
  // What the run read may be shorter than what it was given.
  if (outcome.record.size() > record.size()) outcome.record.resize(record.size());
  cut_zeros(outcome.record);
  best_ = std::move(outcome);
  return true;
}

// Whole steps first, from the last to the first: half of them at once, then a quarter, down to each one.
bool Shrinker::leave_out_steps() {
  bool any = false;
  for (std::size_t size = std::max<std::size_t>(best_.steps.size() / 2, 1);; size /= 2) {
    for (std::size_t i = best_.steps.size(); i > 0 && !enough_();) {
      const std::size_t first = i > size ? i - size : 0;
      if (i > best_.steps.size()) break;
      const auto end = i < best_.steps.size() ? best_.steps[i] : best_.record.size();
      const auto from = std::min(best_.steps[first], best_.record.size());
      any = accept(without(best_.record, from, std::clamp(end, from, best_.record.size()))) || any;
      i = first;
    }
    if (size <= 1) return any;
  }
}

bool Shrinker::leave_out_choices() {
  bool any = false;
  for (std::size_t size = 8; size > 0; size /= 2) {
    for (std::size_t i = best_.record.size(); i >= size && !enough_(); --i) {
      if (i > best_.record.size()) continue;
      any = accept(without(best_.record, i - size, i)) || any;
    }
  }
  return any;
}

bool Shrinker::zero_ranges() {
  bool any = false;
  for (std::size_t size = 16; size > 1; size /= 2) {
    for (std::size_t i = 0; i + size <= best_.record.size() && !enough_(); i += size) {
      Record lower = best_.record;
      std::fill_n(lower.begin() + static_cast<std::ptrdiff_t>(i), size, 0U);
      any = accept(std::move(lower)) || any;
    }
  }
  return any;
}

bool Shrinker::lower_choices() {
  bool any = false;
  for (std::size_t i = 0; i < best_.record.size() && !enough_(); ++i) {
    for (const std::uint32_t value : {0U, best_.record[i] / 2, best_.record[i] - 1}) {
      if (i >= best_.record.size() || value >= best_.record[i]) continue;
      Record lower = best_.record;
      lower[i] = value;
      if (accept(std::move(lower))) {
        any = true;
        break;
      }
    }
  }
  return any;
}

Outcome Shrinker::shrink() {
  bool any = true;
  while (any && !enough_()) {
    any = leave_out_steps();
    any = zero_ranges() || any;
    any = leave_out_choices() || any;
    any = lower_choices() || any;
  }
  return best_;
}

}  // namespace herald::simulation
