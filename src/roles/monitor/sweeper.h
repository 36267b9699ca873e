#pragma once
// Finds what was stored but never routed (a queue message that was lost or refused, a crash in between), and removes
// what is over. On start everything unrouted, later what is older than sweep_age_ms.

#include <cstddef>
#include <deque>
#include <optional>
#include <unordered_set>
#include <vector>

#include "base/executor.h"
#include "base/timer.h"
#include "domain/ids.h"
#include "ports/message_store.h"
#include "roles/monitor/back_off.h"
#include "roles/monitor/monitor_ports.h"
#include "roles/monitor/router.h"

namespace herald::roles::monitor {

// On the monitor's loop only.
class Sweeper {
 public:
  Sweeper(const MonitorConfig& config, const MonitorPorts& ports, Router& router);

  // Sweeps everything stored until now, trying until the store answers; then runs `swept` and goes on by timer.
  void start(Task swept);
  void stop();
  // True if the message was swept lately: its message on the queue need not be routed again.
  [[nodiscard]] bool swept(const MessageId& message) const { return known_.contains(message); }
  [[nodiscard]] bool sweeping() const { return sweeping_; }

 private:
  void tick();
  void purge(std::size_t calls_left);
  void sweep(WallTime before);
  void look(std::optional<MessageId> after, WallTime before);
  void fetch(std::vector<ports::Unrouted> found, WallTime before);
  void submit(const std::vector<ports::Unrouted>& found, const std::vector<MessagePtr>& messages, WallTime before);
  void remember(const MessageId& message);
  void failed(const Error& error, WallTime before);
  void ended();

  const MonitorConfig& config_;
  const MonitorPorts& ports_;
  Router& router_;
  BackOff wait_;
  Task first_swept_;  // empty once the first sweep is over
  TimerId timer_ = 0;
  bool stopped_ = false;
  bool sweeping_ = false;
  bool purging_ = false;
  std::unordered_set<MessageId, IdHash> known_;
  std::deque<MessageId> known_order_;
  Counter& swept_;
  Counter& expired_;
  Counter& purged_;
};

}  // namespace herald::roles::monitor
