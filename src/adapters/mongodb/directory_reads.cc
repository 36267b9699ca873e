#include <algorithm>
#include <map>
#include <set>

#include "adapters/mongodb/directory_calls.h"
#include "adapters/mongodb/documents.h"
#include "adapters/mongodb/schema.h"
#include "adapters/mongodb/shared_steps.h"

namespace herald::adapters::mongodb {

namespace {

const Document& by_app_then_device() {
  static const Document order = [] {
    Document it = number_of("app", 1);
    it.number("ua", 1);
    return it;
  }();
  return order;
}

// Devices by app, from a page of registrations in the order of apps and devices.
using DevicesOfApps = std::map<std::string, std::vector<UserAgentId>, std::less<>>;

[[nodiscard]] Status read_registrations(Context& context, const Document& filter, std::size_t limit,
                                        DevicesOfApps& found, std::size_t& rows) {
  const auto documents = context.database.find(kRegistrations, {filter, {"app", "ua"}, &by_app_then_device(), limit});
  if (!documents) return std::unexpected(documents.error());
  rows = documents->size();
  for (const auto& document : *documents) {
    const Row row(document);
    const auto user_agent = read_id<UserAgentId>(row.text("ua"), "user agent id");
    if (!user_agent) return std::unexpected(user_agent.error());
    found[std::string(row.text("app").value_or(""))].push_back(*user_agent);
  }
  return {};
}

[[nodiscard]] ports::NodePage page_of(std::vector<UserAgentId> user_agents, std::size_t limit) {
  ports::NodePage page{std::move(user_agents), false};
  page.more = page.user_agents.size() > limit;
  if (page.more) page.user_agents.resize(limit);
  return page;
}

[[nodiscard]] Status read_next_page(Context& context, NodesOfCall& call) {
  Document filter = text_of("app", call.in.app.hex());
  if (call.in.after) filter.document("ua", text_of("$gt", call.in.after->hex()));
  DevicesOfApps found;
  std::size_t rows = 0;
  if (auto read = read_registrations(context, filter, call.in.limit + 1, found, rows); !read) return read;
  call.out = page_of(std::move(found[call.in.app.hex()]), call.in.limit);
  return {};
}

// First pages of many apps with one command, as long as they all fit into it. An app that is cut off by the command's
// limit is asked again, with those that come after it.
[[nodiscard]] Status read_first_pages(Context& context, std::span<NodesOfCall* const> calls) {
  std::set<std::string> open;
  std::size_t limit = 0;
  for (const NodesOfCall* call : calls) {
    open.insert(call->in.app.hex());
    limit = std::max(limit, call->in.limit);
  }
  DevicesOfApps found;
  while (!open.empty()) {
    const std::vector<std::string> apps(open.begin(), open.end());
    const std::size_t most = limit + apps.size();
    DevicesOfApps part;
    std::size_t rows = 0;
    if (auto read = read_registrations(context, any_of("app", apps), most, part, rows); !read) return read;
    std::string cut_off;
    if (rows == most && part.rbegin()->second.size() <= limit) cut_off = part.rbegin()->first;
    const std::string last = rows == most ? part.rbegin()->first : apps.back();
    std::erase_if(open, [&](const std::string& app) { return app <= last && app != cut_off; });
    if (!cut_off.empty()) part.erase(cut_off);
    found.merge(part);
  }
  for (NodesOfCall* call : calls) {
    const auto devices = found.find(call->in.app.hex());
    call->out = devices == found.end() ? ports::NodePage{} : page_of(devices->second, call->in.limit);
  }
  return {};
}

[[nodiscard]] Result<std::map<AppId, App>> apps_by_id(Context& context, const std::set<std::string>& ids) {
  const std::vector<std::string> wanted(ids.begin(), ids.end());
  const auto documents = find_by_ids(context, kApps, wanted, {});
  if (!documents) return std::unexpected(documents.error());
  std::map<AppId, App> apps;
  for (const auto& document : *documents) {
    auto app = read_app(Row(document));
    if (!app) return std::unexpected(app.error());
    apps.emplace(app->id, std::move(*app));
  }
  return apps;
}

[[nodiscard]] Result<ports::AppPage> read_app_page(Context& context, const AppsOf& asked) {
  Document filter = text_of("ua", asked.user_agent.hex());
  if (asked.after) filter.document("app", text_of("$gt", asked.after->hex()));
  static const Document in_order = number_of("app", 1);
  const auto documents = context.database.find(kRegistrations, {filter, {"app"}, &in_order, asked.limit + 1});
  if (!documents) return std::unexpected(documents.error());
  ports::AppPage page;
  page.more = documents->size() > asked.limit;
  std::set<std::string> ids;
  for (const auto& document : std::span(*documents).first(std::min(documents->size(), asked.limit))) {
    ids.emplace(Row(document).text("app").value_or(""));
  }
  auto apps = apps_by_id(context, ids);
  if (!apps) return std::unexpected(apps.error());
  for (auto& [id, app] : *apps) page.apps.push_back(std::move(app));
  return page;
}

// Nodes that sleep on the server, whether or not something waits for them.
[[nodiscard]] Result<std::vector<Node>> read_sleeping(Context& context, const ServerId& server,
                                                      std::optional<UserAgentId> after, std::size_t limit) {
  Document filter = text_of("sleeps", server);
  if (after) filter.document("_id", text_of("$gt", after->hex()));
  static const Document in_order = number_of("_id", 1);
  const auto documents = context.database.find(kNodes, {filter, {}, &in_order, limit});
  if (!documents) return std::unexpected(documents.error());
  std::vector<Node> nodes;
  for (const auto& document : *documents) {
    auto node = read_node(Row(document));
    if (!node) return std::unexpected(node.error());
    nodes.push_back(std::move(*node));
  }
  return nodes;
}

// Keeps those nodes for which something waits.
[[nodiscard]] Status keep_waited_for(Context& context, std::vector<Node>& nodes) {
  if (nodes.empty()) return {};
  std::vector<std::string> ids;
  for (const auto& node : nodes) ids.push_back(node.user_agent.hex());
  Document filter = any_of("ua", ids);
  filter.flag("open", true).document("expires", time_of("$gt", context.clock.wall()));
  const auto counts = context.database.count_by(kDeliveries, filter, "ua");
  if (!counts) return std::unexpected(counts.error());
  std::erase_if(nodes, [&](const Node& node) { return !counts->contains(node.user_agent.hex()); });
  return {};
}

[[nodiscard]] Result<std::vector<Node>> find_sleepers(Context& context, const Sleepers& asked) {
  constexpr std::size_t kPage = 500;
  std::vector<Node> found;
  auto after = asked.after;
  while (found.size() < asked.limit) {
    auto page = read_sleeping(context, asked.server, after, kPage);
    if (!page) return page;
    if (page->empty()) break;
    const bool last = page->size() < kPage;
    after = page->back().user_agent;
    if (auto kept = keep_waited_for(context, *page); !kept) return std::unexpected(kept.error());
    std::ranges::move(*page, std::back_inserter(found));
    if (last) break;
  }
  if (found.size() > asked.limit) found.resize(asked.limit);
  return found;
}

}  // namespace

Status find_apps(Context& context, std::span<FindAppCall> calls) {
  std::set<std::string> ids;
  for (const auto& call : calls) ids.insert(call.in.hex());
  const auto apps = apps_by_id(context, ids);
  if (!apps) return std::unexpected(apps.error());
  for (auto& call : calls) {
    const auto app = apps->find(call.in);
    if (app == apps->end()) {
      call.out = fail(ErrorKind::kNotFound, "no such app");
    } else {
      call.out = app->second;
    }
  }
  return {};
}

Status read_nodes(Context& context, std::span<NodesOfCall> calls) {
  std::vector<NodesOfCall*> first_pages;
  for (auto& call : calls) {
    if (!call.in.after) {
      first_pages.push_back(&call);
    } else if (auto read = read_next_page(context, call); !read) {
      return read;
    }
  }
  return first_pages.empty() ? Status{} : read_first_pages(context, first_pages);
}

Status read_apps(Context& context, std::span<AppsOfCall> calls) {
  for (auto& call : calls) {
    auto page = read_app_page(context, call.in);
    if (!page) return std::unexpected(page.error());
    call.out = std::move(*page);
  }
  return {};
}

Status read_sleepers(Context& context, std::span<SleepersCall> calls) {
  for (auto& call : calls) {
    auto found = find_sleepers(context, call.in);
    if (!found) return std::unexpected(found.error());
    call.out = std::move(*found);
  }
  return {};
}

}  // namespace herald::adapters::mongodb
