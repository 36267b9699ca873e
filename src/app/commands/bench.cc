#include "app/commands/bench.h"

#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iostream>

#include "app/commands/commands.h"
#include "base/random.h"
#include "base/time.h"
#include "load/load_run.h"
#include "load/report.h"

namespace herald::app {

namespace {

constexpr int kNotGood = 1;
constexpr int kUsage = 2;
constexpr int kUnreachable = 3;

int failed(int code, const std::string& message) {
  std::cerr << "herald: " << message << '\n';
  return code;
}

Result<load::Plan> plan_of(const BenchCommand& command) {
  load::Plan plan = command.plan;
  const auto scenario = load::parse_scenario(command.scenario);
  if (!scenario) return std::unexpected(scenario.error());
  const auto protocol = load::parse_protocol(command.protocol);
  if (!protocol) return std::unexpected(protocol.error());
  const auto rate = load::parse_rate(command.rate);
  if (!rate) return std::unexpected(rate.error());
  const auto pid = load::parse_server_pid(command.server_pid);
  if (!pid) return std::unexpected(pid.error());
  plan.scenario = *scenario;
  plan.protocol = *protocol;
  plan.rate = *rate;
  plan.server_pid = *pid;
  while (plan.target.ends_with('/')) plan.target.pop_back();
  while (plan.run == 0) {
    std::array<std::uint8_t, sizeof plan.run> bytes{};
    SystemRandom().fill(bytes);
    std::memcpy(&plan.run, bytes.data(), sizeof plan.run);
  }
  return load::complete(std::move(plan), load::this_machine());
}

// A line that overwrites itself, if somebody looks.
load::OnProgress progress_line() {
  if (isatty(STDERR_FILENO) == 0) return {};
  return [](const std::string& line) { std::cerr << "\r\x1b[K" << line << std::flush; };
}

bool write_report(const std::string& file, const load::Summary& summary) {
  std::ofstream out(file);
  out << load::to_html(summary);
  out.close();
  return out.good();
}

}  // namespace

int run(const BenchCommand& command) {
  const auto plan = plan_of(command);
  if (!plan) return failed(kUsage, plan.error().message);
  // A server that ends a TLS connection shows as an error of that connection.
  std::signal(SIGPIPE, SIG_IGN);
  const auto progress = progress_line();
  const SystemClock clock;
  const auto summary = load::run_load(*plan, clock, progress);
  if (progress) std::cerr << "\r\x1b[K";
  if (!summary) {
    return failed(summary.error().kind == ErrorKind::kInvalid ? kUsage : kUnreachable, summary.error().message);
  }
  std::cout << (plan->json ? load::to_json(*summary) : load::to_table(*summary)) << std::flush;
  if (!plan->report.empty() && !write_report(plan->report, *summary)) {
    return failed(kNotGood, plan->report + ": can't be written");
  }
  return summary->good() ? 0 : kNotGood;
}

std::string bench_footer() {
  std::string out = "Scenarios:\n";
  for (const auto& [scenario, name, description] : load::scenario_names()) {
    out += "  " + std::string(name) + std::string(12 - name.size(), ' ') + std::string(description) + "\n";
  }
  return out +
         "\nEvery message carries its run, number, intended start and app; a ledger proves that what was accepted\n"
         "arrived at each device. At a rate, latency counts from the intended start, so that a stall counts.\n\n"
         "With --protocol webpush each device holds one Web Push subscription, and one VAPID key signs for all of "
         "them.\n"
         "A server's limits on the rate of one sender (webpush_per_address_per_s and its kin) hold for the bench, "
         "too.\n\n"
         "Example: herald bench deliver --target http://127.0.0.1:8080 --devices 1000 --rate 2000 --seconds 10\n"
         "         herald bench idle --devices 50000 --report idle.html\n\n"
         "Ends with 0 if everything accepted arrived in time, 1 if something was lost or late, 2 for wrong options,\n"
         "3 if the target can't be reached or does not take the devices.";
}

}  // namespace herald::app
