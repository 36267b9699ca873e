#pragma once
// Where devices are: writes the location of a device that goes online or to sleep, closes the connection it had
// before, wherever that is, and takes the location back when the connection ends.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "domain/location.h"
#include "ports/node_lookup.h"
#include "ports/wake_need_reader.h"
#include "protocol/queue/envelope.h"
#include "roles/user_agent_ws/connection_table.h"
#include "roles/user_agent_ws/context.h"
#include "roles/user_agent_ws/counters.h"
#include "roles/user_agent_ws/delivery_reports.h"

namespace herald::roles::user_agent_ws {

class Presence {
 public:
  Presence(Context& context, ConnectionTable& table, DeliveryReports& reports, Counters& counters,
           TakeoverPace& takeovers)
      : context_(context),
        table_(table),
        reports_(reports),
        counters_(counters),
        takeovers_(takeovers),
        nodes_(context.directory, context.executor, context.log, context.metrics),
        needs_(context.deliveries, context.executor, context.clock, context.config.limits, &context.recent_acks) {}

  // A device is online here, but where it is could not be written: see RollCall::locate_later().
  void on_unlocated(std::function<void(std::uint64_t connection)> then) { unlocated_ = std::move(then); }

  // `then` is called once unless the connection is gone by then. A device for which the store takes no write, but can
  // still be read, goes online nevertheless.
  void go_online(Connection& connection, const UserAgentId& user_agent, std::optional<WakeInterface> wake,
                 std::move_only_function<void(Status)> then);
  // Whether this connection, whose location could not be written, began after the device went to `other`.
  [[nodiscard]] bool is_newer(std::uint64_t number, const Location& other) const;
  // Writes where a device is that is online without that, unless it went elsewhere meanwhile. `then` as above.
  void write_location(Connection& connection, std::move_only_function<void(Status)> then);
  void go_to_sleep(Connection& connection, const UserAgentId& user_agent, const WakeInterface& wake,
                   std::move_only_function<void(Status)> then);
  // The connection ended.
  void left(Connection& connection);
  // These were looked for here and are not online here: a location that names a connection of an earlier run is taken
  // back, so that the device is woken, or waits, as if it had left.
  void missing(std::vector<UserAgentId> user_agents);
  // See UserAgentWs::located_late().
  void located_late(const UserAgentId& user_agent, const Location& written, const Location& before);
  // A newer connection took this one's device over.
  void taken_over(const protocol::queue::TakenOver& notice);

 private:
  using Then = std::move_only_function<void(Status)>;
  struct Departure {
    UserAgentId user_agent;
    std::uint64_t connection;
  };

  using Placed = std::move_only_function<void(Result<Location>)>;
  // A location to be written.
  struct Claim {
    std::uint64_t number;  // the connection's
    UserAgentId user_agent;
    Location location;
    std::optional<WakeInterface> wake;
    // The device has just come: a greater order from the future means that the clock of the server that it left is
    // ahead.
    bool may_climb = false;
  };
  [[nodiscard]] Location here(std::uint64_t number, std::uint64_t order) const;
  // `then` is not called if a location with a greater order stands in the way and the connection is gone. kUnavailable:
  // the device is elsewhere by now, too.
  void place(Claim claim, Placed then);
  void read_instead(const Claim& claim, Error error, Then then);
  void located(std::uint64_t number, const UserAgentId& user_agent, const Result<Location>& previous, Then then);
  void slept(std::uint64_t number, const UserAgentId& user_agent, const Result<Location>& previous, Then then);
  void displace(const UserAgentId& user_agent, const Location& previous, std::uint64_t successor);
  void become(Connection& connection, const UserAgentId& user_agent);
  void go_offline(Connection& connection);
  [[nodiscard]] bool left_over(const Location& location) const;
  void leave(const Departure& departure);
  void retry_leave(const Departure& departure, const Error& error);
  // What a device that sleeps now is to be woken for is announced to the server that wakes it. Repeated until the store
  // answers and the queue takes it: nobody else would announce it again.
  void hand_over(const UserAgentId& user_agent, const ServerId& to);
  void announce(const UserAgentId& user_agent, const ServerId& to, const WakeNeed& need);
  void hand_over_later(const UserAgentId& user_agent, const ServerId& to);
  void hand_over_again();

  Context& context_;
  ConnectionTable& table_;
  DeliveryReports& reports_;
  Counters& counters_;
  TakeoverPace& takeovers_;
  ports::NodeLookup nodes_;
  ports::WakeNeedReader needs_;
  std::function<void(std::uint64_t)> unlocated_;
  struct Unwritten {
    std::optional<WakeInterface> wake;
    std::uint64_t order;
  };
  std::unordered_map<std::uint64_t, Unwritten> unwritten_;  // of connections without a written location
  std::vector<Departure> departures_;                       // refused by the store, to be repeated
  std::map<UserAgentId, ServerId> hand_overs_;              // not announced yet, to be repeated
  bool hand_over_planned_ = false;                          // hand_over_again()'s timer runs
};

}  // namespace herald::roles::user_agent_ws
