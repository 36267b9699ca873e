#pragma once
// The apps that senders used last, so that a busy app is looked up once. Only apps that exist are kept: an app's key is
// part of its id, so what was found once never changes, while an unknown one may be registered at any moment.

#include <list>
#include <memory>
#include <unordered_map>

#include "domain/app.h"
#include "domain/ids.h"

namespace herald::roles::app_server {

// One loop's; not thread-safe.
class AppCache {
 public:
  explicit AppCache(std::size_t entries_max) : entries_max_(entries_max) {}

  // Null if it is not kept.
  [[nodiscard]] std::shared_ptr<const App> find(const AppId& id);
  // Keeps `app` as the most recent one; the one unused for longest makes room.
  std::shared_ptr<const App> keep(App app);
  [[nodiscard]] std::size_t size() const { return index_.size(); }

 private:
  using Order = std::list<std::shared_ptr<const App>>;

  std::size_t entries_max_;
  Order order_;  // most recent first
  std::unordered_map<AppId, Order::iterator, IdHash> index_;
};

}  // namespace herald::roles::app_server
