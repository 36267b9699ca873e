#pragma once
// What a load run was asked to do, checked and completed.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "load/stamp.h"
#include "transport/address.h"

namespace herald::load {

enum class Scenario : std::uint8_t {
  kDeliver,    // connected devices, notifications at a rate or as many as go
  kIdle,       // hold devices; then one notification to each
  kBroadcast,  // one POST to all devices of one app, round after round
  kStorm,      // all devices come back at once, each with one message pending
  kBacklog,    // messages for devices that are away; then they come
  kSleepers,   // UDP devices: pings, pulls
  kMixed,      // a day of real life in seconds
  kEcho,       // yardstick: WebSocket echo
  kFanout,     // yardstick: POST /fanout to all WebSockets
  kPost,       // yardstick: POST only
};

// What devices and senders speak.
enum class Protocol : std::uint8_t { kFlow2012, kWebPush };
[[nodiscard]] std::string_view name_of(Protocol protocol);

struct ScenarioName {
  Scenario scenario;
  std::string_view name;
  std::string_view description;
};
[[nodiscard]] const std::vector<ScenarioName>& scenario_names();
[[nodiscard]] std::string_view name_of(Scenario scenario);
// Speaks the server's notification protocol; the yardsticks do not.
[[nodiscard]] bool registers_devices(Scenario scenario);

struct Plan {
  Scenario scenario = Scenario::kDeliver;
  Protocol protocol = Protocol::kFlow2012;
  std::string target = "http://127.0.0.1:8080";
  std::string post_to{};   // where senders POST; empty: where the URLs that devices are given say
  std::string path = "/";  // where `post` posts
  std::uint64_t devices = 1'000;
  double rate = 0;  // a second; 0: as many as go
  double seconds = 10;
  double grace_s = 15;                 // how long to wait for what has not arrived, without any progress
  std::uint64_t apps = 0;              // 0: one for each device; broadcast and fanout: 1
  std::uint64_t bytes = 200;           // of a message's text
  std::uint64_t messages = 0;          // for each device of backlog; 0: 10
  std::uint64_t senders = 16;          // connections that POST
  std::uint64_t pipeline = 16;         // POSTs under way on one of them
  std::uint64_t in_flight = 0;         // accepted and not yet delivered at `rate` 0; 0: 8 times what the senders hold
  std::uint64_t loops = 0;             // 0: as the descriptors and cores suggest
  std::uint64_t source_addresses = 0;  // 0: one for 10,000 connections
  std::int64_t server_pid = -1;        // -1: look for it; 0: do not
  std::string operations{};            // URL of the server's operations port
  bool insecure = false;
  std::string ca_file{};
  bool json = false;
  std::string report{};   // file
  std::uint32_t run = 0;  // names this run's apps and messages; 0: chosen at random
};

// What the run may use.
struct Machine {
  std::uint64_t cores = 1;
  std::uint64_t descriptors = 1'024;  // of one descriptor table
};
[[nodiscard]] Machine this_machine();

// Descriptors that a loop needs besides its devices and senders.
inline constexpr std::uint64_t kDescriptorsReserved = 512;
inline constexpr std::uint64_t kConnectionsPerSource = 10'000;

// kInvalid: which option can't be, and why. Fills in what was left to choose, except `run`.
[[nodiscard]] Result<Plan> complete(Plan plan, const Machine& machine);

// "2000" or "max" (0). kInvalid otherwise.
[[nodiscard]] Result<double> parse_rate(std::string_view text);
// A process id, "auto" (-1) or "none" (0). kInvalid otherwise.
[[nodiscard]] Result<std::int64_t> parse_server_pid(std::string_view text);
// kInvalid: no such scenario; the message names them all.
[[nodiscard]] Result<Scenario> parse_scenario(std::string_view text);

// "2012" or "webpush". kInvalid otherwise.
[[nodiscard]] Result<Protocol> parse_protocol(std::string_view text);

// Where the target is.
struct Target {
  transport::SocketAddress address;
  std::string host;
  std::string authority;  // for Host headers
  bool secure = false;
  [[nodiscard]] bool is_loopback() const;
};
// Resolves a name, which may block. kInvalid: not a URL; kUnavailable: no such host.
[[nodiscard]] Result<Target> find_target(const std::string& url);

}  // namespace herald::load
