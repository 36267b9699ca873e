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
  // What a sweep takes: messages accepted before `before`, with ids up to `last`.
  struct Bound {
    WallTime before;
    std::optional<MessageId> last;  // none: all
  };

  void tick();
  void purge(std::size_t calls_left);
  void begin();
  [[nodiscard]] Bound everything(const std::optional<MessageId>& newest) const;
  [[nodiscard]] Bound aged(const std::optional<MessageId>& newest);
  void look(std::optional<MessageId> after, Bound bound);
  void fetch(std::vector<ports::Unrouted> found, Bound bound);
  void unreadable(std::vector<ports::Unrouted> found, Bound bound, const Error& error);
  void submit(const std::vector<ports::Unrouted>& found, const std::vector<MessagePtr>& messages, Bound bound);
  void remember(const MessageId& message);
  void failed(const Error& error);
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
  std::optional<MonoTime> seen_at_;  // when `seen_` was the newest id of the store
  std::optional<MessageId> seen_;
  std::optional<MessageId> old_;  // the newest id at least sweep_age_ms ago
  std::unordered_set<MessageId, IdHash> known_;
  std::deque<MessageId> known_order_;
  Counter& swept_;
  Counter& expired_;
  Counter& purged_;
  Counter& unreadable_;
};

}  // namespace herald::roles::monitor
