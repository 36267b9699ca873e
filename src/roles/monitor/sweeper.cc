#include "roles/monitor/sweeper.h"

#include <chrono>
#include <utility>

#include "base/planted.h"
#include "domain/message_id_source.h"

namespace herald::roles::monitor {

using std::chrono::milliseconds;

Sweeper::Sweeper(const MonitorConfig& config, const MonitorPorts& ports, Router& router)
    : config_(config),
      ports_(ports),
      router_(router),
      wait_(config.retry_first, config.retry_most),
      swept_(ports.metrics.counter("herald_swept_total", "Messages routed by the sweep instead of the queue.")),
      expired_(ports.metrics.counter("herald_expired_total", "Messages that expired before every device had them.")),
      purged_(ports.metrics.counter("herald_purged_total", "Finished messages removed with their receipts.")),
      unreadable_(ports.metrics.counter("herald_sweep_unreadable_total",
                                        "Unrouted messages that the sweep passed over because they are damaged.")) {}

void Sweeper::start(Task swept) {
  first_swept_ = std::move(swept);
  begin();
}

void Sweeper::stop() {
  stopped_ = true;
  ports_.timers.cancel(timer_);
}

void Sweeper::tick() {
  if (stopped_) return;
  timer_ = ports_.timers.run_after(milliseconds(config_.limits.sweep_interval_ms), [this] { tick(); });
  if (!purging_) purge(config_.purges_per_tick);
  if (!sweeping_) begin();
}

void Sweeper::purge(std::size_t calls_left) {
  purging_ = true;
  auto purged = [this, calls_left](Result<ports::PurgeOutcome> outcome) {
    purging_ = false;
    if (!outcome) return ports_.log.warning("purge failed", {{"reason", outcome.error().message}});
    expired_.add(outcome->expired);
    purged_.add(outcome->removed);
    if (outcome->more && calls_left > 1 && !stopped_) purge(calls_left - 1);
  };
  ports_.messages.purge(ports_.clock.wall(), std::chrono::seconds(config_.limits.receipt_retention_s),
                        config_.sweep_page, Reply<Result<ports::PurgeOutcome>>(ports_.loop, std::move(purged)));
}

void Sweeper::begin() {
  sweeping_ = true;
  auto found = [this](const Result<std::optional<MessageId>>& newest) {
    if (!newest && may_pass(newest.error().kind)) return failed(newest.error());
    const auto id = newest ? *newest : std::nullopt;
    look(std::nullopt, first_swept_ ? everything(id) : aged(id));
  };
  ports_.messages.newest(Reply<Result<std::optional<MessageId>>>(ports_.loop, std::move(found)));
}

Sweeper::Bound Sweeper::everything(const std::optional<MessageId>& newest) const {
  const WallTime now = ports_.clock.wall();
  if (!newest || made_at(*newest) < now) return {now, std::nullopt};
  return {made_at(*newest) + milliseconds(1), newest};
}

// Messages that were accepted while the clock was ahead look young until it has caught up. So an age is also counted by
// the monotonic clock: what the newest id of some sweeps ago was, is old now, whatever time it was made at.
Sweeper::Bound Sweeper::aged(const std::optional<MessageId>& newest) {
  const milliseconds age(config_.limits.sweep_age_ms);
  const MonoTime now = ports_.clock.mono();
  if (!seen_at_) seen_at_ = now;
  if (now - *seen_at_ >= age) {
    old_ = std::exchange(seen_, newest);
    seen_at_ = now;
  }
  const WallTime before = ports_.clock.wall() - age;
  if (!old_ || made_at(*old_) < before) return {before, std::nullopt};
  return {made_at(*old_) + milliseconds(1), old_};
}

void Sweeper::look(std::optional<MessageId> after, Bound bound) {
  if (stopped_) return ended();
  auto looked = [this, bound](Result<std::vector<ports::Unrouted>> found) {
    if (!found) return failed(found.error());
    if (bound.last) std::erase_if(*found, [&](const auto& one) { return one.message > *bound.last; });
    if (found->empty()) return ended();
    fetch(std::move(*found), bound);
  };
  ports_.messages.unrouted(after, bound.before, config_.sweep_page,
                           Reply<Result<std::vector<ports::Unrouted>>>(ports_.loop, std::move(looked)));
}

void Sweeper::fetch(std::vector<ports::Unrouted> found, Bound bound) {
  std::vector<MessageId> ids;
  for (const auto& one : found) ids.push_back(one.message);
  auto fetched = [this, bound, found = std::move(found)](Result<std::vector<MessagePtr>> messages) mutable {
    if (!messages && may_pass(messages.error().kind)) return failed(messages.error());
    if (!messages) return unreadable(std::move(found), bound, messages.error());
    submit(found, *messages, bound);
  };
  ports_.messages.fetch(std::move(ids), ports_.clock.wall(),
                        Reply<Result<std::vector<MessagePtr>>>(ports_.loop, std::move(fetched)));
}

// The first half is tried alone; the sweep then goes on behind it. A damaged message that is alone is passed over.
void Sweeper::unreadable(std::vector<ports::Unrouted> found, Bound bound, const Error& error) {
  if (found.size() > 1) {
    found.resize(found.size() / 2);
    return fetch(std::move(found), bound);
  }
  unreadable_.add();
  ports_.log.error("unrouted message not readable",
                   {{"message", found.front().message.hex()}, {"reason", error.message}});
  look(found.front().message, bound);
}

void Sweeper::submit(const std::vector<ports::Unrouted>& found, const std::vector<MessagePtr>& messages, Bound bound) {
  std::vector<Routed> routed;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (router_.routing(found[i].message)) continue;
    if (planted::is(planted::Fault::kSweepSkipsAMessage) && i + 1 == found.size()) continue;
    remember(found[i].message);
    // One that has ended needs no devices; an expiry in the past has it only marked.
    Routed item{found[i].message, found[i].app, Priority::kPassive, WallTime{}, {}};
    if (messages[i]) {
      item.priority = messages[i]->priority;
      item.expires_at = messages[i]->expires_at;
    }
    routed.push_back(std::move(item));
  }
  swept_.add(routed.size());
  if (!routed.empty())
    ports_.log.info("unrouted messages found", {{"count", static_cast<std::int64_t>(routed.size())}});
  wait_.reset();
  router_.submit(Router::From::kSweep, std::move(routed),
                 [this, last = found.back().message, bound] { look(last, bound); });
}

void Sweeper::remember(const MessageId& message) {
  if (!known_.insert(message).second) return;
  known_order_.push_back(message);
  if (known_order_.size() <= config_.swept_kept) return;
  known_.erase(known_order_.front());
  known_order_.pop_front();
}

// Later sweeps come back by themselves. The first one is given up only if the store could never answer it, so that new
// messages are routed nevertheless.
void Sweeper::failed(const Error& error) {
  ports_.log.warning("sweep failed", {{"reason", error.message}});
  if (!first_swept_ || stopped_ || !may_pass(error.kind)) return ended();
  sweeping_ = false;
  timer_ = ports_.timers.run_after(wait_.next(), [this] { begin(); });
}

void Sweeper::ended() {
  sweeping_ = false;
  if (!first_swept_ || stopped_) return;
  auto swept = std::exchange(first_swept_, nullptr);
  swept();
  tick();
}

}  // namespace herald::roles::monitor
