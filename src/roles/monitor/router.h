#pragma once
// Walks the devices of the apps that messages are for, page by page: writes the pending deliveries of a page, then has
// them forwarded. One round at a time: a page of each app that is being walked, so that an app with many devices does
// not hold up the others, and of two messages of one app the earlier one reaches each device first.

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <unordered_set>
#include <vector>

#include "base/executor.h"
#include "domain/ids.h"
#include "roles/monitor/back_off.h"
#include "roles/monitor/forwarder.h"
#include "roles/monitor/monitor_ports.h"
#include "roles/monitor/routed.h"

namespace herald::roles::monitor {

// On the monitor's loop only.
class Router {
 public:
  Router(const MonitorConfig& config, const MonitorPorts& ports, Forwarder& forwarder);

  // Takes messages, oldest first (their user_agents are not read; one that has expired is only marked as
  // routed). `done` runs when the first page of each was forwarded; further pages follow by themselves.
  //   From newMessages: `done` settles them there, and runs later if a server's queue did not take its part.
  //   From the sweep: nothing but their state in the store leads to them again if this process ends. They are marked as
  //   routed in a write of its own, after everybody was told.
  enum class From : std::uint8_t { kQueue, kSweep };
  void submit(From from, std::vector<Routed> messages, Task done);
  // True from submit() until the last page of the message was forwarded.
  [[nodiscard]] bool routing(const MessageId& message) const { return routing_.contains(message); }
  [[nodiscard]] bool idle() const { return !busy_ && walks_.empty() && waiting_.empty() && to_close_.empty(); }

 private:
  struct Submission {
    From from;
    std::vector<Routed> messages;
    Task done;
  };
  // The messages of one app that have come to the same device.
  struct Walk {
    AppId app;
    std::vector<Routed> messages;
    std::optional<UserAgentId> after;
    std::optional<ports::NodePage> page;  // null while unread, and after a failed look
    bool failed = false;
    bool swept = false;  // some came from the sweep
    // All was forwarded, and what is left is to say so in the store. Until then the sweep finds the messages, should
    // this process end. Those of one page from newMessages need none of this: they are not settled there yet.
    bool closing = false;
  };

  void next_round();
  void take_waiting();
  void read_pages();
  void page_read(std::size_t walk, Result<ports::NodePage> page);
  void give_up(Walk& walk, const Error& error);
  void plan_writes();
  void write_next();
  void written(const Result<ports::AddOutcome>& outcome);
  void halve_first_write();
  void unwritable(const Error& error);
  void end_round();
  void close_when_clear(Walk walk);
  void finish(const Walk& walk);
  void wait_then(Task task, const Error& error);

  const MonitorConfig& config_;
  const MonitorPorts& ports_;
  Forwarder& forwarder_;
  BackOff wait_;
  bool busy_ = false;
  std::deque<Submission> waiting_;
  std::vector<Walk> walks_;
  std::vector<Walk> to_close_;
  struct Settle {
    From from;
    std::size_t messages;
    Task done;
  };
  std::vector<Settle> settles_;  // of the submissions that joined in this round
  std::size_t pages_unread_ = 0;
  std::optional<Error> page_error_;
  struct Write {
    std::vector<Routed> items;
    std::vector<bool> last_page;
    [[nodiscard]] std::size_t deliveries() const;
  };
  std::deque<Write> writes_;  // of this round, in order
  bool looked_ = false;       // only with a planted fault: the locations were read first
  // What one write may have now: grows with each that the store had time for, and shrinks with each that it had not.
  std::size_t deliveries_at_once_;
  std::unordered_set<MessageId, IdHash> routing_;
  Counter& routed_;
  Counter& deliveries_;
  Counter& dropped_;
  Counter& retries_;
  Counter& failed_;
  Histogram& route_seconds_;
};

}  // namespace herald::roles::monitor
