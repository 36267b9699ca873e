#pragma once
// Brings notifications to the connected devices of one shard: announced ones by batches of fetches, pending ones by
// pages, under each device's window.

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "protocol/queue/envelope.h"
#include "roles/user_agent_ws/connection_table.h"
#include "roles/user_agent_ws/context.h"
#include "roles/user_agent_ws/counters.h"
#include "roles/user_agent_ws/delivery_reports.h"
#include "roles/user_agent_ws/delivery_window.h"
#include "roles/user_agent_ws/generation_session.h"

namespace herald::roles::user_agent_ws {

class Deliverer {
 public:
  Deliverer(Context& context, ConnectionTable& table, DeliveryReports& reports, Counters& counters);

  // The monitor announced these. Devices that are not online here are skipped, since their deliveries wait in the
  // store, and answered: their location may be left over from an earlier run.
  std::vector<UserAgentId> deliver(const std::vector<protocol::queue::Deliver>& announced);
  // The device went online and its location is written: what is pending follows.
  void start(Connection& connection);
  // Each device that is online has been given a gap: from now on it is one's own to read what is pending.
  void gaps_noted();
  // What was sent and not acked follows again.
  void resend(Connection& connection);
  // Something changed that may let the device be sent more: reads the next page if one is due.
  void pump(Connection& connection);
  // `user_agent` acked these, on whatever connection.
  void acked(const UserAgentId& user_agent, const std::vector<MessageId>& messages);
  // These went to `user_agent` without a place in a window.
  void handed_out(const UserAgentId& user_agent, const std::vector<MessagePtr>& messages);
  // `user_agent` left `app`: its places in the window are free.
  void left_app(const UserAgentId& user_agent, const AppId& app);

 private:
  // A notification to be fetched, and the connections that keep a place for it.
  struct Wanted {
    DeliveryWindow::Pending message;
    std::vector<std::uint64_t> connections;
    // Those without a place. They get it only if it is transient, since no scan would find it later.
    std::vector<std::uint64_t> unplaced;
  };

  // One message as a frame, which serves every device of a generation.
  struct FrameCache {
    std::optional<Generation> generation;
    std::string text;
    [[nodiscard]] std::string_view of(const GenerationSession& session, const Message& message);
  };

  [[nodiscard]] const WindowLimits& limits_of(Connection& connection) const;
  // True: of what monitors routed lately some may not have been announced, to any device.
  [[nodiscard]] bool all_have_gaps() const;
  // Takes a place for it in the window, or leaves it to the scan, which starts if there may be a `gap` before it.
  void offer(Connection& connection, Wanted& wanted, bool may_be_transient, bool gap);
  void fetch_next();
  void fetched(const std::vector<Wanted>& batch, const Result<std::vector<MessagePtr>>& answer);
  void send_to_all(const Wanted& wanted, const MessagePtr& message);
  void give_back_all(const Wanted& wanted);
  // The message has a place in the window, which it loses if the device does not want it.
  void send(Connection& connection, const Message& message, FrameCache& frame);
  void send_unplaced(const Wanted& wanted, const Message& message);
  void written(Connection& connection, const Message& message, std::string_view frame, WallTime now);

  void page_read(std::uint64_t number, Result<ports::PendingPage> page);
  void send_page(Connection& connection, const ports::PendingPage& page);
  void serve_line();
  // Pumps again when something that was sent has expired, if that makes room for an app that is held.
  void watch_expiry(Connection& connection, WallTime now);
  void retry_later(std::uint64_t number);

  Context& context_;
  ConnectionTable& table_;
  DeliveryReports& reports_;
  Counters& counters_;
  WindowLimits limits_;
  WindowLimits webpush_limits_;
  std::uint64_t lapses_noted_ = 0;  // of the lease

  std::deque<Wanted> wanted_;
  bool fetching_ = false;

  std::size_t reading_ = 0;         // page reads in flight
  std::deque<std::uint64_t> line_;  // connections that wait for their turn to read
  std::vector<std::uint64_t> retry_;
};

}  // namespace herald::roles::user_agent_ws
