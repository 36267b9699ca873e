#include "adapters/in_memory/in_memory_store.h"

#include <algorithm>

#include "base/planted.h"

namespace herald::adapters {

namespace {

[[nodiscard]] bool is_outstanding(DeliveryState state) {
  return !is_final(state);
}

}  // namespace

DeliveryState InMemoryStore::state_at(const StoredMessage& stored, const Delivery& delivery, WallTime now) {
  if (is_final(delivery.state)) return delivery.state;
  if (is_final(stored.end)) return stored.end;
  return is_expired(*stored.message, now) ? DeliveryState::kExpired : delivery.state;
}

ports::MessageStatus InMemoryStore::status_of(const StoredMessage& stored, WallTime now) {
  const Message& message = *stored.message;
  ports::MessageStatus status{.id = message.id,
                              .app = message.app,
                              .priority = message.priority,
                              .replace_key = message.replace_key,
                              .accepted_at = message.accepted_at,
                              .expires_at = message.expires_at,
                              .routed = stored.routed,
                              .state = stored.end,
                              .ended_at = stored.ended_at,
                              .recipients = stored.deliveries.size(),
                              .acked = 0,
                              .receipt = message.receipt};
  for (const auto& [user_agent, delivery] : stored.deliveries) {
    if (delivery.state == DeliveryState::kAcked) ++status.acked;
  }
  if (!is_final(stored.end) && is_expired(message, now)) {
    status.state = DeliveryState::kExpired;
    status.ended_at = message.expires_at;
  }
  return status;
}

void InMemoryStore::end(StoredMessage& stored, DeliveryState state, WallTime at) {
  stored.end = state;
  stored.ended_at = at;
}

// Late acks turn what had ended otherwise into acked, once no delivery lacks one.
void InMemoryStore::end_if_resolved(StoredMessage& stored, WallTime at) {
  if (!stored.routed) return;
  bool all_acked = true;
  for (const auto& [user_agent, delivery] : stored.deliveries) {
    if (delivery.state == DeliveryState::kAcked) continue;
    all_acked = false;
    if (is_outstanding(delivery.state)) return;
  }
  if (is_final(stored.end)) at = stored.ended_at;
  if (all_acked) {
    end(stored, DeliveryState::kAcked, at);
  } else if (!is_final(stored.end)) {
    end(stored, DeliveryState::kDropped, at);
  }
}

InMemoryStore::StoredMessage* InMemoryStore::find(AppId app, const std::string& key) {
  StoredMessage* found = nullptr;
  const auto by_key = newest_by_replace_key_.find({app, key});
  if (!key.empty() && by_key != newest_by_replace_key_.end()) found = &messages_.at(by_key->second);
  const auto id = MessageId::from_hex(key);
  if (!id || id->hex() != key) return found;
  const auto by_id = messages_.find(*id);
  if (by_id == messages_.end() || by_id->second.message->app != app) return found;
  return found != nullptr && found->message->id > *id ? found : &by_id->second;
}

ports::PutOutcome InMemoryStore::put_now(Message message) {
  ports::PutOutcome outcome;
  if (!message.replace_key.empty()) {
    auto& newest = newest_by_replace_key_[{message.app, message.replace_key}];
    const auto earlier = messages_.find(newest);
    if (earlier != messages_.end() && !is_final(status_of(earlier->second, message.accepted_at).state)) {
      outcome.replaced = newest;
      end(earlier->second, DeliveryState::kReplaced, message.accepted_at);
    }
    newest = message.id;
  }
  const MessageId id = message.id;
  if (message.receipt != ReceiptId{}) messages_of_receipt_[message.receipt].insert(id);
  messages_[id].message = std::make_shared<const Message>(std::move(message));
  return outcome;
}

void InMemoryStore::put(Message message, Reply<Result<ports::PutOutcome>> reply) {
  const std::lock_guard lock(mutex_);
  std::move(reply)(put_now(std::move(message)));
}

void InMemoryStore::fetch(std::vector<MessageId> ids, WallTime now, Reply<Result<std::vector<MessagePtr>>> reply) {
  const std::lock_guard lock(mutex_);
  std::vector<MessagePtr> found;
  for (const auto& id : ids) {
    const auto it = messages_.find(id);
    bool deliverable = it != messages_.end() && !is_final(status_of(it->second, now).state);
    if (planted::is(planted::Fault::kReplacedIsFetched) && it != messages_.end()) {
      deliverable = deliverable || it->second.end == DeliveryState::kReplaced;
    }
    found.push_back(deliverable ? it->second.message : nullptr);
  }
  std::move(reply)(std::move(found));
}

void InMemoryStore::status(AppId app, std::string key, WallTime now, Reply<Result<ports::MessageStatus>> reply) {
  const std::lock_guard lock(mutex_);
  const StoredMessage* stored = find(app, key);
  if (stored == nullptr) return std::move(reply)(fail(ErrorKind::kNotFound, "no such message"));
  std::move(reply)(status_of(*stored, now));
}

void InMemoryStore::cancel(AppId app, std::string key, WallTime now, Reply<Result<ports::MessageStatus>> reply) {
  const std::lock_guard lock(mutex_);
  StoredMessage* stored = find(app, key);
  if (stored == nullptr) return std::move(reply)(fail(ErrorKind::kNotFound, "no such message"));
  if (!is_final(status_of(*stored, now).state)) end(*stored, DeliveryState::kCancelled, now);
  std::move(reply)(status_of(*stored, now));
}

void InMemoryStore::unrouted(std::optional<MessageId> after, WallTime before, std::size_t limit,
                             Reply<Result<std::vector<ports::Unrouted>>> reply) {
  const std::lock_guard lock(mutex_);
  std::vector<ports::Unrouted> found;
  for (auto it = after ? messages_.upper_bound(*after) : messages_.begin(); it != messages_.end(); ++it) {
    if (found.size() == limit) break;
    const auto& stored = it->second;
    if (stored.routed || is_final(stored.end) || stored.message->accepted_at >= before) continue;
    found.push_back({it->first, stored.message->app});
  }
  std::move(reply)(std::move(found));
}

void InMemoryStore::newest(Reply<Result<std::optional<MessageId>>> reply) {
  const std::lock_guard lock(mutex_);
  std::move(reply)(messages_.empty() ? std::nullopt : std::optional(messages_.rbegin()->first));
}

std::uint64_t InMemoryStore::expire(WallTime now, std::size_t limit) {
  std::uint64_t expired = 0;
  for (auto& [id, stored] : messages_) {
    if (expired == limit) break;
    if (is_final(stored.end) || !is_expired(*stored.message, now)) continue;
    end(stored, DeliveryState::kExpired, stored.message->expires_at);
    ++expired;
  }
  return expired;
}

std::uint64_t InMemoryStore::remove_ended(WallTime before, std::size_t limit) {
  std::uint64_t removed = 0;
  for (auto it = messages_.begin(); it != messages_.end() && removed < limit;) {
    const auto& [id, stored] = *it;
    if (!is_final(stored.end) || stored.ended_at >= before) {
      ++it;
      continue;
    }
    for (const auto& [user_agent, delivery] : stored.deliveries) messages_for_[user_agent].erase(id);
    const auto newest = newest_by_replace_key_.find({stored.message->app, stored.message->replace_key});
    if (newest != newest_by_replace_key_.end() && newest->second == id) newest_by_replace_key_.erase(newest);
    if (const auto log = messages_of_receipt_.find(stored.message->receipt); log != messages_of_receipt_.end()) {
      log->second.erase(id);
    }
    it = messages_.erase(it);
    ++removed;
  }
  return removed;
}

void InMemoryStore::purge(WallTime now, std::chrono::milliseconds receipt_retention, std::size_t limit,
                          Reply<Result<ports::PurgeOutcome>> reply) {
  const std::lock_guard lock(mutex_);
  ports::PurgeOutcome outcome;
  outcome.expired = expire(now, limit);
  outcome.removed = remove_ended(now - receipt_retention, limit);
  outcome.more = outcome.expired == limit || outcome.removed == limit;
  std::move(reply)(outcome);
}

InMemoryStore::StoredMessage* InMemoryStore::first_to_drop(UserAgentId user_agent, WallTime now) {
  std::uint64_t outstanding = 0;
  StoredMessage* victim = nullptr;
  for (const auto& id : messages_for_[user_agent]) {
    auto& stored = messages_.at(id);
    if (!is_outstanding(state_at(stored, stored.deliveries.at(user_agent), now))) continue;
    ++outstanding;
    if (victim == nullptr || stored.message->priority > victim->message->priority) victim = &stored;
  }
  return outstanding > limits_.pending_per_device ? victim : nullptr;
}

void InMemoryStore::add_one(StoredMessage& stored, UserAgentId user_agent, WallTime now, ports::AddOutcome& outcome) {
  const auto [it, is_new] = stored.deliveries.try_emplace(user_agent);
  if (!is_new) return;
  it->second.user_agent = user_agent;
  it->second.routed_at = now;
  messages_for_[user_agent].insert(stored.message->id);
  ++outcome.added;
  StoredMessage* victim = first_to_drop(user_agent, now);
  if (victim == nullptr) return;
  auto& dropped = victim->deliveries.at(user_agent);
  dropped.state = DeliveryState::kDropped;
  dropped.final_at = now;
  ++outcome.dropped;
  end_if_resolved(*victim, now);
}

void InMemoryStore::add(std::vector<ports::NewDeliveries> entries, WallTime now,
                        Reply<Result<ports::AddOutcome>> reply) {
  const std::lock_guard lock(mutex_);
  ports::AddOutcome outcome;
  for (const auto& entry : entries) {
    const auto it = messages_.find(entry.message);
    if (it == messages_.end() || is_final(it->second.end)) continue;
    StoredMessage& stored = it->second;
    if (is_expired(*stored.message, now)) {
      end(stored, DeliveryState::kExpired, stored.message->expires_at);
      continue;
    }
    for (const auto& user_agent : entry.user_agents) add_one(stored, user_agent, now, outcome);
    if (entry.last_page) stored.routed = true;
    end_if_resolved(stored, now);
  }
  std::move(reply)(outcome);
}

void InMemoryStore::pending(UserAgentId user_agent, std::optional<MessageId> after, std::size_t limit, WallTime now,
                            Reply<Result<ports::PendingPage>> reply) {
  const std::lock_guard lock(mutex_);
  ports::PendingPage page;
  const auto& ids = messages_for_[user_agent];
  for (auto it = after ? ids.upper_bound(*after) : ids.begin(); it != ids.end(); ++it) {
    const auto& stored = messages_.at(*it);
    if (stored.message->transient) continue;
    if (!is_outstanding(state_at(stored, stored.deliveries.at(user_agent), now))) continue;
    page.more = page.messages.size() == limit;
    if (page.more) break;
    page.messages.push_back(stored.message);
  }
  std::move(reply)(std::move(page));
}

bool InMemoryStore::record_one(const DeliveryEvent& event) {
  const auto it = messages_.find(event.message);
  if (it == messages_.end()) return false;
  const auto found = it->second.deliveries.find(event.user_agent);
  if (found == it->second.deliveries.end()) return false;
  Delivery& delivery = found->second;
  const DeliveryState before = state_at(it->second, delivery, event.at);
  if (before == event.state || !may_follow(before, event.state)) return false;
  delivery.state = event.state;
  if (delivery.sent_at == WallTime{}) delivery.sent_at = event.sent_at;
  if (event.state == DeliveryState::kAcked) {
    delivery.final_at = event.at;
    end_if_resolved(it->second, event.at);
  }
  return true;
}

void InMemoryStore::record(std::vector<DeliveryEvent> events, Reply<Result<std::uint64_t>> reply) {
  const std::lock_guard lock(mutex_);
  std::uint64_t changed = 0;
  for (const auto& event : events) {
    if (record_one(event)) ++changed;
  }
  std::move(reply)(changed);
}

void InMemoryStore::of_message(MessageId message, std::optional<UserAgentId> after, std::size_t limit, WallTime now,
                               Reply<Result<ports::DeliveryPage>> reply) {
  const std::lock_guard lock(mutex_);
  ports::DeliveryPage page;
  const auto stored = messages_.find(message);
  if (stored == messages_.end()) return std::move(reply)(std::move(page));
  const WallTime ended_at = status_of(stored->second, now).ended_at;
  const auto& deliveries = stored->second.deliveries;
  for (auto it = after ? deliveries.upper_bound(*after) : deliveries.begin(); it != deliveries.end(); ++it) {
    page.more = page.deliveries.size() == limit;
    if (page.more) break;
    Delivery delivery = it->second;
    delivery.state = state_at(stored->second, delivery, now);
    if (is_final(delivery.state) && !is_final(it->second.state)) delivery.final_at = ended_at;
    page.deliveries.push_back(delivery);
  }
  std::move(reply)(std::move(page));
}

void InMemoryStore::of_receipt(ReceiptId receipt, std::optional<MessageId> after, std::size_t limit, WallTime now,
                               Reply<Result<ports::ReceiptPage>> reply) {
  const std::lock_guard lock(mutex_);
  ports::ReceiptPage page;
  const auto& ids = messages_of_receipt_[receipt];
  for (auto it = after ? ids.upper_bound(*after) : ids.begin(); it != ids.end(); ++it) {
    page.more = page.messages.size() == limit;
    if (page.more) break;
    page.messages.push_back(status_of(messages_.at(*it), now));
  }
  std::move(reply)(std::move(page));
}

void InMemoryStore::forget_receipt(ReceiptId receipt, std::size_t limit, Reply<Result<std::uint64_t>> reply) {
  const std::lock_guard lock(mutex_);
  auto& ids = messages_of_receipt_[receipt];
  std::uint64_t forgotten = 0;
  for (; forgotten < limit && !ids.empty(); ++forgotten) ids.erase(ids.begin());
  std::move(reply)(forgotten);
}

Status InMemoryStore::register_now(App app, UserAgentId user_agent) {
  const AppId id = app.id;
  const auto known_app = apps_.find(id);
  const auto known_node = nodes_.find(user_agent);
  const bool repeated = known_app != apps_.end() && known_app->second.user_agents.contains(user_agent);
  if (repeated && app.public_key_pem.empty()) return {};
  if (!repeated && known_app != apps_.end() && known_app->second.user_agents.size() >= limits_.devices_per_app) {
    return fail(ErrorKind::kExhausted, "the app has devices_per_app devices");
  }
  if (!repeated && known_node != nodes_.end() && known_node->second.apps.size() >= limits_.apps_per_device) {
    return fail(ErrorKind::kExhausted, "the device has apps_per_device apps");
  }
  const bool demands = known_app != apps_.end() && !known_app->second.app.public_key_pem.empty();
  if (demands && app.public_key_pem.empty()) return fail(ErrorKind::kConflict, "the app has a key");
  if (known_app != apps_.end() && !demands) known_app->second.app.public_key_pem = app.public_key_pem;
  auto& stored = apps_.try_emplace(id, StoredApp{.app = std::move(app), .user_agents = {}}).first->second;
  stored.user_agents.insert(user_agent);
  nodes_[user_agent].apps.insert(id);
  return {};
}

void InMemoryStore::register_app(App app, UserAgentId user_agent, Reply<Status> reply) {
  const std::lock_guard lock(mutex_);
  std::move(reply)(register_now(std::move(app), user_agent));
}

void InMemoryStore::forget_if_unused(const UserAgentId& user_agent) {
  const auto found = nodes_.find(user_agent);
  if (found == nodes_.end()) return;
  const StoredNode& node = found->second;
  if (node.apps.empty() && !node.wake && node.location.kind == LocationKind::kDisconnected) nodes_.erase(found);
}

std::size_t InMemoryStore::directory_rows() const {
  const std::lock_guard lock(mutex_);
  return apps_.size() + nodes_.size();
}

bool InMemoryStore::unregister_now(AppId app, UserAgentId user_agent) {
  const auto known = apps_.find(app);
  if (known == apps_.end() || known->second.user_agents.erase(user_agent) == 0) return false;
  if (known->second.user_agents.empty()) apps_.erase(known);
  nodes_.at(user_agent).apps.erase(app);
  forget_if_unused(user_agent);
  const WallTime now = clock_.wall();
  for (const auto& id : messages_for_[user_agent]) {
    auto& stored = messages_.at(id);
    auto& delivery = stored.deliveries.at(user_agent);
    if (stored.message->app != app || !is_outstanding(state_at(stored, delivery, now))) continue;
    delivery.state = DeliveryState::kDropped;
    delivery.final_at = now;
    end_if_resolved(stored, now);
  }
  return true;
}

void InMemoryStore::unregister_app(AppId app, UserAgentId user_agent, Reply<Result<bool>> reply) {
  const std::lock_guard lock(mutex_);
  std::move(reply)(unregister_now(app, user_agent));
}

void InMemoryStore::find_app(AppId app, Reply<Result<App>> reply) {
  const std::lock_guard lock(mutex_);
  const auto it = apps_.find(app);
  if (it == apps_.end()) return std::move(reply)(fail(ErrorKind::kNotFound, "no such app"));
  std::move(reply)(it->second.app);
}

void InMemoryStore::nodes_of(AppId app, std::optional<UserAgentId> after, std::size_t limit,
                             Reply<Result<ports::NodePage>> reply) {
  const std::lock_guard lock(mutex_);
  ports::NodePage page;
  const auto found = apps_.find(app);
  if (found == apps_.end()) return std::move(reply)(std::move(page));
  const auto& all = found->second.user_agents;
  auto it = after ? all.upper_bound(*after) : all.begin();
  if (planted::is(planted::Fault::kPageSkipsADevice) && after && it != all.end()) ++it;
  for (; it != all.end(); ++it) {
    page.more = page.user_agents.size() == limit;
    if (page.more) break;
    page.user_agents.push_back(*it);
  }
  std::move(reply)(std::move(page));
}

void InMemoryStore::apps_of(UserAgentId user_agent, std::optional<AppId> after, std::size_t limit,
                            Reply<Result<ports::AppPage>> reply) {
  const std::lock_guard lock(mutex_);
  ports::AppPage page;
  const auto found = nodes_.find(user_agent);
  if (found == nodes_.end()) return std::move(reply)(std::move(page));
  const auto& all = found->second.apps;
  for (auto it = after ? all.upper_bound(*after) : all.begin(); it != all.end(); ++it) {
    page.more = page.apps.size() == limit;
    if (page.more) break;
    page.apps.push_back(apps_.at(*it).app);
  }
  std::move(reply)(std::move(page));
}

void InMemoryStore::set_location(UserAgentId user_agent, Location location, std::optional<WakeInterface> wake,
                                 Reply<Result<Location>> reply) {
  const std::lock_guard lock(mutex_);
  auto& node = nodes_[user_agent];
  if (ports::overruled(location, node.location)) return std::move(reply)(node.location);
  if (wake) node.wake = wake->ip.empty() ? std::nullopt : std::move(wake);
  Location before = std::exchange(node.location, std::move(location));
  forget_if_unused(user_agent);
  std::move(reply)(std::move(before));
}

void InMemoryStore::leave(UserAgentId user_agent, ServerId server, std::uint64_t connection, ServerId sleep_server,
                          Reply<Result<Location>> reply) {
  const std::lock_guard lock(mutex_);
  const auto it = nodes_.find(user_agent);
  if (it == nodes_.end()) return std::move(reply)(Location{});
  Location& location = it->second.location;
  const bool still_there =
      location.kind == LocationKind::kWebSocket && location.server == server && location.connection == connection;
  if (still_there) {
    const bool sleeps = it->second.wake && !sleep_server.empty();
    location = {.kind = sleeps ? LocationKind::kSleeping : LocationKind::kDisconnected,
                .server = sleeps ? std::move(sleep_server) : ServerId(),
                .order = location.order};
  }
  Location after = location;
  forget_if_unused(user_agent);
  std::move(reply)(std::move(after));
}

void InMemoryStore::locate(std::vector<UserAgentId> user_agents, Reply<Result<std::vector<Node>>> reply) {
  const std::lock_guard lock(mutex_);
  std::vector<Node> nodes;
  for (const auto& user_agent : user_agents) {
    const auto it = nodes_.find(user_agent);
    nodes.push_back(it == nodes_.end() ? Node{.user_agent = user_agent, .location = {}, .wake = {}}
                                       : Node{user_agent, it->second.location, it->second.wake});
  }
  std::move(reply)(std::move(nodes));
}

bool InMemoryStore::has_pending(UserAgentId user_agent) const {
  const auto found = messages_for_.find(user_agent);
  if (found == messages_for_.end()) return false;
  return std::ranges::any_of(found->second, [&](const MessageId& id) {
    const auto& stored = messages_.at(id);
    return !is_final(stored.end) && is_outstanding(stored.deliveries.at(user_agent).state);
  });
}

void InMemoryStore::sleepers(ServerId server, std::optional<UserAgentId> after, std::size_t limit,
                             Reply<Result<std::vector<Node>>> reply) {
  const std::lock_guard lock(mutex_);
  std::vector<Node> found;
  for (auto it = after ? nodes_.upper_bound(*after) : nodes_.begin(); it != nodes_.end(); ++it) {
    if (found.size() == limit) break;
    const auto& [user_agent, node] = *it;
    if (node.location.kind != LocationKind::kSleeping || node.location.server != server) continue;
    if (has_pending(user_agent)) found.push_back({user_agent, node.location, node.wake});
  }
  std::move(reply)(std::move(found));
}

void InMemoryStore::renew(ServerLease lease, WallTime now, Reply<Status> reply) {
  const std::lock_guard lock(mutex_);
  std::move(reply)(leases_.renew(lease, now));
}

void InMemoryStore::release(ServerId server, std::string holder, Reply<Status> reply) {
  const std::lock_guard lock(mutex_);
  leases_.release(server, holder);
  std::move(reply)(Status{});
}

void InMemoryStore::list(Reply<Result<std::vector<ServerLease>>> reply) {
  const std::lock_guard lock(mutex_);
  auto leases = leases_.all();
  std::ranges::sort(leases, {}, &ServerLease::server);
  std::move(reply)(std::move(leases));
}

}  // namespace herald::adapters
