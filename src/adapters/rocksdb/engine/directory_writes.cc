#include "adapters/rocksdb/engine/writes.h"
#include "base/planted.h"

namespace herald::adapters {

namespace {

[[nodiscard]] std::string key_of(const UserAgentId& user_agent) {
  return std::string(user_agent.view());
}

[[nodiscard]] std::optional<NodeRecord> find_node(Transaction& txn, const UserAgentId& user_agent) {
  if (const auto* known = txn.state().directory().node(user_agent)) return *known;
  const auto row = txn.rows().get(Family::kNodes, key_of(user_agent));
  return row ? txn.rows().good(decode_node(*row)) : std::nullopt;
}

// A record that says nothing has no row.
void put_node(Transaction& txn, const UserAgentId& user_agent, const NodeRecord& node) {
  txn.state().touch_device(user_agent);
  const bool says_nothing = node.apps == 0 && !node.wake && node.location.kind == LocationKind::kDisconnected;
  if (says_nothing) {
    txn.rows().remove(Family::kNodes, key_of(user_agent));
    txn.state().directory().change_node(user_agent, std::nullopt);
  } else {
    txn.rows().put(Family::kNodes, key_of(user_agent), encode_node(node));
    txn.state().directory().change_node(user_agent, node);
  }
}

// The devices of the app, as they were, are not known any more.
void change_devices(Transaction& txn, const AppId& app) {
  txn.state().touch_app(app);
  txn.state().directory().forget_devices(app);
}

[[nodiscard]] std::uint64_t app_size(Transaction& txn, const AppId& app) {
  const auto row = txn.rows().get(Family::kMeta, app_size_key(app));
  return row ? txn.rows().good(decode_count(*row)).value_or(0) : 0;
}

// One device less; the app's rows go with its last.
void lower_app_size(Transaction& txn, const AppId& app) {
  const std::uint64_t devices = app_size(txn, app);
  if (devices > 1) return txn.rows().put(Family::kMeta, app_size_key(app), encode_count(devices - 1));
  txn.rows().remove(Family::kMeta, app_size_key(app));
  txn.rows().remove(Family::kApps, std::string(app.view()));
}

// Changes the record, and the index of who sleeps; the caller writes the record.
void move_to(Transaction& txn, const UserAgentId& user_agent, NodeRecord& node, const Location& location) {
  const bool slept = node.location.kind == LocationKind::kSleeping;
  const bool sleeps = location.kind == LocationKind::kSleeping;
  if (slept) txn.rows().remove(Family::kSleepers, sleeper_key(node.location.server, user_agent));
  if (sleeps) txn.rows().put(Family::kSleepers, sleeper_key(location.server, user_agent), encode_presence());
  node.location = location;
}

[[nodiscard]] bool is_registered(Transaction& txn, const AppId& app, const UserAgentId& user_agent) {
  return txn.rows().get(Family::kNodeApps, node_app_key(user_agent, app)).has_value();
}

// Writes the app's row if it is new or gets its key. A row keeps the key it has.
[[nodiscard]] Status keep_key(Transaction& txn, const App& app) {
  const std::string row_key(app.id.view());
  const auto row = txn.rows().get(Family::kApps, row_key);
  const auto stored = row ? txn.rows().good(decode_app(app.id, *row)) : std::nullopt;
  if (row && !stored) return {};  // a damaged row stays, so that senders get an error
  const bool demands = stored && !stored->public_key_pem.empty();
  if (demands && app.public_key_pem.empty()) return fail(ErrorKind::kConflict, "the app has a key");
  const bool gets_key = stored && !demands && !app.public_key_pem.empty();
  if (!stored || gets_key) txn.rows().put(Family::kApps, row_key, encode_app(app));
  return {};
}

[[nodiscard]] std::optional<std::vector<UserAgentId>> read_few_devices(Transaction& txn, const AppId& app) {
  std::optional<std::vector<UserAgentId>> devices(std::in_place);
  const std::string prefix(app.view());
  txn.rows().scan(Family::kAppNodes, prefix, prefix, [&](std::string_view key, std::string_view) {
    const auto user_agent = txn.rows().good(last_id<UserAgentId>(key));
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

const std::optional<std::vector<UserAgentId>>& few_devices_of(Transaction& txn, const AppId& app) {
  static const std::optional<std::vector<UserAgentId>> kUnknown;
  if (const auto* known = txn.state().directory().devices(app)) return *known;
  auto devices = read_few_devices(txn, app);
  if (txn.rows().failure()) return kUnknown;
  return txn.state().directory().learn_devices(app, std::move(devices));
}

Node node_of(Transaction& txn, const UserAgentId& user_agent) {
  Node node{.user_agent = user_agent, .location = {}, .wake = {}};
  if (auto connected = txn.state().connected().find(user_agent)) {
    node.location = std::move(*connected);
    return node;
  }
  const auto* known = txn.state().directory().node(user_agent);
  if (known == nullptr) {
    auto found = find_node(txn, user_agent);
    if (txn.rows().failure()) return node;
    known = &txn.state().directory().learn_node(user_agent, std::move(found));
  }
  if (*known) {
    node.location = (*known)->location;
    node.wake = (*known)->wake;
  }
  return node;
}

Status register_device(Transaction& txn, const App& app, const UserAgentId& user_agent) {
  if (is_registered(txn, app.id, user_agent)) return app.public_key_pem.empty() ? Status{} : keep_key(txn, app);
  const std::uint64_t devices = app_size(txn, app.id);
  if (devices >= txn.limits().devices_per_app) {
    return fail(ErrorKind::kExhausted, "the app has devices_per_app devices");
  }
  NodeRecord node = find_node(txn, user_agent).value_or(NodeRecord{});
  if (node.apps >= txn.limits().apps_per_device) {
    return fail(ErrorKind::kExhausted, "the device has apps_per_device apps");
  }
  if (auto kept = keep_key(txn, app); !kept) return kept;
  ++node.apps;
  put_node(txn, user_agent, node);
  txn.rows().put(Family::kMeta, app_size_key(app.id), encode_count(devices + 1));
  txn.rows().put(Family::kAppNodes, app_node_key(app.id, user_agent), encode_presence());
  change_devices(txn, app.id);
  txn.rows().put(Family::kNodeApps, node_app_key(user_agent, app.id), encode_presence());
  return {};
}

Result<bool> unregister_device(Transaction& txn, const AppId& app, const UserAgentId& user_agent) {
  if (!is_registered(txn, app, user_agent)) return false;
  txn.rows().remove(Family::kAppNodes, app_node_key(app, user_agent));
  change_devices(txn, app);
  if (!planted::is(planted::Fault::kRegistrationStays)) {
    txn.rows().remove(Family::kNodeApps, node_app_key(user_agent, app));
  }
  lower_app_size(txn, app);
  if (auto node = find_node(txn, user_agent); node && node->apps > 0) {
    --node->apps;
    put_node(txn, user_agent, *node);
  }
  if (!planted::is(planted::Fault::kUnregisterKeepsPending)) drop_pending_of(txn, app, user_agent, txn.now());
  return true;
}

Result<Location> set_device_location(Transaction& txn, const UserAgentId& user_agent, const Location& location,
                                     std::optional<WakeInterface> wake) {
  NodeRecord node = find_node(txn, user_agent).value_or(NodeRecord{});
  const Location before = txn.state().connected().find(user_agent).value_or(node.location);
  bool changes = wake.has_value();
  if (wake) node.wake = wake->ip.empty() ? std::nullopt : std::move(wake);
  const bool has_no_row = location.kind == LocationKind::kWebSocket && !node.wake;
  if (has_no_row) {
    txn.state().connect(user_agent, location);
  } else {
    txn.state().disconnect(user_agent);
  }
  if (const Location row = has_no_row ? Location{} : location; node.location != row) {
    move_to(txn, user_agent, node, row);
    changes = true;
  }
  if (changes) put_node(txn, user_agent, node);
  return before;
}

Result<Location> leave_connection(Transaction& txn, const UserAgentId& user_agent, const ServerId& server,
                                  std::uint64_t connection, const ServerId& sleep_server) {
  const auto is_there = [&](const Location& location) {
    return location.kind == LocationKind::kWebSocket && location.server == server && location.connection == connection;
  };
  if (auto connected = txn.state().connected().find(user_agent)) {
    if (!is_there(*connected)) return std::move(*connected);
    txn.state().disconnect(user_agent);
    return Location{};
  }
  auto node = find_node(txn, user_agent);
  if (!node) return Location{};
  if (!is_there(node->location)) return node->location;
  Location location;
  if (node->wake && !sleep_server.empty()) {
    location.kind = LocationKind::kSleeping;
    location.server = sleep_server;
  }
  move_to(txn, user_agent, *node, location);
  put_node(txn, user_agent, *node);
  return location;
}

}  // namespace herald::adapters
