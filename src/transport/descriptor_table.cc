#include "transport/descriptor_table.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <string>

namespace herald::transport {

namespace {

constexpr int kFirstAfterStandard = 3;

Error refused(const char* call) {
  return {ErrorKind::kUnavailable,
          std::string("an event loop can't have its own descriptors: ") + call + ": " + std::strerror(errno)};
}

}  // namespace

Status own_descriptor_table(std::vector<int> kept) {
  if (unshare(CLONE_FILES) != 0) return std::unexpected(refused("unshare"));
  std::ranges::sort(kept);
  auto next = static_cast<unsigned>(kFirstAfterStandard);
  for (const int descriptor : kept) {
    if (descriptor < kFirstAfterStandard) continue;
    const auto keep = static_cast<unsigned>(descriptor);
    if (keep > next && close_range(next, keep - 1, 0) != 0) return std::unexpected(refused("close_range"));
    next = keep + 1;
  }
  if (close_range(next, std::numeric_limits<unsigned>::max(), 0) != 0) return std::unexpected(refused("close_range"));
  return {};
}

void close_descriptors(std::span<const int> descriptors) {
  for (const int descriptor : descriptors) close(descriptor);
}

}  // namespace herald::transport
