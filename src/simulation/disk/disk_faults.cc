#include "simulation/disk/disk_faults.h"

namespace herald::simulation {

namespace {

constexpr std::array<std::string_view, kDiskFaults> kNames{
    "disk: read error", "disk: corrupt read", "disk: write error",         "disk: torn write",
    "disk: full",       "disk: sync error",   "disk: sync gives up",       "disk: slow sync",
    "disk: open error", "disk: name error",   "disk: directory sync error"};
constexpr std::chrono::microseconds kSync{100};
constexpr std::uint32_t kSlowestSyncMs = 60'000;

}  // namespace

std::string_view to_string(DiskFault fault) {
  return kNames[static_cast<std::size_t>(fault)];
}

std::vector<std::string_view> disk_fault_names() {
  return {kNames.begin(), kNames.end()};
}

bool DiskFaults::strikes(DiskFault fault) {
  if (!choices_.chance(rates_[static_cast<std::size_t>(fault)])) return false;
  ++struck_[static_cast<std::size_t>(fault)];
  trace_.fault(to_string(fault));
  return true;
}

void DiskFaults::pass_sync() {
  clock_.advance(kSync);
  if (strikes(DiskFault::kSlowSync)) clock_.advance(std::chrono::milliseconds(1 + choices_.below(kSlowestSyncMs)));
}

}  // namespace herald::simulation
