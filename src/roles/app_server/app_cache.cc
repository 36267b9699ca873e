#include "roles/app_server/app_cache.h"

#include <utility>

namespace herald::roles::app_server {

std::shared_ptr<const App> AppCache::find(const AppId& id, MonoTime now) {
  const auto found = index_.find(id);
  if (found == index_.end()) return nullptr;
  if (now >= found->second->until) {
    order_.erase(found->second);
    index_.erase(found);
    return nullptr;
  }
  order_.splice(order_.begin(), order_, found->second);
  return found->second->app;
}

std::shared_ptr<const App> AppCache::keep(App app, MonoTime now) {
  auto kept = std::make_shared<const App>(std::move(app));
  if (entries_max_ == 0) return kept;
  const auto known = index_.find(kept->id);
  if (known != index_.end()) {
    order_.erase(known->second);
    index_.erase(known);
  }
  if (index_.size() >= entries_max_) {
    index_.erase(order_.back().app->id);
    order_.pop_back();
  }
  order_.push_front({kept, now + kept_for_});
  index_.emplace(kept->id, order_.begin());
  return kept;
}

}  // namespace herald::roles::app_server
