#include "roles/user_agent_ws/deliverer.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/planted.h"
#include "roles/user_agent_ws/connection.h"

namespace herald::roles::user_agent_ws {

namespace {

// Notifications fetched in one call.
constexpr std::size_t kFetchBatchMax = 1'024;
// Within this time an accepted message has been routed to all its devices; until then it is fresh (DeliveryWindow).
constexpr std::chrono::seconds kRoutedWithin{60};
// The longest wait for something that was sent to expire; then it is looked at again.
constexpr std::chrono::milliseconds kExpiryWatchMax{3'600'000};

// TTL 0 is for who is there (RFC 8030 §5.2): a device that came after the message was accepted, and before it was
// routed, was not.
bool comes_too_late(const Connection& connection, const Message& message) {
  return message.transient && connection.online_since() > message.accepted_at;
}

double seconds_between(WallTime from, WallTime to) {
  return std::max(0.0, std::chrono::duration<double>(to - from).count());
}

}  // namespace

Deliverer::Deliverer(Context& context, ConnectionTable& table, DeliveryReports& reports, Counters& counters)
    : context_(context),
      table_(table),
      reports_(reports),
      counters_(counters),
      limits_{context.config.limits.unacked_window, context.config.limits.unacked_per_device,
              context.config.limits.pending_page},
      webpush_limits_{context.config.limits.webpush_unacked_window, context.config.limits.unacked_per_device,
                      context.config.limits.pending_page} {}

const WindowLimits& Deliverer::limits_of(Connection& connection) const {
  return connection.session().generation() == Generation::kWebPush ? webpush_limits_ : limits_;
}

std::vector<UserAgentId> Deliverer::deliver(const std::vector<protocol::queue::Deliver>& announced) {
  std::vector<UserAgentId> missing;
  // Twice, since the clock of another machine may be ahead.
  const std::chrono::milliseconds grace(2 * context_.config.limits.transient_grace_ms);
  const WallTime transient_ends = context_.clock.wall() + grace;
  const bool gaps = all_have_gaps();
  for (const auto& entry : announced) {
    Wanted wanted{{entry.message, entry.app}, {}, {}};
    const bool may_be_transient = entry.expires_at <= transient_ends;
    for (const auto& target : entry.targets) {
      if (Connection* connection = table_.find(target.user_agent)) {
        offer(*connection, wanted, may_be_transient, gaps);
      } else {
        missing.push_back(target.user_agent);
      }
    }
    if (!wanted.connections.empty() || !wanted.unplaced.empty()) wanted_.push_back(std::move(wanted));
  }
  fetch_next();
  return missing;
}

bool Deliverer::all_have_gaps() const {
  if (!context_.config.lease_lapses) return false;
  const auto lapses = context_.config.lease_lapses();
  return !lapses || *lapses != lapses_noted_;
}

void Deliverer::gaps_noted() {
  if (context_.config.lease_lapses) lapses_noted_ = context_.config.lease_lapses().value_or(lapses_noted_);
}

// An older message of the app may be pending that was not announced, and goes first.
void Deliverer::offer(Connection& connection, Wanted& wanted, bool may_be_transient, bool gap) {
  if (connection.closing()) return;
  if ((gap || connection.has_gap()) && !connection.window().catching_up()) {
    if (may_be_transient) wanted.unplaced.push_back(connection.number());
    connection.window().start();
    return pump(connection);
  }
  if (connection.window().offer(wanted.message, connection.blocked(), limits_of(connection))) {
    wanted.connections.push_back(connection.number());
    return;
  }
  if (may_be_transient) wanted.unplaced.push_back(connection.number());
  pump(connection);
}

void Deliverer::fetch_next() {
  if (fetching_ || wanted_.empty()) return;
  fetching_ = true;
  std::vector<Wanted> batch;
  std::vector<MessageId> ids;
  while (!wanted_.empty() && batch.size() < kFetchBatchMax) {
    ids.push_back(wanted_.front().message.id);
    batch.push_back(std::move(wanted_.front()));
    wanted_.pop_front();
  }
  context_.messages.fetch(
      std::move(ids), context_.clock.wall(),
      Reply<Result<std::vector<MessagePtr>>>(context_.executor, [this, batch = std::move(batch)](const auto& answer) {
        fetching_ = false;
        fetched(batch, answer);
        fetch_next();
      }));
}

void Deliverer::fetched(const std::vector<Wanted>& batch, const Result<std::vector<MessagePtr>>& answer) {
  if (!answer) {
    counters_.store_failures.add();
    context_.log.warning("fetch failed", {{"reason", std::string_view(answer.error().message)}});
    for (const auto& wanted : batch) give_back_all(wanted);
    return;
  }
  for (std::size_t i = 0; i < batch.size(); ++i) send_to_all(batch[i], (*answer)[i]);
}

void Deliverer::give_back_all(const Wanted& wanted) {
  for (const std::uint64_t number : wanted.connections) {
    Connection* connection = table_.find(number);
    if (connection == nullptr || !connection->online()) continue;
    connection->window().give_back(wanted.message.id);
    retry_later(number);
  }
}

void Deliverer::send_to_all(const Wanted& wanted, const MessagePtr& message) {
  FrameCache frame;
  for (const std::uint64_t number : wanted.connections) {
    Connection* connection = table_.find(number);
    if (connection == nullptr || !connection->online()) continue;
    if (!message || comes_too_late(*connection, *message)) {
      connection->window().gone(wanted.message.id);
    } else if (!message->transient && (connection->blocked() || connection->window().out_of_turn(wanted.message))) {
      connection->window().give_back(wanted.message.id);
    } else {
      send(*connection, *message, frame);
    }
    pump(*connection);
  }
  if (message && message->transient) send_unplaced(wanted, *message);
}

std::string_view Deliverer::FrameCache::of(const GenerationSession& session, const Message& message) {
  if (generation != session.generation()) {
    generation = session.generation();
    text = session.delivery_frame(message);
  }
  return text;
}

void Deliverer::send(Connection& connection, const Message& message, FrameCache& frame) {
  const WallTime now = context_.clock.wall();
  GenerationSession& session = connection.session();
  // The store may have taken its time.
  if (is_expired(message, now)) return connection.window().gone(message.id);
  // A page or an announcement may be older than an ack that this device gave before.
  if (context_.recent_acks.contains(connection.device(), message.id)) {
    // Mostly the store is behind. But the ack may have come before the delivery was written, and found nothing to be
    // recorded for.
    if (!planted::is(planted::Fault::kAcksAreNeverForgotten)) {
      reports_.add({message.id, connection.device(), DeliveryState::kAcked, {}, now});
    }
    return connection.window().gone(message.id);
  }
  if (connection.blocked() || !session.wants(message) || frame.of(session, message).empty()) {
    return connection.window().gone(message.id);
  }
  if (!connection.window().sent(message.id, now, message.expires_at)) return;
  written(connection, message, frame.text, now);
  if (message.transient) {
    (void)connection.window().acked(message.id, limits_of(connection));
    reports_.add({message.id, connection.device(), DeliveryState::kSent, now, now});
  } else {
    reports_.watch(connection, message.id);
  }
}

void Deliverer::send_unplaced(const Wanted& wanted, const Message& message) {
  const WallTime now = context_.clock.wall();
  FrameCache frame;
  for (const std::uint64_t number : wanted.unplaced) {
    Connection* connection = table_.find(number);
    if (connection == nullptr || !connection->online() || connection->blocked()) continue;
    if (comes_too_late(*connection, message)) continue;
    GenerationSession& session = connection->session();
    if (!session.wants(message) || frame.of(session, message).empty()) continue;
    written(*connection, message, frame.text, now);
    reports_.add({message.id, connection->device(), DeliveryState::kSent, now, now});
  }
}

void Deliverer::written(Connection& connection, const Message& message, std::string_view frame, WallTime now) {
  connection.send(frame);
  connection.session().sent(message);
  counters_.delivered(message.priority, seconds_between(message.accepted_at, now));
  if (context_.log.enabled(LogLevel::kDebug)) {
    const std::string id = message.id.hex();
    const std::string device = log_name(connection.device());
    context_.log.debug("message sent", {{"message", std::string_view(id)}, {"device", std::string_view(device)}});
  }
}

void Deliverer::start(Connection& connection) {
  connection.set_gap(false);
  connection.window().start();
  pump(connection);
}

void Deliverer::resend(Connection& connection) {
  if (!connection.online() || connection.window().entries().empty()) return;
  connection.window().start_over();
  pump(connection);
}

void Deliverer::pump(Connection& connection) {
  if (!connection.online() || connection.closing() || connection.in_line()) return;
  if (!connection.window().catching_up()) return;
  if (reading_ >= kPageReadsMax) {
    connection.set_in_line(true);
    line_.push_back(connection.number());
    return;
  }
  const WallTime now = context_.clock.wall();
  connection.window().expire(now);
  const auto request = connection.window().next_page(connection.blocked(), limits_of(connection));
  if (!request) return watch_expiry(connection, now);
  ++reading_;
  context_.deliveries.pending(
      connection.device(), request->after, request->limit, now,
      Reply<Result<ports::PendingPage>>(context_.executor,
                                        [this, number = connection.number()](Result<ports::PendingPage> page) {
                                          --reading_;
                                          page_read(number, std::move(page));
                                          serve_line();
                                        }));
}

void Deliverer::page_read(std::uint64_t number, Result<ports::PendingPage> page) {
  Connection* connection = table_.find(number);
  if (!page) {
    counters_.store_failures.add();
    context_.log.warning("reading pending notifications failed", {{"reason", std::string_view(page.error().message)}});
    if (connection == nullptr) return;
    connection->window().page_failed();
    return retry_later(number);
  }
  if (connection == nullptr || !connection->online()) return;
  send_page(*connection, *page);
  pump(*connection);
}

void Deliverer::send_page(Connection& connection, const ports::PendingPage& page) {
  std::vector<DeliveryWindow::Pending> found;
  found.reserve(page.messages.size());
  const WallTime now = context_.clock.wall();
  for (const auto& message : page.messages) {
    found.push_back({message->id, message->app, message->accepted_at + kRoutedWithin > now});
  }
  for (const std::size_t i : connection.window().page(found, page.more, limits_of(connection))) {
    FrameCache frame;
    if (connection.blocked()) {
      connection.window().give_back(found[i].id);
    } else {
      send(connection, *page.messages[i], frame);
    }
  }
}

void Deliverer::serve_line() {
  while (!line_.empty() && reading_ < kPageReadsMax) {
    Connection* connection = table_.find(line_.front());
    line_.pop_front();
    if (connection == nullptr) continue;
    connection->set_in_line(false);
    pump(*connection);
  }
}

void Deliverer::watch_expiry(Connection& connection, WallTime now) {
  const auto at = connection.window().room_by_expiry();
  if (!at || connection.expiry_watched()) return;
  connection.set_expiry_watched(true);
  const auto wait = std::min<std::chrono::milliseconds>(*at - now, kExpiryWatchMax);
  context_.timers.run_after(wait, [this, number = connection.number()] {
    Connection* waiting = table_.find(number);
    if (waiting == nullptr) return;
    waiting->set_expiry_watched(false);
    pump(*waiting);
  });
}

void Deliverer::retry_later(std::uint64_t number) {
  retry_.push_back(number);
  if (retry_.size() > 1) return;
  context_.timers.run_after(kRetryDelay, [this] {
    for (const std::uint64_t waiting : std::exchange(retry_, {})) {
      if (Connection* connection = table_.find(waiting)) pump(*connection);
    }
  });
}

void Deliverer::acked(const UserAgentId& user_agent, const std::vector<MessageId>& messages) {
  const WallTime now = context_.clock.wall();
  Connection* connection = table_.find(user_agent);
  for (const MessageId& message : messages) {
    const auto entry =
        connection != nullptr ? connection->window().acked(message, limits_of(*connection)) : std::nullopt;
    const WallTime sent_at = entry ? entry->sent_at : WallTime{};
    if (sent_at.ms != 0) counters_.ack_seconds.observe(seconds_between(sent_at, now));
    counters_.acks.add();
    context_.recent_acks.add(user_agent, message);
    UserAgentId by = user_agent;
    if (planted::is(planted::Fault::kAckForAnotherDevice)) by.bytes.back() ^= 1U;
    reports_.add({message, by, DeliveryState::kAcked, sent_at, now});
  }
  if (connection != nullptr) pump(*connection);
}

void Deliverer::left_app(const UserAgentId& user_agent, const AppId& app) {
  Connection* connection = table_.find(user_agent);
  if (connection == nullptr) return;
  connection->window().forget(app);
  pump(*connection);
}

void Deliverer::handed_out(const UserAgentId& user_agent, const std::vector<MessagePtr>& messages) {
  const WallTime now = context_.clock.wall();
  for (const auto& message : messages) {
    counters_.delivered(message->priority, seconds_between(message->accepted_at, now));
    reports_.add({message->id, user_agent, DeliveryState::kSent, now, now});
  }
}

}  // namespace herald::roles::user_agent_ws
