#include "operations/drain.h"

#include <algorithm>

namespace herald::operations {

std::uint64_t Drain::closes_due(MonoTime now, std::uint64_t open) {
  const auto elapsed_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now - started_).count();
  const auto allowed = closes_per_s_ * static_cast<std::uint64_t>(std::max<std::int64_t>(elapsed_ms, 0)) / 1'000;
  const std::uint64_t due = is_late(now) ? open : std::min(open, allowed - std::min(allowed, closed_));
  closed_ += due;
  return due;
}

}  // namespace herald::operations
