#pragma once
// Directory::locate() for many devices, of which one may be unreadable: its row costs only that device.

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "base/executor.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "domain/location.h"
#include "ports/directory.h"

namespace herald::ports {

// One loop's; on its thread only, and destroyed when the loop runs no more. Everything given must outlive it.
class NodeLookup {
 public:
  using Then = std::move_only_function<void(Result<std::vector<Node>>)>;

  NodeLookup(Directory& directory, Executor& loop, Log& log, Metrics& metrics)
      : directory_(directory),
        loop_(loop),
        log_(log),
        unreadable_(metrics.counter("herald_nodes_unreadable_total",
                                    "Devices whose stored location is damaged; they count as disconnected.")) {}

  // Calls `then` with the node of each of `user_agents`, in the same order. A call that fails with kCorrupt is split in
  // halves until the damaged node is alone; that one is answered as disconnected, counted and logged. Every other error
  // of the store ends the lookup.
  void locate(std::vector<UserAgentId> user_agents, Then then) {
    auto lookup = std::make_shared<Lookup>();
    lookup->then = std::move(then);
    lookup->parts.push_back(std::move(user_agents));
    next(std::move(lookup));
  }

 private:
  struct Lookup {
    std::deque<std::vector<UserAgentId>> parts;  // not yet located, in order
    std::vector<Node> found;
    Then then;
  };

  void next(std::shared_ptr<Lookup> lookup) {
    if (lookup->parts.empty()) return lookup->then(std::move(lookup->found));
    auto located = [this, lookup](Result<std::vector<Node>> nodes) {
      auto part = std::move(lookup->parts.front());
      lookup->parts.pop_front();
      if (nodes) {
        lookup->found.insert(lookup->found.end(), std::make_move_iterator(nodes->begin()),
                             std::make_move_iterator(nodes->end()));
      } else if (nodes.error().kind != ErrorKind::kCorrupt) {
        return lookup->then(std::unexpected(nodes.error()));
      } else {
        isolate(*lookup, part, nodes.error());
      }
      next(lookup);
    };
    directory_.locate(lookup->parts.front(), Reply<Result<std::vector<Node>>>(loop_, std::move(located)));
  }

  void isolate(Lookup& lookup, const std::vector<UserAgentId>& part, const Error& error) {
    if (part.size() > 1) {
      const auto middle = part.begin() + static_cast<std::ptrdiff_t>(part.size() / 2);
      lookup.parts.emplace_front(middle, part.end());
      lookup.parts.emplace_front(part.begin(), middle);
      return;
    }
    unreadable_.add();
    log_.error("location of a device not readable", {{"reason", error.message}});
    for (const UserAgentId& user_agent : part) lookup.found.push_back(Node{user_agent, {}, std::nullopt});
  }

  Directory& directory_;
  Executor& loop_;
  Log& log_;
  Counter& unreadable_;
};

}  // namespace herald::ports
