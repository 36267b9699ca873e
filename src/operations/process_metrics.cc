#include "operations/process_metrics.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

namespace herald::operations {

namespace {

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

// Field `index` of /proc/self/statm (proc(5)): 0 is the virtual size, 1 what is resident; in pages.
double memory_bytes(int index) {
  std::ifstream statm("/proc/self/statm");
  double pages = 0;
  for (int i = 0; i <= index; ++i) statm >> pages;
  return pages * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double open_descriptors() {
  // Since Linux 6.2 the folder's size is their number; before, it is 0 and they have to be counted.
  struct stat folder{};
  if (::stat("/proc/self/fd", &folder) == 0 && folder.st_size > 0) return static_cast<double>(folder.st_size);
  double count = -1;  // the one that reads the folder
  std::error_code failure;
  for (std::filesystem::directory_iterator entry("/proc/self/fd", failure), end; !failure && entry != end;
       entry.increment(failure)) {
    ++count;
  }
  return count;
}

double most_descriptors() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<double>(limit.rlim_cur);
}

template <class Read>
void add_value(MetricsRegistry& registry, MetricType type, std::string_view name, std::string_view help, Read read) {
  registry.add_callback(type, name, help, [read = std::move(read)] {
    return std::vector<MetricSample>{{.labels = {}, .value = static_cast<double>(read())}};
  });
}

void add_build_info(MetricsRegistry& registry, const std::string& version) {
#ifdef __clang__
  const std::string compiler = "clang " __clang_version__;
#else
  const std::string compiler = "gcc " __VERSION__;
#endif
  registry
      .gauge("herald_build_info", "Always 1; the labels say what is running.",
             {{"version", version}, {"compiler", compiler}})
      .set(1);
}

}  // namespace

void add_process_metrics(MetricsRegistry& registry, const std::string& version, const Clock& clock) {
  add_value(registry, MetricType::kCounter, "process_cpu_seconds_total", "User and system CPU time spent.",
            cpu_seconds);
  add_value(registry, MetricType::kGauge, "process_resident_memory_bytes", "Memory in RAM.",
            [] { return memory_bytes(1); });
  add_value(registry, MetricType::kGauge, "process_virtual_memory_bytes", "Address space in use.",
            [] { return memory_bytes(0); });
  add_value(registry, MetricType::kGauge, "process_open_fds", "Open file descriptors.", open_descriptors);
  add_value(registry, MetricType::kGauge, "process_max_fds", "The most file descriptors that may be open.",
            most_descriptors);
  const double start = static_cast<double>(clock.wall().ms) / 1e3;
  add_value(registry, MetricType::kGauge, "process_start_time_seconds", "Start time since the Unix epoch.",
            [start] { return start; });
  add_value(registry, MetricType::kGauge, "herald_uptime_seconds", "Time since the start.",
            [&clock, began = clock.mono()] { return std::chrono::duration<double>(clock.mono() - began).count(); });
  add_build_info(registry, version);
}

}  // namespace herald::operations
