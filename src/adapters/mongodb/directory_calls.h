#pragma once
// The calls of ports::Directory, a batch at a time. Private to this folder.

#include <variant>

#include "adapters/mongodb/lane.h"
#include "ports/directory.h"

namespace herald::adapters::mongodb {

struct Register {
  App app;
  UserAgentId user_agent;
};
using RegisterCall = Call<Register, void>;
struct Unregister {
  AppId app;
  UserAgentId user_agent;
};
using UnregisterCall = Call<Unregister, bool>;
using RegistrationCall = std::variant<RegisterCall, UnregisterCall>;
[[nodiscard]] Status change_registrations(Context& context, std::span<RegistrationCall> calls);

using FindAppCall = Call<AppId, App>;
[[nodiscard]] Status find_apps(Context& context, std::span<FindAppCall> calls);

struct NodesOf {
  AppId app;
  std::optional<UserAgentId> after;
  std::size_t limit = 0;
};
using NodesOfCall = Call<NodesOf, ports::NodePage>;
[[nodiscard]] Status read_nodes(Context& context, std::span<NodesOfCall> calls);

struct AppsOf {
  UserAgentId user_agent;
  std::optional<AppId> after;
  std::size_t limit = 0;
};
using AppsOfCall = Call<AppsOf, ports::AppPage>;
[[nodiscard]] Status read_apps(Context& context, std::span<AppsOfCall> calls);

struct SetLocation {
  UserAgentId user_agent;
  Location location;
  std::optional<WakeInterface> wake;
};
using SetLocationCall = Call<SetLocation, Location>;
struct Leave {
  UserAgentId user_agent;
  ServerId server;
  std::uint64_t connection = 0;
  ServerId sleep_server;
};
using LeaveCall = Call<Leave, Location>;
using LocationCall = std::variant<SetLocationCall, LeaveCall>;
[[nodiscard]] Status change_locations(Context& context, std::span<LocationCall> calls);

using LocateCall = Call<std::vector<UserAgentId>, std::vector<Node>>;
[[nodiscard]] Status locate_devices(Context& context, std::span<LocateCall> calls);
[[nodiscard]] inline std::size_t weight(const LocateCall& call) {
  return call.in.size() + 1;
}

struct Sleepers {
  ServerId server;
  std::optional<UserAgentId> after;
  std::size_t limit = 0;
};
using SleepersCall = Call<Sleepers, std::vector<Node>>;
[[nodiscard]] Status read_sleepers(Context& context, std::span<SleepersCall> calls);

}  // namespace herald::adapters::mongodb
