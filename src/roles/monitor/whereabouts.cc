#include "roles/monitor/whereabouts.h"

#include <algorithm>
#include <utility>

namespace herald::roles::monitor {

Whereabouts::Whereabouts(const MonitorPorts& ports)
    : ports_(ports),
      nodes_(ports.directory, ports.loop, ports.log, ports.metrics),
      orphans_(ports.metrics.counter(
          "herald_orphans_total", "Devices taken from a server without a lease and given to one that wakes them.")) {}

void Whereabouts::find(std::vector<UserAgentId> devices, Then then) {
  auto search = std::make_shared<Search>();
  search->then = std::move(then);
  auto located = [this, search](Result<std::vector<Node>> nodes) {
    if (!nodes) return search->then(std::unexpected(nodes.error()));
    search->nodes = std::move(*nodes);
    all_live(search->nodes) ? resolve(search) : read_leases(search);
  };
  nodes_.locate(std::move(devices), std::move(located));
}

bool Whereabouts::all_live(const std::vector<Node>& nodes) const {
  const WallTime now = ports_.clock.wall();
  const ServerId* last = nullptr;
  return std::ranges::all_of(nodes, [&](const Node& node) {
    if (node.location.kind == LocationKind::kDisconnected) return true;
    if (last != nullptr && *last == node.location.server) return true;
    last = &node.location.server;
    return leases_.live(*last, now);
  });
}

void Whereabouts::read_leases(std::shared_ptr<Search> search) {
  auto listed = [this, search](Result<std::vector<ServerLease>> leases) {
    if (!leases) return search->then(std::unexpected(leases.error()));
    leases_ = ServerLeases(std::move(*leases));
    resolve(search);
  };
  ports_.servers.list(Reply<Result<std::vector<ServerLease>>>(ports_.loop, std::move(listed)));
}

void Whereabouts::resolve(const std::shared_ptr<Search>& search) {
  const WallTime now = ports_.clock.wall();
  search->found.reserve(search->nodes.size());
  for (const Node& node : search->nodes) {
    if (node.location.kind == LocationKind::kDisconnected) continue;
    if (leases_.live(node.location.server, now)) {
      search->found.emplace(node.user_agent, node.location);
    } else {
      resolve_orphan(search, node);
    }
  }
  answered(*search);
}

void Whereabouts::resolve_orphan(const std::shared_ptr<Search>& search, const Node& node) {
  const auto sleep_server = leases_.sleep_server(node.user_agent, ports_.clock.wall());
  if (!sleep_server || !node.wake) return;
  if (node.location.kind == LocationKind::kWebSocket) return take_over(search, node, *sleep_server);
  tell(*search, node.user_agent, {LocationKind::kSleeping, *sleep_server, 0, 0});
}

// Takes effect only while the device is still where it was found: one that connected elsewhere meanwhile stays there.
void Whereabouts::take_over(const std::shared_ptr<Search>& search, const Node& node, const ServerId& sleep_server) {
  ++search->unanswered;
  auto left = [this, search, user_agent = node.user_agent](const Result<Location>& now) {
    if (now) {
      orphans_.add();
      tell(*search, user_agent, *now);
    } else if (now.error().kind == ErrorKind::kCorrupt) {
      ports_.log.error("device of a server that is gone not taken over", {{"reason", now.error().message}});
    } else {
      search->error = now.error();
    }
    answered(*search);
  };
  ports_.directory.leave(node.user_agent, node.location.server, node.location.connection, sleep_server,
                         Reply<Result<Location>>(ports_.loop, std::move(left)));
}

// A server that does not live finds its devices when it comes back.
void Whereabouts::tell(Search& search, const UserAgentId& user_agent, const Location& location) const {
  if (leases_.live(location.server, ports_.clock.wall())) search.found.emplace(user_agent, location);
}

void Whereabouts::answered(Search& search) {
  if (--search.unanswered > 0) return;
  if (search.error) return search.then(std::unexpected(*search.error));
  search.then(std::move(search.found));
}

}  // namespace herald::roles::monitor
