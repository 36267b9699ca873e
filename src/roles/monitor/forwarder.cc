#include "roles/monitor/forwarder.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/check.h"

namespace herald::roles::monitor {

using protocol::queue::Deliver;

namespace {

std::vector<std::string> encode_all(const std::vector<Deliver>& envelopes) {
  std::vector<std::string> bodies;
  bodies.reserve(envelopes.size());
  for (const auto& envelope : envelopes) bodies.push_back(protocol::queue::encode(envelope));
  return bodies;
}

}  // namespace

struct Forwarder::Round {
  std::vector<Routed> items;
  Task done;
  bool again = false;  // from the backlog
  bool refused = false;
  std::size_t unanswered = 0;
  BackOff wait;
};

Forwarder::Forwarder(const MonitorConfig& config, const MonitorPorts& ports)
    : config_(config),
      ports_(ports),
      whereabouts_(ports),
      retry_wait_(config.retry_first, config.retry_most),
      refused_(ports.metrics.counter("herald_forward_refused_total",
                                     "Envelopes that a server's queue did not take at first.")),
      dropped_(ports.metrics.counter("herald_forward_dropped_total",
                                     "Envelopes given up because too many waited for a server's queue.")) {}

void Forwarder::forward(std::vector<Routed> items, Task done) {
  auto round = std::make_shared<Round>(Round{.items = std::move(items),
                                             .done = std::move(done),
                                             .again = false,
                                             .refused = false,
                                             .unanswered = 0,
                                             .wait = BackOff(config_.retry_first, config_.retry_most)});
  locate(std::move(round));
}

void Forwarder::locate(std::shared_ptr<Round> round) {
  auto devices = devices_of(round->items);
  if (devices.empty()) return ports_.loop.post([round] { round->done(); });
  auto found = [this, round](Result<Locations> locations) mutable {
    if (locations) {
      auto outgoing = sort_by_server(round->items, *locations, config_.targets_per_envelope);
      return send(std::move(round), std::move(outgoing));
    }
    ports_.log.warning("devices not located, will be looked for again", {{"reason", locations.error().message}});
    const auto wait = round->wait.next();
    ports_.timers.run_after(wait, [this, round = std::move(round)] { locate(round); });
  };
  whereabouts_.find(std::move(devices), std::move(found));
}

void Forwarder::send(std::shared_ptr<Round> round, Outgoing outgoing) {
  round->items.clear();
  round->unanswered = 1;
  for (auto& [server, envelopes] : outgoing) {
    if (must_wait(*round, server)) {
      keep(server, std::move(envelopes), false);
    } else {
      publish(round, server, std::move(envelopes));
    }
  }
  if (--round->unanswered == 0) round->done();
}

// What is older goes first.
bool Forwarder::must_wait(const Round& round, const ServerId& server) const {
  if (round.again) return false;
  return retrying_.contains(server) || backlog_.contains(server);
}

void Forwarder::publish(std::shared_ptr<Round> round, const ServerId& server, Envelopes envelopes) {
  ++round->unanswered;
  auto bodies = encode_all(envelopes);
  auto taken = [this, round = std::move(round), server, envelopes = std::move(envelopes)](Status status) mutable {
    answered(round, server, std::move(envelopes), status);
  };
  ports_.queue.publish(server, std::move(bodies), Reply<Status>(ports_.loop, std::move(taken)));
}

void Forwarder::answered(const std::shared_ptr<Round>& round, const ServerId& server, Envelopes envelopes,
                         const Status& status) {
  if (!status) {
    if (!round->again) refused_.add(envelopes.size());
    round->refused = true;
    keep(server, std::move(envelopes), round->again);
  }
  if (--round->unanswered > 0) return;
  if (round->again && !round->refused) retry_wait_.reset();
  round->done();
}

void Forwarder::keep(const ServerId& server, Envelopes envelopes, bool in_front) {
  const auto room = config_.backlog_max - std::min(config_.backlog_max, backlog_size_);
  if (envelopes.size() > room) {
    dropped_.add(envelopes.size() - room);
    envelopes.resize(room);
  }
  if (!envelopes.empty()) {
    auto& queue = backlog_[server];
    queue.insert(in_front ? queue.begin() : queue.end(), std::make_move_iterator(envelopes.begin()),
                 std::make_move_iterator(envelopes.end()));
    backlog_size_ += envelopes.size();
  }
  if (retrying_.empty()) plan_retry();
}

void Forwarder::plan_retry() {
  if (retry_planned_ || backlog_.empty()) return;
  retry_planned_ = true;
  ports_.timers.run_after(retry_wait_.next(), [this] {
    retry_planned_ = false;
    retry();
  });
}

void Forwarder::retry() {
  HERALD_CHECK(retrying_.empty(), "one retry at a time");
  auto items = take_backlog();
  if (items.empty()) return run_deferred(0);
  auto round = std::make_shared<Round>(Round{.items = std::move(items),
                                             .done = [this] { retried(); },
                                             .again = true,
                                             .refused = false,
                                             .unanswered = 0,
                                             .wait = BackOff(config_.retry_first, config_.retry_most)});
  locate(std::move(round));
}

// The oldest envelopes of each server, as much as one write may have; what has expired meanwhile is left out.
std::vector<Routed> Forwarder::take_backlog() {
  std::vector<Routed> items;
  const auto now = ports_.clock.wall();
  for (auto& [server, queue] : backlog_) {
    retrying_.insert(server);
    std::size_t targets = 0;
    while (!queue.empty() && targets < config_.deliveries_per_write) {
      if (now < queue.front().expires_at) {
        items.push_back(as_routed(queue.front()));
        targets += items.back().user_agents.size();
      }
      queue.pop_front();
      --backlog_size_;
    }
  }
  std::erase_if(backlog_, [](const auto& entry) { return entry.second.empty(); });
  if (items.empty()) retrying_.clear();
  return items;
}

void Forwarder::retried() {
  retrying_.clear();
  plan_retry();
  if (clear()) run_deferred(0);
}

void Forwarder::when_clear(std::size_t messages, Task task) {
  if (clear()) return task();
  deferred_messages_ += messages;
  deferred_.push_back({messages, std::move(task)});
  run_deferred(config_.unsettled_max);
}

void Forwarder::run_deferred(std::size_t unsettled_max) {
  while (!deferred_.empty() && (unsettled_max == 0 || deferred_messages_ > unsettled_max)) {
    Deferred first = std::move(deferred_.front());
    deferred_.pop_front();
    deferred_messages_ -= first.messages;
    first.task();
  }
}

}  // namespace herald::roles::monitor
