#include <map>
#include <set>

#include "adapters/mongodb/directory_calls.h"
#include "adapters/mongodb/documents.h"
#include "adapters/mongodb/schema.h"
#include "adapters/mongodb/shared_steps.h"
#include "ports/directory.h"

namespace herald::adapters::mongodb {

namespace {

// A node that is nowhere and can't be woken says nothing: it is as if there were none.
[[nodiscard]] Document empty_node(const UserAgentId& user_agent) {
  Document filter = text_of("_id", user_agent.hex());
  filter.number("kind", static_cast<std::int64_t>(LocationKind::kDisconnected));
  filter.document("wake_ip", flag_of("$exists", false));
  return filter;
}

[[nodiscard]] Result<std::map<UserAgentId, Node>> nodes_by_id(Context& context, const std::set<std::string>& ids) {
  const std::vector<std::string> wanted(ids.begin(), ids.end());
  const auto documents = find_by_ids(context, kNodes, wanted, {});
  if (!documents) return std::unexpected(documents.error());
  std::map<UserAgentId, Node> nodes;
  for (const auto& document : *documents) {
    auto node = readable(context, read_node(Row(document)));
    if (!node) continue;
    nodes.emplace(node->user_agent, std::move(*node));
  }
  return nodes;
}

// The device, unless its location has no lesser order.
[[nodiscard]] Document not_overruled(const SetLocation& what) {
  Document filter = text_of("_id", what.user_agent.hex());
  if (what.location.order == 0) return filter;
  Document no_lesser;
  no_lesser.number("$gte", static_cast<std::int64_t>(what.location.order));
  return std::move(filter.document("order", Document().document("$not", no_lesser)));
}

// The location that overruled a write, which found no document to change and none to make.
[[nodiscard]] Result<Location> overruling(Context& context, const SetLocation& what, const Error& error) {
  const auto nodes = nodes_by_id(context, {what.user_agent.hex()});
  if (!nodes) return std::unexpected(nodes.error());
  const auto node = nodes->find(what.user_agent);
  if (node == nodes->end()) return std::unexpected(error);
  const Location& location = node->second.location;
  const bool is_there = location == what.location;
  if (!is_there && !ports::overruled(what.location, location)) return std::unexpected(error);
  return location;
}

// One command a call: only findAndModify answers the location before in the same step that replaces it, and without
// that two connections of one device could miss each other.
[[nodiscard]] Result<Location> set_one(Context& context, const SetLocation& what) {
  const auto before =
      context.database.find_and_update(kNodes, not_overruled(what), location_change(what.location, what.wake), true);
  if (!before && before.error().kind == ErrorKind::kConflict) return overruling(context, what, before.error());
  if (!before) return std::unexpected(before.error());
  if (what.location.kind == LocationKind::kDisconnected) {
    const Document empty = empty_node(what.user_agent);
    if (auto removed = context.database.remove(kNodes, {&empty, 1}); !removed) return std::unexpected(removed.error());
  }
  if (!*before) return Location{};
  const auto node = read_node(Row(**before));
  if (!node) return std::unexpected(node.error());
  return node->location;
}

[[nodiscard]] bool is_there(const Node& node, const Leave& what) {
  const Location& location = node.location;
  return location.kind == LocationKind::kWebSocket && location.server == what.server &&
         location.connection == what.connection;
}

[[nodiscard]] Location location_after(const Node& node, const Leave& what) {
  if (!node.wake || what.sleep_server.empty()) return {};
  return {.kind = LocationKind::kSleeping, .server = what.sleep_server};
}

// Finds the node only while the connection is the one that left.
[[nodiscard]] Document still_there(const Leave& what) {
  Document filter = text_of("_id", what.user_agent.hex());
  filter.number("kind", static_cast<std::int64_t>(LocationKind::kWebSocket)).text("server", what.server);
  filter.number("connection", static_cast<std::int64_t>(what.connection));
  return filter;
}

[[nodiscard]] Result<std::map<UserAgentId, Node>> nodes_named(Context& context, std::span<LeaveCall* const> calls) {
  std::set<std::string> ids;
  for (const LeaveCall* call : calls) ids.insert(call->in.user_agent.hex());
  return nodes_by_id(context, ids);
}

// Moves nodes that can be woken, and removes the others, whose place was all they said.
struct Departures {
  std::vector<Update> moves;
  std::vector<Document> removals;

  void add(const Node& node, const Leave& what) {
    Document filter = still_there(what);
    if (node.wake) {
      moves.push_back({std::move(filter), location_change(location_after(node, what), {})});
    } else {
      removals.push_back(std::move(filter.document("wake_ip", flag_of("$exists", false))));
    }
  }
  // Answers whether all were as they had been read.
  [[nodiscard]] Result<bool> write(Session& database) const {
    const auto moved = database.update(kNodes, moves);
    if (!moved) return std::unexpected(moved.error());
    const auto removed = database.remove(kNodes, removals);
    if (!removed) return std::unexpected(removed.error());
    return moved->matched + *removed == moves.size() + removals.size();
  }
};

// Reads all, moves those that are still there, and reads again if another process moved one between.
[[nodiscard]] Status leave_all(Context& context, std::span<LeaveCall* const> calls) {
  auto nodes = nodes_named(context, calls);
  if (!nodes) return std::unexpected(nodes.error());
  Departures departures;
  for (const LeaveCall* call : calls) {
    const auto node = nodes->find(call->in.user_agent);
    if (node == nodes->end() || !is_there(node->second, call->in)) continue;
    departures.add(node->second, call->in);
    node->second.location = location_after(node->second, call->in);
  }
  const auto all_left = departures.write(context.database);
  if (!all_left) return std::unexpected(all_left.error());
  if (!*all_left) {
    nodes = nodes_named(context, calls);
    if (!nodes) return std::unexpected(nodes.error());
  }
  for (LeaveCall* call : calls) {
    const auto node = nodes->find(call->in.user_agent);
    call->out = node == nodes->end() ? Location{} : node->second.location;
  }
  return {};
}

}  // namespace

// In the order of the calls, with neighbours that leave taken together.
Status change_locations(Context& context, std::span<LocationCall> calls) {
  std::vector<LeaveCall*> run;
  const auto finish_run = [&]() -> Status {
    return run.empty() ? Status{} : leave_all(context, std::exchange(run, {}));
  };
  for (auto& call : calls) {
    if (auto* leaves = std::get_if<LeaveCall>(&call)) {
      run.push_back(leaves);
      continue;
    }
    if (auto done = finish_run(); !done) return done;
    auto& sets = std::get<SetLocationCall>(call);
    auto before = set_one(context, sets.in);
    if (!before) return std::unexpected(before.error());
    sets.out = std::move(*before);
  }
  return finish_run();
}

Status locate_devices(Context& context, std::span<LocateCall> calls) {
  std::set<std::string> ids;
  for (const auto& call : calls) {
    for (const auto& user_agent : call.in) ids.insert(user_agent.hex());
  }
  const auto nodes = nodes_by_id(context, ids);
  if (!nodes) return std::unexpected(nodes.error());
  for (auto& call : calls) {
    std::vector<Node> answer;
    for (const auto& user_agent : call.in) {
      const auto node = nodes->find(user_agent);
      answer.push_back(node == nodes->end() ? Node{.user_agent = user_agent, .location = {}, .wake = {}}
                                            : node->second);
    }
    call.out = std::move(answer);
  }
  return {};
}

}  // namespace herald::adapters::mongodb
