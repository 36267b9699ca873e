#pragma once
// What a load run found, and its forms for machines and people.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "load/ledger.h"
#include "load/plan.h"

namespace herald::load {

struct Percentiles {
  double p50 = 0;
  double p90 = 0;
  double p99 = 0;
  double p999 = 0;
  double max = 0;
};

// A moment of the run.
struct Sample {
  double at_s = 0;  // since the measuring began
  std::uint64_t accepted = 0;
  std::uint64_t delivered = 0;
  std::uint64_t ready = 0;
  double server_cpu_s = 0;  // since the measuring began
  double bench_cpu_s = 0;
  std::int64_t server_user_bytes = 0;
};

// Latencies of what ended in one second of the run, in milliseconds.
struct SecondOfLatency {
  double p50 = 0;
  double p99 = 0;
  double max = 0;
};

struct Summary {
  std::string scenario;
  std::string protocol;  // "2012" or "webpush"
  std::string target;
  std::uint64_t devices = 0;
  std::uint64_t apps = 0;
  std::uint64_t bytes = 0;
  double rate = 0;  // 0: as many as went
  std::uint64_t loops = 0;
  std::uint64_t senders = 0;

  LedgerTotals totals;
  std::uint64_t repeats = 0;
  std::uint64_t late = 0;
  std::uint64_t foreign = 0;
  std::uint64_t unacked = 0;
  std::uint64_t disconnects = 0;
  std::uint64_t connect_failures = 0;
  std::uint64_t pings = 0;
  std::uint64_t pulls = 0;
  std::uint64_t registrations = 0;
  std::uint64_t receipts_sampled = 0;
  std::uint64_t receipts_acked = 0;

  double setup_s = 0;  // until every device was ready
  double elapsed_s = 0;
  double registrations_per_second = 0;
  Percentiles latency_ms;        // intended start to arrival
  Percentiles accept_ms;         // intended start to 2xx
  std::vector<double> curve_ms;  // latency at curve_percents()
  std::vector<Sample> samples;
  std::vector<SecondOfLatency> seconds;

  std::optional<double> server_cpu_s;  // nullopt: the server's process is not known
  double bench_cpu_s = 0;
  std::optional<double> server_user_bytes_per_device;
  std::optional<double> server_kernel_bytes_per_device;        // nullopt also: too few devices to tell
  std::vector<std::pair<std::string, double>> server_metrics;  // how the operations port's samples grew

  [[nodiscard]] double per_second() const;
  [[nodiscard]] std::optional<double> per_server_core_second() const;
  // Nothing was lost, late or someone else's, and every sampled receipt said acked.
  [[nodiscard]] bool good() const;
};

// The percents at which curve_ms is taken: 0 to 99.99, denser at the end.
[[nodiscard]] const std::vector<double>& curve_percents();

[[nodiscard]] std::string to_json(const Summary& summary);
[[nodiscard]] std::string to_table(const Summary& summary);

// The samples of a Prometheus text, without buckets, by name with labels.
[[nodiscard]] std::vector<std::pair<std::string, double>> read_metrics(const std::string& text);
// What grew from `before` to `after`, and by how much.
[[nodiscard]] std::vector<std::pair<std::string, double>> metrics_growth(
    const std::vector<std::pair<std::string, double>>& before,
    const std::vector<std::pair<std::string, double>>& after);

}  // namespace herald::load
