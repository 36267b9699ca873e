#include "load/plan.h"

#include <netdb.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <thread>

#include "transport/client.h"

namespace herald::load {

namespace {

constexpr double kSecondsMost = 3'600;
constexpr std::uint64_t kDevicesMost = 10'000'000;
constexpr std::uint64_t kBytesMost = 1'000'000;
constexpr std::uint64_t kLoopsMost = 1'024;
constexpr std::uint64_t kDevicesPerLoop = 5'000;  // from here on another core helps, if there is one

std::unexpected<Error> invalid(std::string message) {
  return fail(ErrorKind::kInvalid, std::move(message));
}

Status check(const Plan& plan) {
  if (plan.devices == 0 || plan.devices > kDevicesMost) {
    return invalid("--devices must be from 1 to " + std::to_string(kDevicesMost));
  }
  if (!(plan.seconds > 0) || plan.seconds > kSecondsMost) return invalid("--seconds must be more than 0, at most 3600");
  if (!(plan.rate >= 0) || !std::isfinite(plan.rate)) return invalid("--rate must be a number a second, or max");
  if (plan.bytes < kStampBytes || plan.bytes > kBytesMost) {
    return invalid("--bytes must be from " + std::to_string(kStampBytes) +
                   " (what the bench writes into each message) to " + std::to_string(kBytesMost));
  }
  if (plan.senders == 0 || plan.senders > 10'000) return invalid("--senders must be from 1 to 10000");
  if (plan.pipeline == 0 || plan.pipeline > 1'024) return invalid("--pipeline must be from 1 to 1024");
  if (plan.loops > kLoopsMost) return invalid("--loops must be at most " + std::to_string(kLoopsMost));
  if (plan.apps > plan.devices) return invalid("--apps can't be more than --devices");
  if (!(plan.grace_s > 0)) return invalid("--grace must be more than 0");
  if (plan.scenario == Scenario::kStorm && plan.messages > 1)
    return invalid("storm has one message for each device; use backlog");
  return {};
}

// A Web Push subscription has one device, which holds its connection.
Status check_webpush(const Plan& plan) {
  constexpr std::array kScenarios = {Scenario::kDeliver, Scenario::kIdle, Scenario::kStorm, Scenario::kBacklog,
                                     Scenario::kMixed};
  if (std::ranges::find(kScenarios, plan.scenario) == kScenarios.end()) {
    return invalid("--protocol webpush can play deliver, idle, storm, backlog and mixed");
  }
  if (plan.apps != 0 && plan.apps != plan.devices) return invalid("--protocol webpush has one app for each device");
  return {};
}

bool one_app(Scenario scenario) {
  return scenario == Scenario::kBroadcast || scenario == Scenario::kFanout;
}

Status fit(Plan& plan, const Machine& machine) {
  const std::uint64_t room =
      machine.descriptors > kDescriptorsReserved ? machine.descriptors - kDescriptorsReserved : 0;
  const std::uint64_t needed = plan.scenario == Scenario::kPost ? plan.senders : plan.devices + plan.senders;
  if (room == 0) return invalid("the limit on descriptors is too low (ulimit -n)");
  const std::uint64_t least = (needed + room - 1) / room;
  if (plan.loops == 0) {
    const std::uint64_t useful =
        std::min(std::max<std::uint64_t>(machine.cores / 2, 1), 1 + plan.devices / kDevicesPerLoop);
    plan.loops = std::max(least, useful);
  }
  if (plan.loops < least) {
    return invalid(std::to_string(plan.devices) + " devices do not fit: a loop holds " + std::to_string(room) +
                   " connections here (ulimit -n); --loops " + std::to_string(least) + " is the least");
  }
  plan.senders = std::max(plan.senders, plan.loops);
  return {};
}

}  // namespace

const std::vector<ScenarioName>& scenario_names() {
  static const std::vector<ScenarioName> names = {
      {Scenario::kDeliver, "deliver", "notifications to connected devices, at a rate or as many as go"},
      {Scenario::kIdle, "idle", "hold registered devices and weigh the server; then one notification to each"},
      {Scenario::kBroadcast, "broadcast", "one POST to all devices of one app, round after round"},
      {Scenario::kStorm, "storm", "all devices come back at once, each with one message pending"},
      {Scenario::kBacklog, "backlog", "messages for devices that are away; then the devices come"},
      {Scenario::kSleepers, "sleepers", "devices that are woken by UDP pings and pull"},
      {Scenario::kMixed, "mixed",
       "a day of real life in seconds: connects, leaves, priorities, replaced ids, lost acks"},
      {Scenario::kEcho, "echo", "yardstick: WebSocket echo, no registration"},
      {Scenario::kFanout, "fanout", "yardstick: POST /fanout to all WebSockets, no registration"},
      {Scenario::kPost, "post", "yardstick: POST to --path, nothing delivered"},
  };
  return names;
}

std::string_view name_of(Scenario scenario) {
  return std::ranges::find(scenario_names(), scenario, &ScenarioName::scenario)->name;
}

bool registers_devices(Scenario scenario) {
  return scenario != Scenario::kEcho && scenario != Scenario::kFanout && scenario != Scenario::kPost;
}

Machine this_machine() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return {std::max(1U, std::thread::hardware_concurrency()), limit.rlim_cur};
}

Result<Plan> complete(Plan plan, const Machine& machine) {
  if (auto status = check(plan); !status) return std::unexpected(status.error());
  if (plan.protocol == Protocol::kWebPush) {
    if (auto status = check_webpush(plan); !status) return std::unexpected(status.error());
  }
  if (one_app(plan.scenario) && plan.apps > 1) return invalid("broadcast and fanout have one app");
  if (plan.apps == 0) plan.apps = one_app(plan.scenario) ? 1 : plan.devices;
  if (plan.messages == 0) plan.messages = plan.scenario == Scenario::kBacklog ? 10 : 1;
  if (plan.in_flight == 0) plan.in_flight = 8 * plan.senders * plan.pipeline;
  if (auto status = fit(plan, machine); !status) return std::unexpected(status.error());
  if (plan.source_addresses == 0) {
    plan.source_addresses = (plan.devices + plan.senders + kConnectionsPerSource - 1) / kConnectionsPerSource;
  }
  return plan;
}

Result<double> parse_rate(std::string_view text) {
  if (text == "max") return 0.0;
  double rate = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), rate);
  if (error != std::errc() || end != text.data() + text.size() || !(rate > 0) || !std::isfinite(rate)) {
    return invalid("--rate must be a number a second, or max");
  }
  return rate;
}

