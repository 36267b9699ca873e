#pragma once
// The apps that senders used last, so that a busy app is looked up seldom. Only apps that exist are kept, and each for
// app_cached_ms: an app may get a key, and go with its last registration. An unknown one may be registered at any
// moment.

#include <chrono>
#include <list>
#include <memory>
#include <unordered_map>

#include "base/time.h"
#include "domain/app.h"
#include "domain/ids.h"

namespace herald::roles::app_server {

// One loop's; not thread-safe.
class AppCache {
 public:
  AppCache(std::size_t entries_max, std::chrono::milliseconds kept_for)
      : entries_max_(entries_max), kept_for_(kept_for) {}

  // Null if it is not kept, or was for `kept_for`.
  [[nodiscard]] std::shared_ptr<const App> find(const AppId& id, MonoTime now);
  // Keeps `app`, which the store told of at `now`, as the most recent one; the one unused for longest makes room.
  std::shared_ptr<const App> keep(App app, MonoTime now);
  [[nodiscard]] std::size_t size() const { return index_.size(); }

 private:
  struct Entry {
    std::shared_ptr<const App> app;
    MonoTime until;
  };
  using Order = std::list<Entry>;

  std::size_t entries_max_;
  std::chrono::milliseconds kept_for_;
  Order order_;  // most recent first
  std::unordered_map<AppId, Order::iterator, IdHash> index_;
};

}  // namespace herald::roles::app_server
