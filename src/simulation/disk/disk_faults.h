#pragma once
// When the simulated disk fails, and how. The rates change in bursts: most of the time all are 0.

#include <array>
#include <chrono>
#include <cstdint>
#include <numeric>
#include <string_view>
#include <vector>

#include "simulation/choices.h"
#include "simulation/disk/world_clock.h"
#include "simulation/trace.h"

namespace herald::simulation {

enum class DiskFault : std::uint8_t {
  kReadError,
  kCorruptRead,    // one bit of what is read is wrong; the next read may be right
  kWriteError,     // nothing is written
  kTornWrite,      // a part is written, then an error
  kFull,           // no space: appends and new files fail
  kSyncError,      // nothing more is durable; the data stays for a later sync
  kSyncGivesUp,    // the same, and a later sync will not write the data either
  kSlowSync,       // takes up to a minute
  kOpenError,      // of a file, for reading or writing
  kNameError,      // create, rename, remove
  kDirectorySync,  // error when names should become durable
};
inline constexpr std::size_t kDiskFaults = 11;

// "disk: read error" and so on.
[[nodiscard]] std::string_view to_string(DiskFault fault);
[[nodiscard]] std::vector<std::string_view> disk_fault_names();

class DiskFaults {
 public:
  DiskFaults(Choices& choices, Trace& trace, WorldClock& clock) : choices_(choices), trace_(trace), clock_(clock) {}

  // How often the fault strikes from now on, in a thousand operations that it can hit.
  void set(DiskFault fault, std::uint32_t per_thousand) { rates_[static_cast<std::size_t>(fault)] = per_thousand; }
  void clear() { rates_ = {}; }
  [[nodiscard]] bool any() const { return rates_ != std::array<std::uint32_t, kDiskFaults>{}; }

  // The operation at hand meets the fault. Writes it to the trace.
  [[nodiscard]] bool strikes(DiskFault fault);
  // How often the fault, or any, has struck.
  [[nodiscard]] std::uint64_t struck(DiskFault fault) const { return struck_[static_cast<std::size_t>(fault)]; }
  [[nodiscard]] std::uint64_t struck() const {
    return std::accumulate(struck_.begin(), struck_.end(), std::uint64_t{0});
  }
  // Lets the time of a sync pass.
  void pass_sync();
  [[nodiscard]] std::uint32_t below(std::uint32_t n) { return choices_.below(n); }
  [[nodiscard]] WorldClock& clock() { return clock_; }

 private:
  Choices& choices_;
  Trace& trace_;
  WorldClock& clock_;
  std::array<std::uint32_t, kDiskFaults> rates_{};
  std::array<std::uint64_t, kDiskFaults> struck_{};
};

}  // namespace herald::simulation
