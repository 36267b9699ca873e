#include "adapters/rocksdb/cold/reads.h"
#include "adapters/rocksdb/cold/record_format.h"
#include "adapters/rocksdb/cold/row_reader.h"

namespace herald::adapters {

namespace {

// So many are looked at before other reads have their turn.
constexpr std::size_t kSleepersPerPage = 500;

[[nodiscard]] Result<std::vector<Node>> locate(const RowReader& rows, const std::vector<UserAgentId>& user_agents) {
  std::vector<std::string> keys;
  keys.reserve(user_agents.size());
  for (const auto& user_agent : user_agents) keys.emplace_back(user_agent.view());
  const auto values = rows.get_all(Family::kNodes, keys);
  if (!values) return std::unexpected(values.error());
  std::vector<Node> nodes(user_agents.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    nodes[i].user_agent = user_agents[i];
    if (!(*values)[i]) continue;
    auto record = decode_node(*(*values)[i]);
    if (!record) {
      rows.skip(Family::kNodes, keys[i], record.error().message);
      continue;
    }
    nodes[i].location = std::move(record->location);
    nodes[i].wake = std::move(record->wake);
  }
  return nodes;
}

// True if something waits for the device that may still be delivered; time is not asked.
[[nodiscard]] Result<bool> has_pending(const RowReader& rows, const UserAgentId& user_agent) {
  bool found = false;
  const auto prefix = user_agent.view();
  const auto scanned =
      rows.scan(Family::kPending, prefix, prefix, [&](std::string_view key, std::string_view) -> Result<bool> {
        const std::string message(key.substr(key.size() - sizeof(MessageId::bytes)));
        const auto stored = rows.get_all(Family::kMessages, {message});
        if (!stored) return std::unexpected(stored.error());
        found = stored->front().has_value();
        return !found;
      });
  if (!scanned) return std::unexpected(scanned.error());
  return found;
}

}  // namespace

Result<App> read_app(const Database& database, const AppId& app) {
  const auto row = RowReader(database).get(Family::kApps, app.view());
  if (!row) return std::unexpected(row.error());
  if (!*row) return fail(ErrorKind::kNotFound, "no such app");
  return decode_app(app, **row);
}

Result<ports::NodePage> read_nodes(const RowReader& rows, const AppId& app, std::optional<UserAgentId> after,
                                   std::size_t limit) {
  ports::NodePage page;
  const auto prefix = app.view();
  const std::string from = after ? app_node_key(app, *after).append(1, '\0') : std::string(prefix);
  const auto scanned =
      rows.scan(Family::kAppNodes, prefix, from, [&](std::string_view key, std::string_view) -> Result<bool> {
        page.more = page.user_agents.size() == limit;
        if (page.more) return false;
        const auto user_agent = last_id<UserAgentId>(key);
        if (!user_agent) return std::unexpected(user_agent.error());
        page.user_agents.push_back(*user_agent);
        return true;
      });
  if (!scanned) return std::unexpected(scanned.error());
  return page;
}

Result<ports::AppPage> read_apps(const Database& database, const UserAgentId& user_agent, std::optional<AppId> after,
                                 std::size_t limit) {
  ports::AppPage page;
  const auto prefix = user_agent.view();
  const std::string from = after ? node_app_key(user_agent, *after).append(1, '\0') : std::string(prefix);
  const RowReader rows(database);
  const auto scanned =
      rows.scan(Family::kNodeApps, prefix, from, [&](std::string_view key, std::string_view) -> Result<bool> {
        page.more = page.apps.size() == limit;
        if (page.more) return false;
        const auto id = last_id<AppId>(key);
        if (!id) return std::unexpected(id.error());
        auto app = read_app(database, *id);
        if (!app && app.error().kind == ErrorKind::kCorrupt) {
          rows.skip(Family::kApps, id->view(), app.error().message);
          return true;
        }
        if (!app) return std::unexpected(app.error());
        page.apps.push_back(std::move(*app));
        return true;
      });
  if (!scanned) return std::unexpected(scanned.error());
  return page;
}

Result<std::vector<Node>> read_locations(const RowReader& rows, const std::vector<UserAgentId>& user_agents) {
  return locate(rows, user_agents);
}

Result<SleeperPage> read_sleepers(const Database& database, const ServerId& server, std::optional<UserAgentId> after) {
  const RowReader rows(database);
  const std::string prefix = sleeper_prefix(server);
  const std::string from = after ? sleeper_key(server, *after).append(1, '\0') : prefix;
  SleeperPage page;
  const auto scanned =
      rows.scan(Family::kSleepers, prefix, from, [&](std::string_view key, std::string_view) -> Result<bool> {
        page.more = page.sleepers.size() == kSleepersPerPage;
        if (page.more) return false;
        const auto user_agent = last_id<UserAgentId>(key);
        if (!user_agent) return std::unexpected(user_agent.error());
        const auto pending = has_pending(rows, *user_agent);
        if (!pending) return pending;
        page.sleepers.push_back({*user_agent, *pending});
        return true;
      });
  if (!scanned) return std::unexpected(scanned.error());
  return page;
}

}  // namespace herald::adapters
