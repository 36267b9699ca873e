#include "load/summary.h"

#include <fmt/format.h>

#include <map>
#include <sstream>

#include "base/json_string.h"
#include "protocol/json.h"

namespace herald::load {

namespace {

class JsonObject {
 public:
  JsonObject& text(std::string_view name, std::string_view value) {
    key(name);
    append_json_string(out_, value);
    return *this;
  }
  JsonObject& whole(std::string_view name, std::uint64_t value) { return raw(name, std::to_string(value)); }
  JsonObject& number(std::string_view name, double value) { return raw(name, fmt::format("{:.6g}", value)); }
  JsonObject& number(std::string_view name, const std::optional<double>& value) {
    return value ? number(name, *value) : raw(name, "null");
  }
  JsonObject& raw(std::string_view name, std::string_view value) {
    key(name);
    out_ += value;
    return *this;
  }
  [[nodiscard]] std::string str() const { return out_ + "}"; }

 private:
  void key(std::string_view name) {
    if (out_.size() > 1) out_ += ",";
    append_json_string(out_, name);
    out_ += ":";
  }
  std::string out_ = "{";
};

std::string json_of(const Percentiles& ms) {
  return JsonObject()
      .number("p50", ms.p50)
      .number("p90", ms.p90)
      .number("p99", ms.p99)
      .number("p999", ms.p999)
      .number("max", ms.max)
      .str();
}

std::optional<double> per_thousand(const std::optional<double>& cpu_s, std::uint64_t count) {
  if (!cpu_s || count == 0) return std::nullopt;
  return *cpu_s * 1000 / static_cast<double>(count);
}

// 1234567 as 1,234,567.
std::string grouped(std::uint64_t value) {
  std::string digits = std::to_string(value);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) digits.insert(at, ",");
  return digits;
}

std::string or_dash(const std::optional<double>& value, int decimals) {
  return value ? fmt::format("{:.{}f}", *value, decimals) : "-";
}

void row(std::string& out, std::string_view name, std::string_view value) {
  out += fmt::format("  {:<34}{}\n", name, value);
}

void row_if(std::string& out, std::string_view name, std::uint64_t value) {
  if (value != 0) row(out, name, grouped(value));
}

std::string spread(const Percentiles& ms) {
  return fmt::format("p50 {:.2f}   p90 {:.2f}   p99 {:.2f}   p99.9 {:.2f}   max {:.2f}", ms.p50, ms.p90, ms.p99,
                     ms.p999, ms.max);
}

}  // namespace

double Summary::per_second() const {
  return elapsed_s > 0 ? static_cast<double>(totals.delivered) / elapsed_s : 0;
}

std::optional<double> Summary::per_server_core_second() const {
  if (!server_cpu_s || *server_cpu_s <= 0) return std::nullopt;
  return static_cast<double>(totals.delivered) / *server_cpu_s;
}

bool Summary::good() const {
  return totals.lost == 0 && late == 0 && foreign == 0 && receipts_acked == receipts_sampled;
}

const std::vector<double>& curve_percents() {
  static const std::vector<double> percents = {0.1, 1,  5,  10, 20, 30, 40, 50,   60,   70,   75,   80,    85,
                                               90,  92, 94, 96, 97, 98, 99, 99.3, 99.6, 99.8, 99.9, 99.95, 99.99};
  return percents;
}

std::string to_json(const Summary& summary) {
  JsonObject metrics;
  for (const auto& [name, value] : summary.server_metrics) metrics.number(name, value);
  return JsonObject()
             .text("scenario", summary.scenario)
             .text("protocol", summary.protocol)
             .text("target", summary.target)
             .whole("devices", summary.devices)
             .whole("apps", summary.apps)
             .whole("bytes", summary.bytes)
             .raw("rate", summary.rate > 0 ? fmt::format("{:.6g}", summary.rate) : "\"max\"")
             .whole("loops", summary.loops)
             .whole("senders", summary.senders)
             .whole("accepted", summary.totals.accepted)
             .whole("refused", summary.totals.refused)
             .whole("unknown", summary.totals.unknown)
             .whole("owed", summary.totals.owed)
             .whole("delivered", summary.totals.delivered)
             .whole("repeats", summary.repeats)
             .whole("lost", summary.totals.lost)
             .whole("late", summary.late)
             .whole("foreign", summary.foreign)
             .whole("replaced", summary.totals.replaced)
             .whole("expired", summary.totals.expired)
             .whole("unacked", summary.unacked)
             .whole("disconnects", summary.disconnects)
             .whole("connect_failures", summary.connect_failures)
             .whole("pings", summary.pings)
             .whole("pulls", summary.pulls)
             .whole("registrations", summary.registrations)
             .whole("receipts_sampled", summary.receipts_sampled)
             .whole("receipts_acked", summary.receipts_acked)
             .number("setup_s", summary.setup_s)
             .number("elapsed_s", summary.elapsed_s)
             .number("per_second", summary.per_second())
             .number("per_server_core_second", summary.per_server_core_second())
             .number("registrations_per_second", summary.registrations_per_second)
             .raw("latency_ms", json_of(summary.latency_ms))
             .raw("accept_ms", json_of(summary.accept_ms))
             .number("server_user_bytes_per_device", summary.server_user_bytes_per_device)
             .number("server_kernel_bytes_per_device", summary.server_kernel_bytes_per_device)
             .number("server_cpu_s", summary.server_cpu_s)
             .number("bench_cpu_s", summary.bench_cpu_s)
             .number("server_cpu_s_per_1000", per_thousand(summary.server_cpu_s, summary.totals.delivered))
             .number("bench_cpu_s_per_1000", per_thousand(summary.bench_cpu_s, summary.totals.delivered))
             .raw("server_metrics", metrics.str())
             .str() +
         "\n";
}

