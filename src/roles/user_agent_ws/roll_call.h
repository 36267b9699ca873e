#pragma once
// Goes through every device that is online here, after others may have taken this server for gone, or queue messages
// may have been lost: a location that was taken back is written again, a device that went elsewhere is let go, and
// whatever is pending is found.

#include <cstdint>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "domain/location.h"
#include "ports/node_lookup.h"
#include "roles/user_agent_ws/connection_table.h"
#include "roles/user_agent_ws/context.h"
#include "roles/user_agent_ws/counters.h"
#include "roles/user_agent_ws/deliverer.h"
#include "roles/user_agent_ws/presence.h"

namespace herald::roles::user_agent_ws {

class RollCall {
 public:
  RollCall(Context& context, ConnectionTable& table, Presence& presence, Deliverer& deliverer, Counters& counters)
      : context_(context),
        table_(table),
        presence_(presence),
        deliverer_(deliverer),
        counters_(counters),
        nodes_(context.directory, context.executor, context.log, context.metrics) {}

  // A further call begins anew.
  void begin();
  // The device of this connection is online, and where it is could not be written: tries until that works, and then
  // reads what is pending.
  void locate_later(std::uint64_t number);

 private:
  void next_page();
  void located(const std::vector<std::uint64_t>& page, const Result<std::vector<Node>>& nodes);
  void answer(std::uint64_t number, const Node& node);
  void write_again(std::uint64_t number);
  void try_later(std::uint64_t number);

  Context& context_;
  ConnectionTable& table_;
  Presence& presence_;
  Deliverer& deliverer_;
  Counters& counters_;
  ports::NodeLookup nodes_;
  std::vector<std::uint64_t> waiting_;  // connections not yet looked at
  std::unordered_set<std::uint64_t> unlocated_;
  bool looking_ = false;
  bool planned_ = false;  // try_later()'s timer runs
};

}  // namespace herald::roles::user_agent_ws
