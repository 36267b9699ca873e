#include "roles/user_agent_ws/presence.h"

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/planted.h"
#include "roles/user_agent_ws/connection.h"

namespace herald::roles::user_agent_ws {

using transport::CloseCode;

namespace {

// Hand-overs repeated together; each reads the store.
constexpr std::size_t kHandOversAtOnce = 256;

}  // namespace

void Presence::go_online(Connection& connection, const UserAgentId& user_agent, std::optional<WakeInterface> wake,
                         Then then) {
  if (planted::is(planted::Fault::kReadsPendingBeforeLocation)) {
    become(connection, user_agent);
    std::exchange(then, [](const Status&) {})({});
  }
  const std::uint64_t number = connection.number();
  const MonoTime asked = context_.clock.mono();
  Claim claim{number, user_agent, here(number, static_cast<std::uint64_t>(context_.clock.wall().ms)), std::move(wake),
              true};
  auto placed = [this, claim, asked, then = std::move(then)](Result<Location> previous) mutable {
    const std::chrono::milliseconds timeout(context_.config.limits.store_timeout_ms);
    const bool reading_may_help =
        !previous && may_pass(previous.error().kind) && context_.clock.mono() - asked < timeout;
    if (!reading_may_help) return located(claim.number, claim.user_agent, previous, std::move(then));
    read_instead(claim, std::move(previous.error()), std::move(then));
  };
  place(std::move(claim), std::move(placed));
}

bool Presence::is_newer(std::uint64_t number, const Location& other) const {
  const auto unwritten = unwritten_.find(number);
  return unwritten != unwritten_.end() && unwritten->second.order > other.order;
}

void Presence::write_location(Connection& connection, Then then) {
  const std::uint64_t number = connection.number();
  const UserAgentId user_agent = connection.device();
  Claim claim{number, user_agent, here(number, static_cast<std::uint64_t>(context_.clock.wall().ms)), {}, false};
  if (const auto unwritten = unwritten_.find(number); unwritten != unwritten_.end()) {
    claim.wake = unwritten->second.wake;
    claim.location.order = unwritten->second.order;
  }
  place(std::move(claim), [this, number, user_agent, then = std::move(then)](const Result<Location>& previous) mutable {
    if (previous) unwritten_.erase(number);
    located(number, user_agent, previous, std::move(then));
  });
}

Location Presence::here(std::uint64_t number, std::uint64_t order) const {
  Location location{LocationKind::kWebSocket, context_.config.server, context_.config.shard, number};
  location.order = order;
  return location;
}

// A location with a greater order: the device went there while this write was on its way. Or the clock of that server
// is ahead, which shows if the order is later than now. A write of a server that is gone has nobody who would repeat
// it.
void Presence::place(Claim claim, Placed then) {
  auto answered = [this, claim, then = std::move(then)](const Result<Location>& before) mutable {
    if (!before || !ports::overruled(claim.location, *before)) return then(before);
    const bool held = before->kind == LocationKind::kWebSocket;
    if (held && before->server == context_.config.server && before->connection == claim.number) return then(before);
    const bool from_the_future = before->order >= static_cast<std::uint64_t>(context_.clock.wall().ms);
    if (held && !(claim.may_climb && from_the_future)) {
      return then(fail(ErrorKind::kUnavailable, "the device is on another server by now"));
    }
    if (table_.find(claim.number) == nullptr) return;
    claim.location.order = before->order + 1;
    place(std::move(claim), std::move(then));
  };
  context_.directory.set_location(claim.user_agent, claim.location, claim.wake,
                                  Reply<Result<Location>>(context_.executor, std::move(answered)));
}

// On a full disk. The device is given what is pending; what comes later is found when its location has been written,
// since its pending deliveries are read again after that: store, then look.
void Presence::read_instead(const Claim& claim, Error error, Then then) {
  auto read = [this, claim, error = std::move(error),
               then = std::move(then)](const Result<ports::PendingPage>& page) mutable {
    if (!page) return located(claim.number, claim.user_agent, std::unexpected(std::move(error)), std::move(then));
    counters_.store_failures.add();
    Connection* connection = table_.find(claim.number);
    if (connection == nullptr || connection->closing()) return;
    unwritten_.insert_or_assign(claim.number, Unwritten{claim.wake, claim.location.order});
    become(*connection, claim.user_agent);
    then({});
    if (table_.find(claim.number) != nullptr) unlocated_(claim.number);
  };
  context_.deliveries.pending(claim.user_agent, std::nullopt, 1, context_.clock.wall(),
                              Reply<Result<ports::PendingPage>>(context_.executor, std::move(read)));
}

void Presence::located(std::uint64_t number, const UserAgentId& user_agent, const Result<Location>& previous,
                       Then then) {
  if (previous) displace(user_agent, *previous, number);
  Connection* connection = table_.find(number);
  if (connection == nullptr || connection->closing()) {
    if (connection == nullptr || !connection->online()) leave({user_agent, number});
    return;
  }
  if (!previous) {
    counters_.store_failures.add();
    return then(std::unexpected(previous.error()));
  }
  become(*connection, user_agent);
  then({});
}

void Presence::located_late(const UserAgentId& user_agent, const Location& written, const Location& before) {
  if (ports::overruled(written, before)) return;
  displace(user_agent, before, written.connection);
  if (written.kind != LocationKind::kWebSocket) return;
  const Connection* connection = table_.find(written.connection);
  const bool online = connection != nullptr && connection->online() && connection->device() == user_agent;
  if (!online) leave({user_agent, written.connection});
}

void Presence::become(Connection& connection, const UserAgentId& user_agent) {
  if (connection.online()) return;
  if (const Connection* other = table_.find(user_agent)) taken_over({user_agent, 0, other->number()});
  connection.set_online(user_agent);
  table_.put_online(connection);
  counters_.devices.add(1);
  if (!context_.log.enabled(LogLevel::kDebug)) return;
  const std::string device = log_name(user_agent);
  context_.log.debug("device registered", {{"device", std::string_view(device)}});
}

void Presence::displace(const UserAgentId& user_agent, const Location& previous, std::uint64_t successor) {
  if (previous.kind != LocationKind::kWebSocket || previous.connection == successor) return;
  takeovers_.taken_over(user_agent, context_.clock.mono());
  const protocol::queue::TakenOver notice{user_agent, previous.shard, previous.connection};
  if (previous.server != context_.config.server) {
    context_.queue.publish(previous.server, {protocol::queue::encode(notice)},
                           Reply<Status>(context_.executor, [](const Status& /*a hint*/) {}));
  } else if (previous.shard != context_.config.shard) {
    context_.config.tell_shard(previous.shard, notice);
  } else {
    taken_over(notice);
  }
}

void Presence::taken_over(const protocol::queue::TakenOver& notice) {
  Connection* connection = table_.find(notice.connection);
  if (connection == nullptr || connection->displaced()) return;
  if (connection->online() && connection->device() != notice.user_agent) return;
  counters_.takeovers.add();
  connection->set_displaced();
  go_offline(*connection);
  connection->close(CloseCode::kNormal, "taken over");
}

void Presence::go_offline(Connection& connection) {
  if (!connection.online()) return;
  reports_.closing(connection);
  table_.take_offline(connection);
  connection.set_offline();
  counters_.devices.add(-1);
}

void Presence::left(Connection& connection) {
  unwritten_.erase(connection.number());
  const bool was_here = connection.online();
  go_offline(connection);
  if (was_here && !connection.displaced()) leave({connection.device(), connection.number()});
}

void Presence::missing(std::vector<UserAgentId> user_agents) {
  if (user_agents.empty()) return;
  nodes_.locate(std::move(user_agents), [this](const Result<std::vector<Node>>& nodes) {
    if (!nodes) return;
    for (const Node& node : *nodes) {
      if (!left_over(node.location)) continue;
      leave({node.user_agent, node.location.connection});
    }
  });
}

bool Presence::left_over(const Location& location) const {
  if (location.kind != LocationKind::kWebSocket || location.server != context_.config.server) return false;
  if (location.shard == context_.config.shard) return table_.find(location.connection) == nullptr;
  return context_.config.shards != 0 && location.shard >= context_.config.shards;
}

void Presence::leave(const Departure& departure) {
  context_.directory.leave(departure.user_agent, context_.config.server, departure.connection,
                           context_.config.sleep_server(departure.user_agent),
                           Reply<Result<Location>>(context_.executor, [this, departure](const Result<Location>& now) {
                             if (!now) return retry_leave(departure, now.error());
                             if (now->kind == LocationKind::kSleeping) hand_over(departure.user_agent, now->server);
                           }));
}

void Presence::retry_leave(const Departure& departure, const Error& error) {
  counters_.store_failures.add();
  if (error.kind == ErrorKind::kCorrupt) return;
  departures_.push_back(departure);
  if (departures_.size() > 1) return;
  context_.timers.run_after(kRetryDelay, [this] {
    for (const Departure& waiting : std::exchange(departures_, {})) leave(waiting);
  });
}

void Presence::go_to_sleep(Connection& connection, const UserAgentId& user_agent, const WakeInterface& wake,
                           Then then) {
  Location asleep{LocationKind::kSleeping, context_.config.sleep_server(user_agent), 0, 0};
  asleep.order = static_cast<std::uint64_t>(context_.clock.wall().ms);
  place({connection.number(), user_agent, std::move(asleep), wake, true},
        [this, number = connection.number(), user_agent, then = std::move(then)](Result<Location> previous) mutable {
          slept(number, user_agent, previous, std::move(then));
        });
}

void Presence::slept(std::uint64_t number, const UserAgentId& user_agent, const Result<Location>& previous, Then then) {
  if (previous) {
    displace(user_agent, *previous, number);
    hand_over(user_agent, context_.config.sleep_server(user_agent));
  } else {
    counters_.store_failures.add();
  }
  Connection* connection = table_.find(number);
  if (connection == nullptr) return;
  if (previous) {
    connection->set_displaced();
    go_offline(*connection);
  }
  if (connection->closing()) return;
  then(previous ? Status() : Status(std::unexpected(previous.error())));
}

void Presence::hand_over(const UserAgentId& user_agent, const ServerId& to) {
  needs_.read(user_agent, [this, user_agent, to](const Result<WakeNeed>& need) {
    if (need) return announce(user_agent, to, *need);
    counters_.store_failures.add();
    if (may_pass(need.error().kind)) hand_over_later(user_agent, to);
  });
}

void Presence::announce(const UserAgentId& user_agent, const ServerId& to, const WakeNeed& need) {
  std::vector<std::string> bodies;
  for (const MessagePtr& message : need.messages()) {
    if (!message) continue;
    bodies.push_back(protocol::queue::encode(protocol::queue::Deliver{
        message->id, message->app, message->priority, message->expires_at, {{user_agent, 0}}}));
  }
  if (bodies.empty()) return;
  context_.queue.publish(to, std::move(bodies),
                         Reply<Status>(context_.executor, [this, user_agent, to](const Status& taken) {
                           if (!taken) hand_over_later(user_agent, to);
                         }));
}

void Presence::hand_over_later(const UserAgentId& user_agent, const ServerId& to) {
  hand_overs_.insert_or_assign(user_agent, to);
  if (std::exchange(hand_over_planned_, true)) return;
  context_.timers.run_after(kRetryDelay, [this] { hand_over_again(); });
}

void Presence::hand_over_again() {
  hand_over_planned_ = false;
  std::map<UserAgentId, ServerId> now;
  while (!hand_overs_.empty() && now.size() < kHandOversAtOnce) now.insert(hand_overs_.extract(hand_overs_.begin()));
  if (!hand_overs_.empty()) hand_over_later(hand_overs_.begin()->first, hand_overs_.begin()->second);
  for (const auto& [user_agent, to] : now) {
    if (table_.find(user_agent) == nullptr) hand_over(user_agent, to);
  }
}

}  // namespace herald::roles::user_agent_ws
