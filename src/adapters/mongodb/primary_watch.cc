#include "adapters/mongodb/primary_watch.h"

#include <utility>

namespace herald::adapters::mongodb {

void PrimaryWatch::saw(const std::string& address, const std::string& election) {
  if (address.empty() && election.empty()) return;
  const std::lock_guard lock(mutex_);
  std::string seen = address + " " + election;
  if (!last_.empty() && last_ != seen) ++changes_;
  last_ = std::move(seen);
}

std::uint64_t PrimaryWatch::changes() const {
  const std::lock_guard lock(mutex_);
  return changes_;
}

}  // namespace herald::adapters::mongodb
