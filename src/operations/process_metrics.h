#pragma once
// What the kernel says about this process, under the names that Prometheus' own client libraries use.

#include <string>

#include "base/time.h"
#include "operations/metrics_registry.h"

namespace herald::operations {

// Adds process_cpu_seconds_total, process_resident_memory_bytes, process_virtual_memory_bytes, process_open_fds,
// process_max_fds, process_start_time_seconds, herald_uptime_seconds and herald_build_info{version, compiler} to
// `registry`, all read when it renders. `clock` must outlive the registry. Open descriptors are those of the
// descriptor table of the process' first thread.
void add_process_metrics(MetricsRegistry& registry, const std::string& version, const Clock& clock);

}  // namespace herald::operations
