#include "roles/app_server/app_cache.h"

#include <utility>

namespace herald::roles::app_server {

std::shared_ptr<const App> AppCache::find(const AppId& id) {
  const auto found = index_.find(id);
  if (found == index_.end()) return nullptr;
  order_.splice(order_.begin(), order_, found->second);
  return *found->second;
}

std::shared_ptr<const App> AppCache::keep(App app) {
  auto kept = std::make_shared<const App>(std::move(app));
  if (entries_max_ == 0) return kept;
  if (auto known = find(kept->id)) return known;
  if (index_.size() >= entries_max_) {
    index_.erase(order_.back()->id);
    order_.pop_back();
  }
  order_.push_front(kept);
  index_.emplace(kept->id, order_.begin());
  return kept;
}

}  // namespace herald::roles::app_server
