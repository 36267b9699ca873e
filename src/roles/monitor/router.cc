#include "roles/monitor/router.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <unordered_map>
#include <utility>

#include "base/planted.h"
#include "domain/message_id_source.h"

namespace herald::roles::monitor {

namespace {
// Nothing is known of the store yet; it takes few writes to reach deliveries_per_write.
constexpr std::size_t kFirstAtOnce = 256;
}  // namespace

// A message that nobody is registered for is a row to change, too.
std::size_t Router::Write::deliveries() const {
  std::size_t count = 0;
  for (const auto& item : items) count += std::max<std::size_t>(1, item.user_agents.size());
  return count;
}

Router::Router(const MonitorConfig& config, const MonitorPorts& ports, Forwarder& forwarder)
    : config_(config),
      ports_(ports),
      forwarder_(forwarder),
      wait_(config.retry_first, config.retry_most),
      deliveries_at_once_(std::min(kFirstAtOnce, config.deliveries_per_write)),
      routed_(ports.metrics.counter("herald_routed_total", "Messages routed to all devices of their app.")),
      deliveries_(ports.metrics.counter("herald_deliveries_total", "Pending deliveries written.")),
      dropped_(ports.metrics.counter("herald_dropped_total",
                                     "Deliveries pushed out because too many waited for one device.")),
      retries_(ports.metrics.counter("herald_route_retries_total", "Store calls of the monitor that were repeated.")),
      failed_(ports.metrics.counter("herald_route_failures_total",
                                    "Messages left to the sweep because they or their app could not be read.")),
      route_seconds_(ports.metrics.histogram("herald_route_seconds",
                                             "Time from acceptance of a message to its routing.",
                                             {0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5, 30, 300})) {}

void Router::submit(From from, std::vector<Routed> messages, Task done) {
  for (const auto& message : messages) routing_.insert(message.message);
  waiting_.push_back({from, std::move(messages), std::move(done)});
  if (!busy_) next_round();
}

void Router::next_round() {
  take_waiting();
  if (walks_.empty() && settles_.empty()) return;
  busy_ = true;
  read_pages();
}

// New walks begin behind the old ones, so that they never overtake a walk of the same app.
void Router::take_waiting() {
  std::ranges::move(std::exchange(to_close_, {}), std::back_inserter(walks_));
  if (walks_.size() >= config_.walks_max) return;
  std::unordered_map<AppId, std::size_t, IdHash> begun;
  for (auto& submission : waiting_) {
    settles_.push_back({submission.from, submission.messages.size(), std::move(submission.done)});
    for (auto& message : submission.messages) {
      const auto [at, fresh] = begun.emplace(message.app, walks_.size());
      if (fresh) walks_.push_back(Walk{message.app, {}, std::nullopt, std::nullopt});
      walks_[at->second].swept |= submission.from == From::kSweep;
      auto& messages = walks_[at->second].messages;
      const bool in_front = planted::is(planted::Fault::kNewestFirst);
      messages.insert(in_front ? messages.begin() : messages.end(), std::move(message));
    }
  }
  waiting_.clear();
}

void Router::read_pages() {
  page_error_.reset();
  pages_unread_ = static_cast<std::size_t>(
      std::count_if(walks_.begin(), walks_.end(), [](const Walk& walk) { return !walk.page; }));
  if (pages_unread_ == 0) return plan_writes();
  for (std::size_t i = 0; i < walks_.size(); ++i) {
    if (walks_[i].page) continue;
    ports_.directory.nodes_of(walks_[i].app, walks_[i].after, config_.limits.route_page,
                              Reply<Result<ports::NodePage>>(ports_.loop, [this, i](Result<ports::NodePage> page) {
                                page_read(i, std::move(page));
                              }));
  }
}

void Router::page_read(std::size_t walk, Result<ports::NodePage> page) {
  if (page) {
    page->more = page->more && !page->user_agents.empty();
    walks_[walk].page = std::move(*page);
  } else if (may_pass(page.error().kind)) {
    page_error_ = page.error();
  } else {
    give_up(walks_[walk], page.error());
  }
  if (--pages_unread_ > 0) return;
  if (page_error_) return wait_then([this] { read_pages(); }, *page_error_);
  plan_writes();
}

// One app that can't be read does not hold up the others: its messages stay unrouted, and the sweep comes back to them.
void Router::give_up(Walk& walk, const Error& error) {
  walk.page = ports::NodePage{};
  if (error.kind == ErrorKind::kNotFound) return;
  walk.failed = true;
  failed_.add(walk.messages.size());
  ports_.log.error("devices of an app not readable", {{"app", walk.app.hex()}, {"reason", error.message}});
}

// Cuts the round into writes of a bounded size; nearly always there is one.
void Router::plan_writes() {
  writes_.clear();
  std::size_t deliveries = 0;
  const auto now = ports_.clock.wall();
  static const std::vector<UserAgentId> kNobody;
  for (const auto& walk : walks_) {
    if (walk.failed) continue;
    const bool last = walk.closing || (!walk.page->more && !walk.after && !walk.swept);
    for (const auto& message : walk.messages) {
      const auto& devices = now < message.expires_at ? walk.page->user_agents : kNobody;
      if (writes_.empty() || deliveries + devices.size() > config_.deliveries_per_write) {
        writes_.emplace_back();
        deliveries = 0;
      }
      deliveries += devices.size();
      auto& write = writes_.back();
      write.items.push_back({message.message, message.app, message.priority, message.expires_at, devices});
      write.last_page.push_back(last);
    }
  }
  write_next();
}

void Router::write_next() {
  if (writes_.empty()) return end_round();
  while (writes_.front().items.size() > 1 && writes_.front().deliveries() > deliveries_at_once_) halve_first_write();
  std::vector<ports::NewDeliveries> entries;
  const auto& write = writes_.front();
  for (std::size_t i = 0; i < write.items.size(); ++i) {
    entries.push_back({write.items[i].message, write.items[i].user_agents, write.last_page[i]});
  }
  if (planted::is(planted::Fault::kLooksBeforeItStores) && !looked_) {
    looked_ = true;
    return forwarder_.forward(write.items, [this] { write_next(); });
  }
  ports_.deliveries.add(
      std::move(entries), ports_.clock.wall(),
      Reply<Result<ports::AddOutcome>>(ports_.loop, [this](Result<ports::AddOutcome> outcome) { written(outcome); }));
}

// Only now are the locations read: a device that connects later finds the pending deliveries by itself.
void Router::written(const Result<ports::AddOutcome>& outcome) {
  if (!outcome) {
    if (!may_pass(outcome.error().kind)) return unwritable(outcome.error());
    deliveries_at_once_ = std::max<std::size_t>(1, writes_.front().deliveries() / 2);
    return wait_then([this] { write_next(); }, outcome.error());
  }
  deliveries_at_once_ = std::min(2 * deliveries_at_once_, config_.deliveries_per_write);
  wait_.reset();
  deliveries_.add(outcome->added);
  dropped_.add(outcome->dropped);
  auto items = std::move(writes_.front().items);
  writes_.pop_front();
  if (planted::is(planted::Fault::kLooksBeforeItStores)) {
    looked_ = false;
    return write_next();
  }
  forwarder_.forward(std::move(items), [this] { write_next(); });
}

// One message that can't be read does not hold up the others: it is found among them, and left to the sweep. Only those
// are forwarded whose deliveries were written.
void Router::unwritable(const Error& error) {
  if (writes_.front().items.size() > 1) {
    halve_first_write();
    return write_next();
  }
  const Routed item = std::move(writes_.front().items.front());
  writes_.pop_front();
  failed_.add();
  ports_.log.error("message not readable", {{"message", item.message.hex()}, {"reason", error.message}});
  for (auto& walk : walks_) {
    std::erase_if(walk.messages, [&](const Routed& message) { return message.message == item.message; });
  }
  routing_.erase(item.message);
  write_next();
}

// A slow store may have no time for as much as was asked of it; the same again would fail for ever. What is tried after
// a failure is half of it, and so on; what a monitor learnt holds for its next rounds.
void Router::halve_first_write() {
  Write& first = writes_.front();
  const auto half = static_cast<std::ptrdiff_t>(first.items.size() / 2);
  if (half == 0) return;
  Write rest;
  rest.items.assign(std::make_move_iterator(first.items.begin() + half), std::make_move_iterator(first.items.end()));
  rest.last_page.assign(first.last_page.begin() + half, first.last_page.end());
  first.items.erase(first.items.begin() + half, first.items.end());
  first.last_page.erase(first.last_page.begin() + half, first.last_page.end());
  writes_.insert(writes_.begin() + 1, std::move(rest));
}

void Router::end_round() {
  for (auto& walk : walks_) {
    if (walk.page->more) {
      walk.after = walk.page->user_agents.back();
      walk.page.reset();
    } else if ((walk.after || walk.swept) && !walk.closing && !walk.failed) {
      close_when_clear(std::exchange(walk, {}));
    } else {
      finish(walk);
      walk.messages.clear();
    }
  }
  std::erase_if(walks_, [](const Walk& walk) { return walk.messages.empty(); });
  for (auto& [from, messages, done] : std::exchange(settles_, {})) {
    from == From::kSweep ? done() : forwarder_.when_clear(messages, std::move(done));
  }
  busy_ = false;
  next_round();
}

void Router::close_when_clear(Walk walk) {
  walk.closing = true;
  walk.page = ports::NodePage{};
  const std::size_t messages = walk.messages.size();
  forwarder_.when_clear(messages, [this, walk = std::move(walk)]() mutable {
    to_close_.push_back(std::move(walk));
    if (!busy_) next_round();
  });
}

void Router::finish(const Walk& walk) {
  const auto now = ports_.clock.wall();
  for (const auto& message : walk.messages) {
    routing_.erase(message.message);
    if (walk.failed) continue;
    routed_.add();
    // An id may be ahead of the time (MessageIdSource).
    route_seconds_.observe(std::max(0.0, std::chrono::duration<double>(now - made_at(message.message)).count()));
    if (ports_.log.enabled(LogLevel::kDebug)) {
      ports_.log.debug("message routed", {{"message", message.message.hex()}});
    }
  }
}

void Router::wait_then(Task task, const Error& error) {
  retries_.add();
  ports_.log.warning("routing waits for the store", {{"reason", error.message}});
  ports_.timers.run_after(wait_.next(), std::move(task));
}

}  // namespace herald::roles::monitor