Result<std::int64_t> parse_server_pid(std::string_view text) {
  if (text == "auto") return -1;
  if (text == "none") return 0;
  std::int64_t pid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
  if (error != std::errc() || end != text.data() + text.size() || pid <= 0) {
    return invalid("--server-pid must be a process id, auto or none");
  }
  return pid;
}

Result<Scenario> parse_scenario(std::string_view text) {
  std::string all;
  for (const auto& [scenario, name, description] : scenario_names()) {
    if (name == text) return scenario;
    all += (all.empty() ? "" : ", ") + std::string(name);
  }
  return invalid("there is no scenario '" + std::string(text) + "'; there are " + all);
}

std::string_view name_of(Protocol protocol) {
  return protocol == Protocol::kWebPush ? "webpush" : "2012";
}

Result<Protocol> parse_protocol(std::string_view text) {
  for (const Protocol protocol : {Protocol::kFlow2012, Protocol::kWebPush}) {
    if (text == name_of(protocol)) return protocol;
  }
  return invalid("--protocol must be 2012 or webpush");
}

bool Target::is_loopback() const {
  return address.ip.is_v6() ? address.ip.to_string() == "::1" : address.ip.data()[0] == 127;
}

Result<Target> find_target(const std::string& text) {
  const auto url = transport::Url::parse(text);
  if (!url) return std::unexpected(url.error());
  Target target{{}, url->host, url->authority(), url->secure()};
  if (auto ip = transport::IpAddress::parse(url->host)) {
    target.address = {*ip, url->port};
    return target;
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(url->host.c_str(), nullptr, &hints, &found); error != 0) {
    return fail(ErrorKind::kUnavailable, url->host + ": " + gai_strerror(error));
  }
  sockaddr_storage address{};
  std::copy_n(reinterpret_cast<const char*>(found->ai_addr), found->ai_addrlen, reinterpret_cast<char*>(&address));
  freeaddrinfo(found);
  target.address = transport::SocketAddress::from_sockaddr(address);
  target.address.port = url->port;
  return target;
}

}  // namespace herald::load
