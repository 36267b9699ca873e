#pragma once
// The parts of one shard, as its connections reach them.

#include <memory>
#include <utility>

#include "roles/user_agent_ws/broadcast_board.h"
#include "roles/user_agent_ws/connection_table.h"
#include "roles/user_agent_ws/context.h"
#include "roles/user_agent_ws/counters.h"
#include "roles/user_agent_ws/deliverer.h"
#include "roles/user_agent_ws/delivery_reports.h"
#include "roles/user_agent_ws/presence.h"
#include "roles/user_agent_ws/roll_call.h"

namespace herald::roles::user_agent_ws {

struct Shard {
  explicit Shard(Context with) : context(std::move(with)) {
    presence.on_unlocated([this](std::uint64_t connection) { roll_call.locate_later(connection); });
  }

  Context context;
  const std::shared_ptr<TakeoverPace> takeovers =
      context.config.takeovers ? context.config.takeovers : std::make_shared<TakeoverPace>(context.config.limits);
  Counters counters{context.metrics};
  ConnectionTable table{context.random};
  BroadcastBoard broadcasts;
  DeliveryReports reports{context, table, counters};
  Deliverer deliverer{context, table, reports, counters};
  Presence presence{context, table, reports, counters, *takeovers};
  RollCall roll_call{context, table, presence, deliverer, counters};
};

}  // namespace herald::roles::user_agent_ws