std::string to_table(const Summary& summary) {
  std::string out = fmt::format("{}{} against {}: {} devices, {} apps, {} bytes, {}\n\n", summary.scenario,
                                summary.protocol == "webpush" ? " by Web Push" : "", summary.target,
                                grouped(summary.devices), grouped(summary.apps), summary.bytes,
                                summary.rate > 0 ? fmt::format("{:g} a second", summary.rate) : "as many as go");
  row(out, "accepted", grouped(summary.totals.accepted));
  row(out, "delivered", fmt::format("{} of {} owed", grouped(summary.totals.delivered), grouped(summary.totals.owed)));
  row(out, "lost / late / repeats",
      fmt::format("{} / {} / {}", grouped(summary.totals.lost), grouped(summary.late), grouped(summary.repeats)));
  row_if(out, "replaced before delivery", summary.totals.replaced);
  row_if(out, "expired before delivery", summary.totals.expired);
  row_if(out, "left unacked on purpose", summary.unacked);
  row_if(out, "refused", summary.totals.refused);
  row_if(out, "unanswered (connection broke)", summary.totals.unknown);
  row_if(out, "not ours", summary.foreign);
  row_if(out, "disconnected by the server", summary.disconnects);
  row_if(out, "connections that failed", summary.connect_failures);
  row_if(out, "pings", summary.pings);
  row_if(out, "pulls", summary.pulls);
  row(out, "receipts sampled / acked", fmt::format("{} / {}", summary.receipts_sampled, summary.receipts_acked));
  row(out, "seconds", fmt::format("{:.2f} (set-up {:.2f})", summary.elapsed_s, summary.setup_s));
  row(out, "deliveries a second", grouped(static_cast<std::uint64_t>(summary.per_second())));
  row(out, "deliveries a server core second", or_dash(summary.per_server_core_second(), 0));
  if (summary.registrations_per_second > 0)
    row(out, "registrations a second", fmt::format("{:.0f}", summary.registrations_per_second));
  row(out, "latency, ms", spread(summary.latency_ms));
  row(out, "POST to 2xx, ms", spread(summary.accept_ms));
  row(out, "server CPU s (per 1,000)",
      or_dash(summary.server_cpu_s, 2) + " (" +
          or_dash(per_thousand(summary.server_cpu_s, summary.totals.delivered), 4) + ")");
  row(out, "bench CPU s (per 1,000)",
      fmt::format("{:.2f} (", summary.bench_cpu_s) +
          or_dash(per_thousand(summary.bench_cpu_s, summary.totals.delivered), 4) + ")");
  row(out, "server bytes a device, user", or_dash(summary.server_user_bytes_per_device, 0));
  row(out, "server bytes a device, kernel", or_dash(summary.server_kernel_bytes_per_device, 0));
  return out + (summary.good() ? "\nEverything that was accepted arrived.\n"
                               : "\nNOT GOOD: see lost, late, not ours, receipts.\n");
}

std::vector<std::pair<std::string, double>> read_metrics(const std::string& text) {
  std::vector<std::pair<std::string, double>> found;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto space = line.rfind(' ');
    if (line.empty() || line[0] == '#' || space == std::string::npos) continue;
    std::string name = line.substr(0, space);
    if (name.find("_bucket{") != std::string::npos) continue;
    char* end = nullptr;
    const double value = std::strtod(line.c_str() + space + 1, &end);
    if (end != line.c_str() + space + 1) found.emplace_back(std::move(name), value);
  }
  return found;
}

std::vector<std::pair<std::string, double>> metrics_growth(const std::vector<std::pair<std::string, double>>& before,
                                                           const std::vector<std::pair<std::string, double>>& after) {
  const std::map<std::string, double> old(before.begin(), before.end());
  std::vector<std::pair<std::string, double>> grown;
  for (const auto& [name, value] : after) {
    const auto found = old.find(name);
    const double by = value - (found == old.end() ? 0 : found->second);
    if (by != 0) grown.emplace_back(name, by);
  }
  return grown;
}

}  // namespace herald::load
