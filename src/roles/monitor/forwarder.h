#pragma once
// Looks where devices are and tells the servers that hold them. The pending deliveries must be written before: a device
// that connects after the look finds them itself.
//
// What a server's queue did not take is kept, up to backlog_max envelopes, behind which that server's later ones wait;
// a timer looks again where those devices are by then and tells that server. Past backlog_max an envelope is dropped
// and counted; its devices read the store at their next ack or connection. While something is kept, nothing that was
// forwarded is called done for good (when_clear()): should this process end, another monitor forwards it again.

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "base/executor.h"
#include "domain/ids.h"
#include "protocol/queue/envelope.h"
#include "roles/monitor/back_off.h"
#include "roles/monitor/monitor_ports.h"
#include "roles/monitor/routed.h"
#include "roles/monitor/sorting.h"
#include "roles/monitor/whereabouts.h"

namespace herald::roles::monitor {

// On the monitor's loop only.
class Forwarder {
 public:
  Forwarder(const MonitorConfig& config, const MonitorPorts& ports);

  // Runs `done` when each publish was answered. If the directory is away it waits and looks again.
  void forward(std::vector<Routed> items, Task done);
  // Runs `task` once nothing is kept any more; at once if nothing is, or if more than unsettled_max `messages` wait,
  // the oldest first: a queue that takes nothing for long must not hold up the others.
  void when_clear(std::size_t messages, Task task);
  [[nodiscard]] std::size_t backlog() const { return backlog_size_; }

 private:
  using Envelopes = std::vector<protocol::queue::Deliver>;
  // One look and the publishes that follow from it.
  struct Round;

  void locate(std::shared_ptr<Round> round);
  void send(std::shared_ptr<Round> round, Outgoing outgoing);
  void publish(std::shared_ptr<Round> round, const ServerId& server, Envelopes envelopes);
  void answered(const std::shared_ptr<Round>& round, const ServerId& server, Envelopes envelopes, const Status& status);
  [[nodiscard]] bool must_wait(const Round& round, const ServerId& server) const;
  void keep(const ServerId& server, Envelopes envelopes, bool in_front);
  void plan_retry();
  void retry();
  [[nodiscard]] std::vector<Routed> take_backlog();
  void retried();
  [[nodiscard]] bool clear() const { return backlog_.empty() && retrying_.empty(); }
  void run_deferred(std::size_t unsettled_max);

  const MonitorConfig& config_;
  const MonitorPorts& ports_;
  Whereabouts whereabouts_;
  BackOff retry_wait_;
  std::map<ServerId, std::deque<protocol::queue::Deliver>> backlog_;
  std::size_t backlog_size_ = 0;
  std::set<ServerId> retrying_;  // servers whose oldest envelopes are being tried again
  bool retry_planned_ = false;
  struct Deferred {
    std::size_t messages;
    Task task;
  };
  std::deque<Deferred> deferred_;  // until clear()
  std::size_t deferred_messages_ = 0;
  Counter& refused_;
  Counter& dropped_;
};

}  // namespace herald::roles::monitor
