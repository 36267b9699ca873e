#pragma once
// What the store holds of lately addressed devices and apps, so that routing reads no rows. True at any time: every
// change of these rows goes through it. Used by the committing thread only. Private to this folder.

#include <optional>
#include <vector>

#include "adapters/rocksdb/cold/record_format.h"
#include "adapters/rocksdb/state/generation_cache.h"

namespace herald::adapters {

class DirectoryCache {
 public:
  // Apps with more devices are not kept.
  static constexpr std::size_t kDevicesMost = 16;

  // Null: not known. An empty record: there is no such node.
  [[nodiscard]] const std::optional<NodeRecord>* node(const UserAgentId& user_agent) { return nodes_.find(user_agent); }
  const std::optional<NodeRecord>& learn_node(const UserAgentId& user_agent, std::optional<NodeRecord> node) {
    return nodes_.insert(user_agent, std::move(node));
  }
  // The row was changed, or removed; a node that nobody addressed stays unknown.
  void change_node(const UserAgentId& user_agent, const std::optional<NodeRecord>& node) {
    if (auto* known = nodes_.find(user_agent)) *known = node;
  }

  // Null: not known. Empty: too many to keep. Otherwise the devices, in the order of their ids.
  [[nodiscard]] const std::optional<std::vector<UserAgentId>>* devices(const AppId& app) { return apps_.find(app); }
  const std::optional<std::vector<UserAgentId>>& learn_devices(const AppId& app,
                                                               std::optional<std::vector<UserAgentId>> devices) {
    return apps_.insert(app, std::move(devices));
  }
  void forget_devices(const AppId& app) { apps_.erase(app); }
  void forget_node(const UserAgentId& user_agent) { nodes_.erase(user_agent); }

  void forget_all() {
    nodes_.clear();
    apps_.clear();
  }

  // Between two batches: forgets what was not asked for lately. References end.
  void rotate() {
    nodes_.rotate(kNodesMost);
    apps_.rotate(kAppsMost);
  }

 private:
  // About 200 bytes an entry, twice as many entries.
  static constexpr std::size_t kNodesMost = 65'536;
  static constexpr std::size_t kAppsMost = 65'536;

  GenerationCache<UserAgentId, std::optional<NodeRecord>, IdHash> nodes_;
  GenerationCache<AppId, std::optional<std::vector<UserAgentId>>, IdHash> apps_;
};

}  // namespace herald::adapters
