// What the store may answer to reads.

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "simulation/store/store_model.h"

namespace herald::simulation {

namespace {

template <class... Args>
[[noreturn]] void violate(fmt::format_string<Args...> format, Args&&... args) {
  throw Violation{fmt::format(format, std::forward<Args>(args)...)};
}

[[nodiscard]] std::string name(const MessageId& id) {
  return "m" + std::to_string(id.bytes[14] * 256 + id.bytes[15]);
}
[[nodiscard]] std::string name(const UserAgentId& device) {
  return "d" + std::to_string(device.bytes.back());
}

[[nodiscard]] bool same_content(const Message& a, const Message& b) {
  return a.id == b.id && a.app == b.app && a.priority == b.priority && a.kind == b.kind &&
         a.replace_key == b.replace_key && a.meta == b.meta && a.body == b.body && a.accepted_at == b.accepted_at &&
         a.expires_at == b.expires_at;
}

// An answer that shows `id` as deliverable at `now`.
void see_deliverable(MessageModel& known, const Message& shown, WallTime now) {
  if (!same_content(known.message, shown)) violate("content: message {} is not what was put", name(shown.id));
  if (!known.may_be_outstanding(now)) violate("ended: message {} is delivered although it has ended", name(shown.id));
  known.stored.see({true});
  known.end.see({End::kNone});
}

}  // namespace

void StoreModel::fetch(const std::vector<MessageId>& ids, WallTime now, const std::vector<MessagePtr>& found) {
  if (found.size() != ids.size()) violate("fetch: {} answers for {} ids", found.size(), ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    auto* known = find(ids[i]);
    if (found[i] != nullptr) {
      if (known == nullptr) violate("fetch: message {} was never put", name(ids[i]));
      see_deliverable(*known, *found[i], now);
    } else if (known != nullptr && known->must_be_outstanding(now)) {
      violate("lost: message {} is outstanding and is not fetched", name(ids[i]));
    }
  }
}

void StoreModel::status(const MessageId& id, WallTime now, const Result<ports::MessageStatus>& found) {
  auto& known = messages_.at(id);
  if (found) return check_status(known, now, *found);
  if (found.error().kind != ErrorKind::kNotFound) return;
  if (known.stored.is(true)) violate("lost: message {} was accepted and has no status", name(id));
  known.stored.see({false});
}

void StoreModel::check_status(MessageModel& known, WallTime now, const ports::MessageStatus& found) {
  const auto& id = known.message.id;
  if (!known.stored.may_be(true)) violate("status: message {} was removed, or never stored", name(id));
  if (found.id != id) violate("status: {} is shown for {}", name(found.id), name(id));
  std::uint64_t most = 0;
  std::uint64_t most_acked = 0;
  std::uint64_t least = 0;
  std::uint64_t least_acked = 0;
  for (const auto& [device, fate] : known.deliveries) {
    most += fate.is(Fate::kNone) ? 0 : 1;
    least += fate.may_be(Fate::kNone) ? 0 : 1;
    most_acked += fate.may_be(Fate::kAcked) ? 1 : 0;
    least_acked += fate.is(Fate::kAcked) ? 1 : 0;
  }
  if (found.recipients < least || found.recipients > most) {
    violate("recipients: message {} shows {}, not {} to {}", name(id), found.recipients, least, most);
  }
  if (found.acked < known.told_acked) {
    violate("receipt: message {} showed {} acks before, and {} now", name(id), known.told_acked, found.acked);
  }
  if (found.acked < least_acked || found.acked > most_acked) {
    violate("receipt: message {} shows {} acks, not {} to {}", name(id), found.acked, least_acked, most_acked);
  }
  if (!known.routed.may_be(found.routed))
    violate("routed: message {} is shown {}routed", name(id), found.routed ? "" : "not ");
  known.stored.tell({true});
  known.routed.see({found.routed});
  see_state(known, now, found);
  known.told_acked = found.acked;
  for (auto& [device, fate] : known.deliveries) {
    if (found.acked == most_acked && fate.may_be(Fate::kAcked)) fate.tell({Fate::kAcked});
    if (found.acked == least_acked && !fate.is(Fate::kAcked)) {
      fate.see({Fate::kNone, Fate::kPending, Fate::kSent, Fate::kDropped});
    }
  }
}

void StoreModel::see_state(MessageModel& known, WallTime now, const ports::MessageStatus& found) {
  const auto& id = known.message.id;
  const auto state = found.state;
  const bool expired = now >= known.message.expires_at;
  if (known.told_ended && state == DeliveryState::kPending) {
    violate("status: message {} was shown as ended, and is outstanding again", name(id));
  }
  const auto wrong = [&] { violate("status: message {} cannot be {}", name(id), to_string(state)); };
  switch (state) {
    case DeliveryState::kPending:
      if (!known.may_be_outstanding(now)) wrong();
      return known.end.see({End::kNone});
    case DeliveryState::kAcked:
      if (!known.may_be_resolved() || found.acked != found.recipients) wrong();
      known.told_ended = true;
      for (auto& [device, fate] : known.deliveries) {
        if (!fate.may_be_one_of({Fate::kNone, Fate::kAcked})) wrong();
        fate.tell({Fate::kNone, Fate::kAcked});
      }
      return;
    case DeliveryState::kDropped:
      if (!known.may_be_resolved()) wrong();
      known.told_ended = true;
      return;
    case DeliveryState::kReplaced:
      if (!known.end.may_be(End::kReplaced)) wrong();
      known.told_ended = true;
      return known.end.tell({End::kReplaced});
    case DeliveryState::kCancelled:
      if (!known.end.may_be(End::kCancelled)) wrong();
      known.told_ended = true;
      return known.end.tell({End::kCancelled});
    case DeliveryState::kExpired:
      if (!expired && !known.end.may_be(End::kExpired)) wrong();
      if (!expired) known.end.see({End::kExpired});
      return;
    case DeliveryState::kSent:
      wrong();
  }
}

void StoreModel::pending(const UserAgentId& device, std::optional<MessageId> after, std::size_t limit, WallTime now,
                         const ports::PendingPage& page) {
  if (page.messages.size() > limit) violate("pending: {} messages, the limit is {}", page.messages.size(), limit);
  std::set<MessageId> shown;
  std::optional<MessageId> last = after;
  for (const auto& message : page.messages) {
    if (last && message->id <= *last) violate("order: message {} follows {}", name(message->id), name(*last));
    last = message->id;
    shown.insert(message->id);
    auto* known = find(message->id);
    if (known == nullptr) violate("pending: message {} was never put", name(message->id));
    if (!known->may_wait_for(device, now)) {
      violate("pending: message {} does not wait for {}", name(message->id), name(device));
    }
    see_deliverable(*known, *message, now);
    known->deliveries.at(device).see({Fate::kPending, Fate::kSent});
  }
  bool may_have_more = false;
  for (const auto& [id, known] : messages_) {
    if ((after && id <= *after) || shown.contains(id)) continue;
    const bool is_beyond = page.more && (!last || id > *last);
    may_have_more = may_have_more || (is_beyond && known.may_wait_for(device, now));
    if (!is_beyond && known.must_wait_for(device, now)) {
      violate("lost: message {} waits for device {} and is not in its page", name(id), name(device));
    }
  }
  if (page.more && !may_have_more) violate("pending: there are no more messages for device {}", name(device));
}

void StoreModel::see_shown(MessageModel& known, const Delivery& shown, WallTime now) {
  const auto& id = known.message.id;
  const auto found = known.deliveries.find(shown.user_agent);
  if (found == known.deliveries.end() || found->second.is(Fate::kNone)) {
    violate("receipt: message {} has a delivery for {}, which it never had", name(id), name(shown.user_agent));
  }
  auto& fate = found->second;
  const auto wrong = [&] {
    violate("receipt: the delivery of {} to {} cannot be {}", name(id), name(shown.user_agent), to_string(shown.state));
  };
  switch (shown.state) {
    case DeliveryState::kPending:
    case DeliveryState::kSent: {
      const auto seen = shown.state == DeliveryState::kSent ? Fate::kSent : Fate::kPending;
      if (!fate.may_be(seen) || !known.may_be_outstanding(now)) wrong();
      return fate.see({seen});
    }
    case DeliveryState::kAcked:
      if (!fate.may_be(Fate::kAcked)) wrong();
      return fate.tell({Fate::kAcked});
    case DeliveryState::kDropped:
      if (!fate.may_be(Fate::kDropped) && !known.may_be_resolved()) wrong();
      return;
    default:
      if (!fate.may_be_one_of({Fate::kPending, Fate::kSent}) || known.must_be_outstanding(now)) wrong();
  }
}

void StoreModel::of_message(const MessageId& id, WallTime now, const ports::DeliveryPage& page) {
  auto& known = messages_.at(id);
  std::optional<UserAgentId> last;
  std::set<UserAgentId> shown;
  for (const auto& delivery : page.deliveries) {
    if (last && delivery.user_agent <= *last) violate("order: the receipt of {} is not in order", name(id));
    last = delivery.user_agent;
    shown.insert(delivery.user_agent);
    see_shown(known, delivery, now);
  }
  if (page.more) return;
  for (auto& [device, fate] : known.deliveries) {
    if (shown.contains(device)) continue;
    if (!fate.may_be(Fate::kNone) && known.stored.is(true)) {
      violate("receipt: message {} shows no delivery for {}", name(id), name(device));
    }
    if (fate.may_be(Fate::kNone)) fate.see({Fate::kNone});
  }
}

void StoreModel::unrouted(WallTime before, std::size_t limit, WallTime now, const std::vector<ports::Unrouted>& found) {
  if (found.size() > limit) violate("unrouted: {} messages, the limit is {}", found.size(), limit);
  std::set<MessageId> shown;
  std::optional<MessageId> last;
  for (const auto& each : found) {
    if (last && each.message <= *last)
      violate("order: unrouted message {} follows {}", name(each.message), name(*last));
    last = each.message;
    shown.insert(each.message);
    auto* known = find(each.message);
    if (known == nullptr) violate("unrouted: message {} was never put", name(each.message));
    if (each.app != known->message.app) violate("unrouted: message {} has another app", name(each.message));
    const bool has_ended = known->end.possible() != std::vector{End::kNone} && !known->end.may_be(End::kNone);
    if (!known->routed.may_be(false) || !known->stored.may_be(true) || has_ended) {
      violate("unrouted: message {} was routed, or has ended", name(each.message));
    }
    known->routed.see({false});
    known->stored.see({true});
  }
  for (const auto& [id, known] : messages_) {
    if (shown.contains(id) || (found.size() == limit && last && id > *last)) continue;
    if (known.message.accepted_at < before && known.routed.is(false) && known.must_be_outstanding(now)) {
      violate("lost: message {} is not routed and the sweep does not see it", name(id));
    }
  }
}

void StoreModel::nodes_of(const AppId& app, const ports::NodePage& page) const {
  if (page.more) return;
  for (const auto& [key, registered] : registered_) {
    const bool shown = std::ranges::find(page.user_agents, key.second) != page.user_agents.end();
    if (key.first == app && !registered.may_be(shown)) {
      violate("directory: device {} is {}a device of the app", name(key.second), shown ? "" : "not ");
    }
  }
}

void StoreModel::apps_of(const UserAgentId& device, const ports::AppPage& page) const {
  if (page.more) return;
  for (const auto& [key, registered] : registered_) {
    const bool shown = std::ranges::find(page.apps, key.first, &App::id) != page.apps.end();
    if (key.second == device && !registered.may_be(shown)) {
      violate("directory: the app is {}one of device {}", shown ? "" : "not ", name(device));
    }
  }
}

void StoreModel::locate(const std::vector<UserAgentId>& devices, const std::vector<Node>& nodes) {
  if (nodes.size() != devices.size()) violate("locate: {} answers for {} devices", nodes.size(), devices.size());
  for (std::size_t i = 0; i < devices.size(); ++i) {
    auto& known = locations_[devices[i]];
    const auto& location = nodes[i].location;
    if (std::ranges::find(known.now, location) == known.now.end()) {
      violate("location: device {} cannot be on '{}', connection {}", name(devices[i]), location.server,
              location.connection);
    }
    known.now = {location};
    for (const auto& each : known.in_doubt) {
      if (each != location) known.now.push_back(each);
    }
  }
}

void StoreModel::sleepers(const ServerId& server, std::size_t limit, WallTime now,
                          const std::vector<Node>& nodes) const {
  for (const auto& [device, known] : locations_) {
    const bool shown = std::ranges::find(nodes, device, &Node::user_agent) != nodes.end();
    const auto is_there = [&](const Location& each) {
      return each.kind == LocationKind::kSleeping && each.server == server;
    };
    if (shown && std::ranges::none_of(known.now, is_there)) {
      violate("sleepers: device {} does not sleep on {}", name(device), server);
    }
    const bool waits =
        std::ranges::any_of(messages_, [&](const auto& each) { return each.second.must_wait_for(device, now); });
    if (!shown && waits && std::ranges::all_of(known.now, is_there) && nodes.size() < limit) {
      violate("sleepers: device {} sleeps on {} and has messages, and is not told of", name(device), server);
    }
  }
}

}  // namespace herald::simulation
