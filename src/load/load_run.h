#pragma once
// A whole load run: sets up its loops, plays the scenario, proves what arrived, and sums up.

#include <functional>

#include "base/result.h"
#include "base/time.h"
#include "load/plan.h"
#include "load/summary.h"

namespace herald::load {

// Told about ten times a second what to show on one line while a run lasts.
using OnProgress = std::function<void(const std::string& line)>;

// Runs `plan`, which must be complete(). Blocks for the whole run. kInvalid: the target is no URL, or a CA file can't
// be read; kUnavailable: the target can't be reached, or does not take the devices.
[[nodiscard]] Result<Summary> run_load(const Plan& plan, const Clock& clock, const OnProgress& on_progress);

}  // namespace herald::load
