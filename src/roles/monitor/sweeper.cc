#include "roles/monitor/sweeper.h"

#include <chrono>
#include <utility>

#include "base/planted.h"

namespace herald::roles::monitor {

using std::chrono::milliseconds;

Sweeper::Sweeper(const MonitorConfig& config, const MonitorPorts& ports, Router& router)
    : config_(config),
      ports_(ports),
      router_(router),
      wait_(config.retry_first, config.retry_most),
      swept_(ports.metrics.counter("herald_swept_total", "Messages routed by the sweep instead of the queue.")),
      expired_(ports.metrics.counter("herald_expired_total", "Messages that expired before every device had them.")),
      purged_(ports.metrics.counter("herald_purged_total", "Finished messages removed with their receipts.")) {}

void Sweeper::start(Task swept) {
  first_swept_ = std::move(swept);
  sweep(ports_.clock.wall());
}

void Sweeper::stop() {
  stopped_ = true;
  ports_.timers.cancel(timer_);
}

void Sweeper::tick() {
  if (stopped_) return;
  timer_ = ports_.timers.run_after(milliseconds(config_.limits.sweep_interval_ms), [this] { tick(); });
  if (!purging_) purge(config_.purges_per_tick);
  if (!sweeping_) sweep(ports_.clock.wall() - milliseconds(config_.limits.sweep_age_ms));
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

void Sweeper::sweep(WallTime before) {
  sweeping_ = true;
  look(std::nullopt, before);
}

void Sweeper::look(std::optional<MessageId> after, WallTime before) {
  if (stopped_) return ended();
  auto looked = [this, before](Result<std::vector<ports::Unrouted>> found) {
    if (!found) return failed(found.error(), before);
    if (found->empty()) return ended();
    fetch(std::move(*found), before);
  };
  ports_.messages.unrouted(after, before, config_.sweep_page,
                           Reply<Result<std::vector<ports::Unrouted>>>(ports_.loop, std::move(looked)));
}

void Sweeper::fetch(std::vector<ports::Unrouted> found, WallTime before) {
  std::vector<MessageId> ids;
  for (const auto& one : found) ids.push_back(one.message);
  auto fetched = [this, before, found = std::move(found)](Result<std::vector<MessagePtr>> messages) {
    if (!messages) return failed(messages.error(), before);
    submit(found, *messages, before);
  };
  ports_.messages.fetch(std::move(ids), ports_.clock.wall(),
                        Reply<Result<std::vector<MessagePtr>>>(ports_.loop, std::move(fetched)));
}

void Sweeper::submit(const std::vector<ports::Unrouted>& found, const std::vector<MessagePtr>& messages,
                     WallTime before) {
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
  router_.submit(std::move(routed), [this, last = found.back().message, before] { look(last, before); });
}

void Sweeper::remember(const MessageId& message) {
  if (!known_.insert(message).second) return;
  known_order_.push_back(message);
  if (known_order_.size() <= config_.swept_kept) return;
  known_.erase(known_order_.front());
  known_order_.pop_front();
}

// Later sweeps come back by themselves; only the first one must not be given up.
void Sweeper::failed(const Error& error, WallTime before) {
  ports_.log.warning("sweep failed", {{"reason", error.message}});
  if (!first_swept_ || stopped_) return ended();
  sweeping_ = false;
  timer_ = ports_.timers.run_after(wait_.next(), [this, before] { sweep(before); });
}

void Sweeper::ended() {
  sweeping_ = false;
  if (!first_swept_ || stopped_) return;
  auto swept = std::exchange(first_swept_, nullptr);
  swept();
  tick();
}

}  // namespace herald::roles::monitor
