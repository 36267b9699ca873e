#include "adapters/rocksdb/engine/writes.h"

namespace herald::adapters {

namespace {

[[nodiscard]] std::string key_of(const UserAgentId& user_agent) {
  return std::string(user_agent.view());
}

[[nodiscard]] std::optional<NodeRecord> find_node(Batch& batch, const UserAgentId& user_agent) {
  if (const auto* known = batch.directory().node(user_agent)) return *known;
  const auto row = batch.get(Family::kNodes, key_of(user_agent));
  return row ? batch.good(decode_node(*row)) : std::nullopt;
}

void put_node(Batch& batch, const UserAgentId& user_agent, const NodeRecord& node) {
  batch.put(Family::kNodes, key_of(user_agent), encode_node(node));
  batch.directory().change_node(user_agent, node);
}

[[nodiscard]] std::uint64_t app_size(Batch& batch, const AppId& app) {
  const auto row = batch.get(Family::kMeta, app_size_key(app));
  return row ? batch.good(decode_count(*row)).value_or(0) : 0;
}

// Changes the record, and the index of who sleeps; the caller writes the record.
void move_to(Batch& batch, const UserAgentId& user_agent, NodeRecord& node, const Location& location) {
  const bool slept = node.location.kind == LocationKind::kSleeping;
  const bool sleeps = location.kind == LocationKind::kSleeping;
  if (slept) batch.remove(Family::kSleepers, sleeper_key(node.location.server, user_agent));
  if (sleeps) batch.put(Family::kSleepers, sleeper_key(location.server, user_agent), encode_presence());
  node.location = location;
}

[[nodiscard]] bool is_registered(Batch& batch, const AppId& app, const UserAgentId& user_agent) {
  return batch.get(Family::kNodeApps, node_app_key(user_agent, app)).has_value();
}

[[nodiscard]] std::optional<std::vector<UserAgentId>> read_few_devices(Batch& batch, const AppId& app) {
  std::optional<std::vector<UserAgentId>> devices(std::in_place);
  const std::string prefix(app.view());
  batch.scan(Family::kAppNodes, prefix, prefix, [&](std::string_view key, std::string_view) {
    const auto user_agent = batch.good(last_id<UserAgentId>(key));
    if (!user_agent || devices->size() == DirectoryCache::kDevicesMost) {
      devices.reset();
      return false;
    }
    devices->push_back(*user_agent);
    return true;
  });
  return devices;
}

}  // namespace

const std::optional<std::vector<UserAgentId>>& few_devices_of(Batch& batch, const AppId& app) {
  static const std::optional<std::vector<UserAgentId>> kUnknown;
  if (const auto* known = batch.directory().devices(app)) return *known;
  auto devices = read_few_devices(batch, app);
  if (batch.failure()) return kUnknown;
  return batch.directory().learn_devices(app, std::move(devices));
}

Node node_of(Batch& batch, const UserAgentId& user_agent) {
  Node node{.user_agent = user_agent, .location = {}, .wake = {}};
  if (auto connected = batch.connected().find(user_agent)) {
    node.location = std::move(*connected);
    return node;
  }
  const auto* known = batch.directory().node(user_agent);
  if (known == nullptr) {
    auto found = find_node(batch, user_agent);
    if (batch.failure()) return node;
    known = &batch.directory().learn_node(user_agent, std::move(found));
  }
  if (*known) {
    node.location = (*known)->location;
    node.wake = (*known)->wake;
  }
  return node;
}

Status register_device(Batch& batch, const App& app, const UserAgentId& user_agent) {
  if (is_registered(batch, app.id, user_agent)) return {};
  const std::uint64_t devices = app_size(batch, app.id);
  if (devices >= batch.limits().devices_per_app) {
    return fail(ErrorKind::kExhausted, "the app has devices_per_app devices");
  }
  NodeRecord node = find_node(batch, user_agent).value_or(NodeRecord{});
  if (node.apps >= batch.limits().apps_per_device) {
    return fail(ErrorKind::kExhausted, "the device has apps_per_device apps");
  }
  ++node.apps;
  put_node(batch, user_agent, node);
  const std::string app_key(app.id.view());
  if (!batch.get(Family::kApps, app_key)) batch.put(Family::kApps, app_key, encode_app(app));
  batch.put(Family::kMeta, app_size_key(app.id), encode_count(devices + 1));
  batch.put(Family::kAppNodes, app_node_key(app.id, user_agent), encode_presence());
  batch.directory().forget_devices(app.id);
  batch.put(Family::kNodeApps, node_app_key(user_agent, app.id), encode_presence());
  return {};
}

Result<bool> unregister_device(Batch& batch, const AppId& app, const UserAgentId& user_agent) {
  if (!is_registered(batch, app, user_agent)) return false;
  batch.remove(Family::kAppNodes, app_node_key(app, user_agent));
  batch.directory().forget_devices(app);
  batch.remove(Family::kNodeApps, node_app_key(user_agent, app));
  const std::uint64_t devices = app_size(batch, app);
  batch.put(Family::kMeta, app_size_key(app), encode_count(devices > 0 ? devices - 1 : 0));
  if (auto node = find_node(batch, user_agent); node && node->apps > 0) {
    --node->apps;
    put_node(batch, user_agent, *node);
  }
  drop_pending_of(batch, app, user_agent, batch.now());
  return true;
}

Result<Location> set_device_location(Batch& batch, const UserAgentId& user_agent, const Location& location,
                                     std::optional<WakeInterface> wake) {
  NodeRecord node = find_node(batch, user_agent).value_or(NodeRecord{});
  const Location before = batch.connected().find(user_agent).value_or(node.location);
  bool changes = wake.has_value();
  if (wake) node.wake = wake->ip.empty() ? std::nullopt : std::move(wake);
  const bool has_no_row = location.kind == LocationKind::kWebSocket && !node.wake;
  if (has_no_row) {
    batch.connected().put(user_agent, location);
  } else {
    batch.connected().erase(user_agent);
  }
  if (const Location row = has_no_row ? Location{} : location; node.location != row) {
    move_to(batch, user_agent, node, row);
    changes = true;
  }
  if (changes) put_node(batch, user_agent, node);
  return before;
}

Result<Location> leave_connection(Batch& batch, const UserAgentId& user_agent, const ServerId& server,
                                  std::uint64_t connection, const ServerId& sleep_server) {
  const auto is_there = [&](const Location& location) {
    return location.kind == LocationKind::kWebSocket && location.server == server && location.connection == connection;
  };
  if (auto connected = batch.connected().find(user_agent)) {
    if (!is_there(*connected)) return std::move(*connected);
    batch.connected().erase(user_agent);
    return Location{};
  }
  auto node = find_node(batch, user_agent);
  if (!node) return Location{};
  if (!is_there(node->location)) return node->location;
  Location location;
  if (node->wake && !sleep_server.empty()) {
    location.kind = LocationKind::kSleeping;
    location.server = sleep_server;
  }
  move_to(batch, user_agent, *node, location);
  put_node(batch, user_agent, *node);
  return location;
}

}  // namespace herald::adapters
