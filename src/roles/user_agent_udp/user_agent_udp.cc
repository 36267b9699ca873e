#include "roles/user_agent_udp/user_agent_udp.h"

#include <algorithm>
#include <unordered_set>
#include <utility>
#include <variant>

#include "base/encoding.h"
#include "protocol/wakeup/ping.h"

namespace herald::roles::user_agent_udp {

using protocol::queue::Deliver;
using std::chrono::milliseconds;

namespace {

std::vector<UserAgentId> devices_of(const std::vector<Deliver>& envelopes) {
  std::vector<UserAgentId> devices;
  std::unordered_set<UserAgentId, IdHash> seen;
  for (const auto& envelope : envelopes) {
    for (const auto& target : envelope.targets) {
      if (seen.insert(target.user_agent).second) devices.push_back(target.user_agent);
    }
  }
  return devices;
}

}  // namespace

struct UserAgentUdp::Walk {
  std::vector<Node> sleepers;
  std::optional<UserAgentId> after;
  milliseconds wait;
  std::size_t unread = 0;
  bool failed = false;
};

UserAgentUdp::UserAgentUdp(UserAgentUdpConfig config, UserAgentUdpPorts ports)
    : config_(std::move(config)),
      ports_(ports),
      scheduler_(config_.limits, config_.devices_max, config_.proof),
      nodes_(ports.directory, ports.loop, ports.log, ports.metrics),
      needs_(ports.deliveries, ports.loop, ports.clock, config_.limits, nullptr),
      sent_(
          ports.metrics.counter("herald_pings_total", "Wake-up pings, by what became of them.", {{"result", "sent"}})),
      unsent_(ports.metrics.counter("herald_pings_total", "Wake-up pings, by what became of them.",
                                    {{"result", "not_sent"}})),
      forbidden_(ports.metrics.counter("herald_pings_total", "Wake-up pings, by what became of them.",
                                       {{"result", "forbidden"}})),
      crowded_out_(ports.metrics.counter("herald_wakes_postponed_total",
                                         "Wakes put off because too many devices were waited for.")),
      damaged_(ports.metrics.counter("herald_damaged_envelopes_total", "Queue messages that could not be read.",
                                     {{"queue", config_.server_id}})),
      unreadable_(ports.metrics.counter("herald_sleepers_unreadable_total",
                                        "Sleeping devices, or lists of them, passed over because they are damaged.")),
      waiting_(ports.metrics.gauge("herald_sleeping_devices", "Sleeping devices that a ping is planned for.")) {}

void UserAgentUdp::start() {
  subscription_ = ports_.queue.subscribe(config_.server_id, config_.credit, ports_.loop,
                                         [this](ports::QueueBatch batch) { take(std::move(batch)); });
  look_through(config_.server_id);
}

void UserAgentUdp::look_through(const ServerId& server) {
  to_walk_.insert(server);
  if (!walking_) walk_next();
}

void UserAgentUdp::stop() {
  stopped_ = true;
  subscription_.reset();
  ports_.timers.cancel(timer_);
}

void UserAgentUdp::pulled(const PullNotice& notice) {
  const auto pinged = notice.ping.empty() ? std::nullopt : scheduler_.pinged_at(notice.user_agent);
  if (pinged && notice.ping == nonce_of(notice.user_agent, *pinged)) {
    scheduler_.proved(notice.user_agent, pinged->ip);
  }
  scheduler_.pulled(notice.user_agent, notice.anything_left, notice.as_of, ports_.clock.mono());
  arm();
}

void UserAgentUdp::take(ports::QueueBatch batch) {
  auto envelopes = std::make_shared<Envelopes>();
  for (const auto& body : batch.bodies) {
    auto envelope = protocol::queue::decode_for_server(body);
    if (!envelope) {
      damaged_.add();
      ports_.log.warning("deliver envelope unreadable", {{"reason", envelope.error().message}});
      continue;
    }
    // A take-over concerns servers that hold connections.
    if (auto* deliver = std::get_if<Deliver>(&*envelope)) envelopes->push_back(std::move(*deliver));
  }
  locate(std::move(envelopes), std::make_shared<ports::QueueBatch>(std::move(batch)), config_.retry_first);
}

// The batch is settled when the scheduler knows it; until then the queue's credit holds the monitor back.
void UserAgentUdp::locate(std::shared_ptr<Envelopes> envelopes, std::shared_ptr<ports::QueueBatch> batch,
                          milliseconds wait) {
  auto located = [this, envelopes, batch, wait](Result<std::vector<Node>> nodes) {
    if (nodes) {
      schedule(*envelopes, *nodes);
      batch->done();
      return ping_due();
    }
    ports_.log.warning("sleeping devices not located, will be looked for again", {{"reason", nodes.error().message}});
    ports_.timers.run_after(wait, [this, envelopes, batch, wait] {
      if (!stopped_) locate(envelopes, batch, std::min(wait * 2, config_.retry_most));
    });
  };
  nodes_.locate(devices_of(*envelopes), std::move(located));
}

void UserAgentUdp::schedule(const Envelopes& envelopes, const std::vector<Node>& nodes) {
  std::unordered_map<UserAgentId, const Node*, IdHash> by_device;
  for (const auto& node : nodes) by_device.emplace(node.user_agent, &node);
  for (const auto& envelope : envelopes) {
    for (const auto& target : envelope.targets) {
      const auto found = by_device.find(target.user_agent);
      if (found != by_device.end()) schedule_announced(*found->second, envelope.priority, envelope.expires_at);
    }
  }
}

// Who put it on this server's queue knew better which server is gone.
void UserAgentUdp::schedule_announced(const Node& node, Priority priority, WallTime expires_at) {
  const bool sleeps = node.location.kind == LocationKind::kSleeping && node.wake;
  if (!sleeps) return scheduler_.gone(node.user_agent, ports_.clock.mono());
  schedule_one(node, priority, expires_at);
}

void UserAgentUdp::schedule_one(const Node& node, Priority priority, WallTime expires_at) {
  const auto now = ports_.clock.mono();
  if (!config_.networks.allows(*node.wake)) return forbidden_.add();
  if (scheduler_.deliver(node.user_agent, *node.wake, priority, mono_of(expires_at), now)) return;
  crowded_out_.add();
  if (walking_) return;
  walked_ = config_.server_id;
  walk_later(std::nullopt, milliseconds(config_.limits.ping_gather_ms) + config_.retry_most);
}

void UserAgentUdp::schedule_needed(const Node& node, const WakeNeed& need) {
  for (const MessagePtr& message : need.messages()) {
    if (message) schedule_one(node, message->priority, message->expires_at);
  }
}

bool UserAgentUdp::is_ours(const Node& node) const {
  if (node.location.kind != LocationKind::kSleeping || !node.wake) return false;
  if (node.location.server == config_.server_id) return true;
  return config_.adopts && config_.adopts(node.user_agent, node.location.server);
}

void UserAgentUdp::ping_due() {
  if (stopped_) return;
  const auto now = ports_.clock.mono();
  std::vector<Ping> unsure;
  for (auto& ping : scheduler_.due(now)) {
    if (now - ping.located_at <= config_.located_for) {
      send(ping);
    } else {
      unsure.push_back(std::move(ping));
    }
  }
  if (!unsure.empty()) relocate(std::move(unsure));
  arm();
}

// A device that was located some time ago may have opened a WebSocket or sleep elsewhere by now.
void UserAgentUdp::relocate(std::vector<Ping> pings) {
  std::vector<UserAgentId> devices;
  for (const auto& ping : pings) devices.push_back(ping.user_agent);
  auto located = [this, pings = std::move(pings)](Result<std::vector<Node>> nodes) {
    if (stopped_) return;
    if (!nodes) return unsent_.add(pings.size());
    for (std::size_t i = 0; i < pings.size(); ++i) ping_where_found(pings[i], (*nodes)[i]);
    arm();
  };
  nodes_.locate(std::move(devices), std::move(located));
}

void UserAgentUdp::ping_where_found(const Ping& ping, const Node& node) {
  const auto now = ports_.clock.mono();
  if (!is_ours(node)) return scheduler_.gone(ping.user_agent, now);
  if (*node.wake != ping.wake) return scheduler_.moved(ping.user_agent, *node.wake, now);
  ping_if_pending(ping);
}

// A device may have pulled from another server, which tells nobody.
void UserAgentUdp::ping_if_pending(const Ping& ping) {
  auto read = [this, ping](const Result<ports::PendingPage>& page) {
    if (stopped_) return;
    if (!page) return unsent_.add();
    const bool wakes = page->more || std::ranges::any_of(page->messages, [](const MessagePtr& message) {
                         return message->priority != Priority::kPassive;
                       });
    if (wakes) return send(ping);
    scheduler_.gone(ping.user_agent, ports_.clock.mono());
    arm();
  };
  ports_.deliveries.pending(ping.user_agent, std::nullopt, config_.limits.pending_page, ports_.clock.wall(),
                            Reply<Result<ports::PendingPage>>(ports_.loop, std::move(read)));
}

void UserAgentUdp::send(const Ping& ping) {
  if (!config_.networks.allows(ping.wake)) {
    forbidden_.add();
    return scheduler_.gone(ping.user_agent, ports_.clock.mono());
  }
  const auto status =
      ports_.sender.send(ping.wake, protocol::wakeup::ping_datagram(nonce_of(ping.user_agent, ping.wake)));
  // One that could not be sent is repeated like one that was lost on its way.
  (status ? sent_ : unsent_).add();
}

std::string UserAgentUdp::nonce_of(const UserAgentId& user_agent, const WakeInterface& wake) {
  if (!secret_) ports_.random.fill(secret_.emplace());
  const std::string where = std::string(user_agent.view()) + wake.ip + ' ' + std::to_string(wake.port);
  return to_hex(ByteView(hmac_sha256(*secret_, as_bytes(where))).first(protocol::wakeup::kNonceBytes));
}

void UserAgentUdp::arm() {
  waiting_.set(static_cast<std::int64_t>(scheduler_.devices()));
  const auto now = ports_.clock.mono();
  const auto next = scheduler_.next_due(now);
  if (stopped_ || !next || (timer_ != 0 && timer_at_ <= *next)) return;
  ports_.timers.cancel(timer_);
  timer_at_ = *next;
  const auto wait = std::chrono::ceil<milliseconds>(std::max(*next - now, std::chrono::nanoseconds(0)));
  timer_ = ports_.timers.run_after(wait, [this] {
    timer_ = 0;
    ping_due();
  });
}

void UserAgentUdp::walk_next() {
  walking_ = !to_walk_.empty();
  if (!walking_) return;
  walked_ = to_walk_.extract(to_walk_.begin()).value();
  walk(std::nullopt, config_.retry_first);
}

void UserAgentUdp::walk(std::optional<UserAgentId> after, milliseconds wait) {
  if (stopped_) return;
  auto found = [this, after, wait](Result<std::vector<Node>> sleepers) {
    if (!sleepers && !may_pass(sleepers.error().kind)) return list_unreadable(sleepers.error());
    if (!sleepers) {
      ports_.log.warning("sleeping devices not listed, will be tried again", {{"reason", sleepers.error().message}});
      return walk_later(after, wait);
    }
    if (sleepers->empty()) return walk_next();
    read_needs(std::move(*sleepers), after, wait);
  };
  ports_.directory.sleepers(walked_, after, config_.sleepers_page,
                            Reply<Result<std::vector<Node>>>(ports_.loop, std::move(found)));
}

// Nothing says where the list can be read again. The other servers' devices must not wait for it; a device of this one
// is woken when something new comes for it.
void UserAgentUdp::list_unreadable(const Error& error) {
  unreadable_.add();
  ports_.log.error("sleeping devices not listed", {{"server", walked_}, {"reason", error.message}});
  walk_next();
}

void UserAgentUdp::read_needs(std::vector<Node> sleepers, std::optional<UserAgentId> after, milliseconds wait) {
  auto walk = std::make_shared<Walk>(std::move(sleepers), after, wait);
  walk->unread = walk->sleepers.size();
  for (std::size_t i = 0; i < walk->sleepers.size(); ++i) {
    needs_.read(walk->sleepers[i].user_agent, [this, walk, i](const Result<WakeNeed>& need) {
      if (!need && may_pass(need.error().kind)) walk->failed = true;
      if (!need && !may_pass(need.error().kind)) unreadable_.add();
      if (need && is_ours(walk->sleepers[i])) schedule_needed(walk->sleepers[i], *need);
      if (--walk->unread == 0) walked(*walk);
    });
  }
}

void UserAgentUdp::walked(const Walk& walk_done) {
  if (walk_done.failed) return walk_later(walk_done.after, walk_done.wait);
  ping_due();
  walk(walk_done.sleepers.back().user_agent, config_.retry_first);
}

void UserAgentUdp::walk_later(std::optional<UserAgentId> after, milliseconds wait) {
  walking_ = true;
  ports_.timers.run_after(wait, [this, after, wait] { walk(after, std::min(wait * 2, config_.retry_most)); });
}

MonoTime UserAgentUdp::mono_of(WallTime time) const {
  return ports_.clock.mono() + (time - ports_.clock.wall());
}

}  // namespace herald::roles::user_agent_udp
