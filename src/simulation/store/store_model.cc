#include "simulation/store/store_model.h"

#include <fmt/format.h>

#include <algorithm>

namespace herald::simulation {

namespace {

constexpr auto kWaiting = {Fate::kPending, Fate::kSent};
constexpr auto kSettled = {Fate::kNone, Fate::kAcked, Fate::kDropped};

template <class... Args>
[[noreturn]] void violate(fmt::format_string<Args...> format, Args&&... args) {
  throw Violation{fmt::format(format, std::forward<Args>(args)...)};
}

[[nodiscard]] std::string name(const MessageId& id) {
  return "m" + std::to_string(id.bytes[14] * 256 + id.bytes[15]);
}

template <class T>
[[nodiscard]] std::vector<T> one(T value) {
  return {value};
}

void add_to(std::vector<Location>& locations, const std::vector<Location>& more) {
  for (const auto& each : more) {
    if (std::ranges::find(locations, each) == locations.end()) locations.push_back(each);
  }
}

void note_end(MessageModel& known, WallTime at) {
  known.earliest_end = known.earliest_end ? std::min(*known.earliest_end, at) : at;
}

// Whoever meets a message whose time is over may end it, and it stays ended although the clock jumps back. False: its
// time is not over, or it has ended.
bool may_expire(MessageModel& known, WallTime now) {
  const bool may = now >= known.message.expires_at && known.stored.may_be(true) && known.end.may_be(End::kNone);
  if (!may) return false;
  note_end(known, known.message.expires_at);
  known.end.change([](End end) { return end == End::kNone ? std::vector{End::kNone, End::kExpired} : one(end); });
  return true;
}

}  // namespace

bool MessageModel::may_be_resolved() const {
  if (end.may_be(End::kResolved)) return true;
  return routed.may_be(true) &&
         std::ranges::all_of(deliveries, [](const auto& each) { return each.second.may_be_one_of(kSettled); });
}

bool MessageModel::is_resolved() const {
  return routed.is(true) &&
         std::ranges::all_of(deliveries, [](const auto& each) { return each.second.is_one_of(kSettled); });
}

bool MessageModel::may_be_outstanding(WallTime now) const {
  return stored.may_be(true) && end.may_be(End::kNone) && now < message.expires_at && !is_resolved();
}

bool MessageModel::must_be_outstanding(WallTime now) const {
  return stored.is(true) && end.is(End::kNone) && now < message.expires_at && !may_be_resolved();
}

bool MessageModel::may_wait_for(const UserAgentId& device, WallTime now) const {
  const auto found = deliveries.find(device);
  return found != deliveries.end() && found->second.may_be_one_of(kWaiting) && may_be_outstanding(now) &&
         !message.transient;
}

bool MessageModel::must_wait_for(const UserAgentId& device, WallTime now) const {
  const auto found = deliveries.find(device);
  return found != deliveries.end() && found->second.is_one_of(kWaiting) && must_be_outstanding(now) &&
         !message.transient;
}

MessageModel* StoreModel::find(const MessageId& id) {
  const auto found = messages_.find(id);
  return found == messages_.end() ? nullptr : &found->second;
}

std::vector<UserAgentId> StoreModel::devices_of(const AppId& app) const {
  std::vector<UserAgentId> devices;
  for (const auto& [key, registered] : registered_) {
    if (key.first == app && registered.may_be(true)) devices.push_back(key.second);
  }
  return devices;
}

std::vector<MessageModel*> StoreModel::with_key(const Message& message) {
  std::vector<MessageModel*> found;
  if (message.replace_key.empty()) return found;
  for (auto& [id, known] : messages_) {
    if (id != message.id && known.message.app == message.app && known.message.replace_key == message.replace_key) {
      found.push_back(&known);
    }
  }
  return found;
}

// What the later message says of an earlier one with its key: it is not outstanding any more.
void StoreModel::end_by_replacement(MessageModel& known, bool named, WallTime at, bool sure) {
  const auto becomes = [named](End end) {
    return one(end != End::kNone ? end : named ? End::kReplaced : End::kResolved);
  };
  if (sure) {
    known.end.change_durably(becomes);
  } else {
    known.end.may_change_durably(becomes);
  }
  note_end(known, at);
}

void StoreModel::put(const Message& message, const Result<ports::PutOutcome>* answer) {
  auto& known = messages_.try_emplace(message.id, MessageModel(message)).first->second;
  const auto stored = [](bool) { return one(true); };
  const bool sure = answer != nullptr && answer->has_value();
  for (auto* earlier : with_key(message)) {
    const bool named = sure && (*answer)->replaced == earlier->message.id;
    if (named && !earlier->may_be_outstanding(message.accepted_at)) {
      violate("replaced: {} is said to replace {}, which had ended", name(message.id), name(earlier->message.id));
    }
    if (sure && !named && earlier->must_be_outstanding(message.accepted_at)) {
      violate("replaced: {} does not replace {}, which was outstanding", name(message.id), name(earlier->message.id));
    }
    may_expire(*earlier, message.accepted_at);
    if (earlier->may_be_outstanding(message.accepted_at)) {
      end_by_replacement(*earlier, named || !sure, message.accepted_at, sure);
    }
  }
  if (!sure) return known.stored.may_change_durably(stored);
  known.stored.change_durably(stored);
}

void StoreModel::cancel(const MessageId& id, WallTime now, const Result<ports::MessageStatus>* answer) {
  auto& known = messages_.at(id);
  const auto cancelled = [](End end) { return one(end == End::kNone ? End::kCancelled : end); };
  may_expire(known, now);
  if (answer == nullptr) {
    if (!known.may_be_outstanding(now)) return;
    note_end(known, now);
    return known.end.may_change_durably(cancelled);
  }
  if (answer->has_value()) {
    if ((*answer)->state == DeliveryState::kPending) violate("cancel: {} is still outstanding", name(id));
    if (known.may_be_outstanding(now)) {
      note_end(known, now);
      if ((*answer)->state == DeliveryState::kCancelled) known.end.change_durably(cancelled);
    }
  }
  status(id, now, *answer);
}

void StoreModel::add_one(MessageModel& known, const UserAgentId& device, WallTime now, std::uint64_t& least,
                         std::uint64_t& most) {
  auto& fate = known.deliveries.try_emplace(device, Fate::kNone).first->second;
  const bool may = known.may_be_outstanding(now);
  const bool must = known.must_be_outstanding(now);
  if (must && fate.is(Fate::kNone)) ++least;
  if (may && fate.may_be(Fate::kNone)) ++most;
  if (!may) return;
  fate.change([must](Fate before) {
    if (before != Fate::kNone) return one(before);
    return must ? one(Fate::kPending) : std::vector{Fate::kNone, Fate::kPending};
  });
}

// The device may have more deliveries than pending_per_device: any of them may have been dropped.
void StoreModel::may_drop(const UserAgentId& device, WallTime now) {
  std::uint64_t most = 0;
  for (const auto& [id, known] : messages_) {
    const auto found = known.deliveries.find(device);
    if (found != known.deliveries.end() && found->second.may_be_one_of(kWaiting)) ++most;
  }
  if (most <= pending_per_device_) return;
  for (auto& [id, known] : messages_) {
    const auto found = known.deliveries.find(device);
    if (found == known.deliveries.end()) continue;
    found->second.change([](Fate before) {
      const bool waits = before == Fate::kPending || before == Fate::kSent;
      return waits ? std::vector{before, Fate::kDropped} : one(before);
    });
    may_expire(known, now);
    if (known.may_be_resolved()) note_end(known, now);
  }
}

void StoreModel::add(const std::vector<ports::NewDeliveries>& entries, WallTime now,
                     const Result<ports::AddOutcome>* answer) {
  if (answer != nullptr && !answer->has_value()) return;  // nothing was changed
  std::uint64_t least = 0;
  std::uint64_t most = 0;
  for (const auto& entry : entries) {
    auto* known = find(entry.message);
    if (known == nullptr) continue;
    for (const auto& device : entry.user_agents) {
      add_one(*known, device, now, least, most);
      may_drop(device, now);
    }
    const bool must = known->must_be_outstanding(now);
    const bool may = known->may_be_outstanding(now);
    if (entry.last_page && may) {
      known->routed.change([must](bool before) { return before || must ? one(true) : std::vector{before, true}; });
    }
    may_expire(*known, now);
    if (known->may_be_resolved()) note_end(*known, std::min(now, known->message.expires_at));
  }
  if (answer == nullptr) return;
  const auto added = (*answer)->added;
  if (added < least || added > most) violate("add: {} deliveries were added, not {} to {}", added, least, most);
}

void StoreModel::record(const std::vector<DeliveryEvent>& events, WallTime now, const Result<std::uint64_t>* answer) {
  if (answer != nullptr && !answer->has_value()) return;  // nothing was changed
  std::uint64_t most = 0;
  std::uint64_t least = 0;
  for (const auto& event : events) {
    auto* known = find(event.message);
    if (known == nullptr || !known->deliveries.contains(event.user_agent)) continue;
    auto& fate = known->deliveries.at(event.user_agent);
    const bool is_ack = event.state == DeliveryState::kAcked;
    const bool may_end = !known->must_be_outstanding(event.at);
    const bool may_stay = !known->stored.is(true);
    most += fate.may_be(Fate::kPending) || (is_ack && fate.may_be_one_of({Fate::kSent, Fate::kDropped})) ? 1 : 0;
    least += !may_stay && (is_ack ? fate.is_one_of({Fate::kPending, Fate::kSent, Fate::kDropped})
                                  : fate.is(Fate::kPending) && !may_end)
                 ? 1
                 : 0;
    fate.change([=](Fate before) {
      std::vector<Fate> after;
      if (before == Fate::kNone || before == Fate::kAcked) return one(before);
      if (is_ack) after.push_back(Fate::kAcked);
      if (!is_ack && before == Fate::kPending) after.push_back(Fate::kSent);
      if (may_stay || (!is_ack && (may_end || before != Fate::kPending))) after.push_back(before);
      return after;
    });
    if (known->may_be_resolved()) note_end(*known, std::min(event.at, now));
  }
  if (answer == nullptr) return;
  if (**answer < least || **answer > most) {
    violate("record: {} deliveries changed, not {} to {}", **answer, least, most);
  }
}

void StoreModel::purge(WallTime now, std::chrono::milliseconds retention, const Result<ports::PurgeOutcome>* answer) {
  if (answer != nullptr && !answer->has_value()) answer = nullptr;
  std::uint64_t expired_most = 0;
  std::uint64_t may_remove = 0;
  for (auto& [id, known] : messages_) {
    if (may_expire(known, now)) ++expired_most;
    if (known.earliest_end && *known.earliest_end < now - retention && known.stored.may_be(true)) {
      ++may_remove;
      known.may_be_removed = true;
      known.stored.change([](bool stored) { return stored ? std::vector{true, false} : one(false); });
    }
  }
  if (answer == nullptr) return;
  if ((*answer)->expired > expired_most) {
    violate("purge: {} messages expired, at most {} had to", (*answer)->expired, expired_most);
  }
}

void StoreModel::register_app(const AppId& app, const UserAgentId& device, const Status* answer) {
  auto& registered = registered_.try_emplace({app, device}, false).first->second;
  const auto becomes = [](bool) { return one(true); };
  if (answer == nullptr || !answer->has_value()) return registered.may_change_durably(becomes);
  registered.change_durably(becomes);
}

void StoreModel::unregister_app(const AppId& app, const UserAgentId& device, WallTime now, const Result<bool>* answer) {
  auto& registered = registered_.try_emplace({app, device}, false).first->second;
  const auto becomes = [](bool) { return one(false); };
  const bool sure = answer != nullptr && answer->has_value();
  if (sure && !registered.may_be(**answer)) {
    violate("unregister: the answer is {}, but the device was {}registered", **answer, **answer ? "not " : "");
  }
  if (sure && !**answer) return registered.change_durably(becomes);
  if (sure) {
    registered.change_durably(becomes);
  } else {
    registered.may_change_durably(becomes);
  }
  for (auto& [id, known] : messages_) {
    const auto found = known.deliveries.find(device);
    if (known.message.app != app || found == known.deliveries.end()) continue;
    const auto dropped = [](Fate before) {
      const bool waits = before == Fate::kPending || before == Fate::kSent;
      return waits ? std::vector{Fate::kDropped} : one(before);
    };
    // Of a message that has ended, the delivery stays as it was; nobody can tell, since its end is shown instead.
    const auto may_be_dropped = [](Fate before) {
      const bool waits = before == Fate::kPending || before == Fate::kSent;
      return waits ? std::vector{before, Fate::kDropped} : one(before);
    };
    const bool is_outstanding = known.must_be_outstanding(now);
    if (sure && is_outstanding) {
      found->second.change_durably(dropped);
    } else {
      found->second.may_change_durably(may_be_dropped);
    }
    may_expire(known, now);
    if (known.may_be_resolved()) note_end(known, known.message.accepted_at);
  }
}

void StoreModel::set_location(const UserAgentId& device, const Location& location, bool can_wake,
                              const Result<Location>* answer) {
  auto& known = locations_[device];
  const bool has_row = can_wake || location.kind != LocationKind::kWebSocket;
  const std::vector<Location> stays{has_row ? location : Location{}};
  const bool sure = answer != nullptr && answer->has_value();
  if (sure && std::ranges::find(known.now, **answer) == known.now.end()) {
    violate("location: the device was not on '{}', connection {}", (*answer)->server, (*answer)->connection);
  }
  add_to(known.after_power_cut, stays);
  if (sure) {
    known.now = {location};
    known.after_end = stays;
    if (has_row) known.in_doubt.clear();
    add_to(known.now, known.in_doubt);
  } else {
    add_to(known.in_doubt, stays);
    add_to(known.now, {location});
    add_to(known.now, stays);
    add_to(known.after_end, stays);
  }
}

void StoreModel::leave(const UserAgentId& device, const ServerId& server, std::uint64_t connection,
                       const ServerId& sleep_server, bool can_wake, const Result<Location>* answer) {
  auto& known = locations_[device];
  Location left;
  if (can_wake) left = {.kind = LocationKind::kSleeping, .server = sleep_server};
  std::vector<Location> after;
  for (const auto& before : known.now) {
    const bool is_there =
        before.kind == LocationKind::kWebSocket && before.server == server && before.connection == connection;
    add_to(after, {is_there ? left : before});
  }
  const bool sure = answer != nullptr && answer->has_value();
  if (sure && std::ranges::find(after, **answer) == after.end()) {
    violate("leave: the device cannot be on '{}' after it", (*answer)->server);
  }
  add_to(known.after_power_cut, after);
  if (!sure) {
    add_to(known.in_doubt, after);
    add_to(known.now, after);
    return add_to(known.after_end, after);
  }
  known.now = {**answer};
  add_to(known.now, known.in_doubt);
  if ((*answer)->kind == LocationKind::kWebSocket && !can_wake) return;
  known.after_end = known.now;
}

template <class Each>
void StoreModel::for_each_fact(const Each& each) {
  for (auto& [id, known] : messages_) {
    each(known.stored);
    each(known.routed);
    each(known.end);
    for (auto& [device, fate] : known.deliveries) each(fate);
  }
  for (auto& [key, registered] : registered_) each(registered);
}

void StoreModel::synced() {
  for_each_fact([](auto& fact) { fact.sync(); });
  for (auto& [id, known] : messages_) {
    known.synced_acked = known.told_acked;
    known.synced_ended = known.told_ended;
  }
}

void StoreModel::in_doubt() {
  for_each_fact([](auto& fact) { fact.doubt(); });
}

void StoreModel::killed() {
  for_each_fact([](auto& fact) { fact.lose(); });
  for (auto& [device, known] : locations_) {
    add_to(known.after_end, known.in_doubt);
    known.in_doubt.clear();
    known.now = known.after_end;
  }
}

void StoreModel::power_cut() {
  for_each_fact([](auto& fact) { fact.lose_unsynced(); });
  for (auto& [id, known] : messages_) {
    known.told_acked = known.synced_acked;
    known.told_ended = known.synced_ended;
  }
  for (auto& [device, known] : locations_) {
    add_to(known.after_end, known.after_power_cut);
    add_to(known.after_end, known.in_doubt);
    known.in_doubt.clear();
    known.now = known.after_end;
  }
}

}  // namespace herald::simulation
