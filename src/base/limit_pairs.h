#pragma once
// Limits that would contradict each other: what one of them allows, another would make impossible.

#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"

namespace herald {

struct LimitConflict {
  std::string_view limit;  // the one that is too small
  std::string message;     // "must be at least <n>, since …"
};

// Those of `limits` that can't hold together, in no order; empty: there are none. The standards have none.
[[nodiscard]] std::vector<LimitConflict> limit_conflicts(const Limits& limits);

}  // namespace herald
