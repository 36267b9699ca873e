#include "adapters/mongodb/delivery_calls.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "adapters/mongodb/documents.h"
#include "adapters/mongodb/schema.h"
#include "adapters/mongodb/shared_steps.h"

namespace herald::adapters::mongodb {

namespace {

using Deliveries = std::map<std::string, StoredDelivery, std::less<>>;

[[nodiscard]] Deliveries deliveries_by_id(Context& context, const std::vector<Document>& documents) {
  Deliveries found;
  for (const auto& document : documents) {
    const auto delivery = readable(context, read_delivery(Row(document)));
    if (delivery) found.emplace(delivery_id(delivery->message, delivery->user_agent), *delivery);
  }
  return found;
}

// ---- record

class Recording {
 public:
  Recording(Context& context, std::span<RecordCall> calls) : context_(context), calls_(calls) {}

  Status run() {
    if (auto read = read_deliveries_named(); !read) return read;
    std::vector<std::uint64_t> changed;
    for (const auto& call : calls_) {
      changed.push_back(static_cast<std::uint64_t>(
          std::ranges::count_if(call.in, [this](const DeliveryEvent& event) { return apply(event); })));
    }
    if (auto done = context_.database.update(kDeliveries, updates_); !done) return std::unexpected(done.error());
    if (auto ended = end_acked(); !ended) return ended;
    for (std::size_t i = 0; i < calls_.size(); ++i) calls_[i].out = changed[i];
    return {};
  }

 private:
  Status read_deliveries_named() {
    std::set<std::string> wanted;
    for (const auto& call : calls_) {
      for (const auto& event : call.in) wanted.insert(delivery_id(event.message, event.user_agent));
    }
    const std::vector<std::string> ids(wanted.begin(), wanted.end());
    const auto documents = find_by_ids(context_, kDeliveries, ids, {});
    if (!documents) return std::unexpected(documents.error());
    deliveries_ = deliveries_by_id(context_, *documents);
    return {};
  }

  bool apply(const DeliveryEvent& event) {
    const auto found = deliveries_.find(delivery_id(event.message, event.user_agent));
    if (found == deliveries_.end()) return false;
    StoredDelivery& delivery = found->second;
    const DeliveryState before = delivery.state_alone(event.at);
    const bool acks = event.state == DeliveryState::kAcked;
    // Acked before: by a call that may have come no further.
    if (acks && before == DeliveryState::kAcked) note_acked(delivery, event);
    if (before == event.state || !may_follow(before, event.state)) return false;
    updates_.push_back(
        {text_of("_id", found->first), acks ? acked_change(event.sent_at, event.at) : sent_change(event.sent_at)});
    delivery.state = event.state;
    if (!acks) return true;
    delivery.open = false;
    note_acked(delivery, event);
    return true;
  }

  void note_acked(const StoredDelivery& delivery, const DeliveryEvent& event) {
    if (delivery.sole) {
      sole_acked_.try_emplace(event.message, event.at);
    } else {
      others_acked_.insert(event.message);
    }
    acked_at_ = std::max(acked_at_, event.at);
  }

  // A message for one device ends with its ack; of others it must be asked who has not acked yet.
  Status end_acked() {
    std::vector<StoredMessage> messages(sole_acked_.size());
    std::vector<End> ends;
    for (const auto& [id, at] : sole_acked_) {
      StoredMessage& message = messages[ends.size()];
      message.message.id = id;
      ends.push_back({&message, at});
    }
    if (auto done = end_messages(context_, ends, "acked_at", DeliveryState::kAcked); !done) return done;
    return end_if_resolved(context_, others_acked_, acked_at_);
  }

  Context& context_;
  std::span<RecordCall> calls_;
  Deliveries deliveries_;
  std::vector<Update> updates_;
  std::map<MessageId, WallTime> sole_acked_;
  std::set<MessageId> others_acked_;
  WallTime acked_at_;
};

// ---- pending

// Finds what may be pending for the devices: transient messages are not, and what has expired is not.
[[nodiscard]] Document pending_filter(Document filter, WallTime now) {
  filter.flag("open", true).document("expires", time_of("$gt", now));
  filter.document("transient", flag_of("$exists", false));
  return filter;
}

// The page of one call while it is read. Deliveries may be open although their message has ended, after a crash between
// the two changes: such take no place, and the reading goes on behind them.
struct Reading {
  PendingCall* call = nullptr;
  std::string last;  // the last delivery that was read
  std::vector<MessageId> ids;
  bool has_more = true;  // deliveries after `last`
  ports::PendingPage page;

  explicit Reading(PendingCall& of) : call(&of) {
    if (of.in.after) last = delivery_id(*of.in.after, of.in.user_agent);
  }
  [[nodiscard]] bool is_done() const { return page.messages.size() == call->in.limit || !has_more; }

  // Takes what may be delivered of the ids that were read, in their order.
  void take(const std::map<MessageId, MessagePtr>& bodies) {
    for (const auto& id : std::exchange(ids, {})) {
      const auto found = bodies.find(id);
      if (found == bodies.end()) continue;
      page.more = page.messages.size() == call->in.limit;
      if (page.more) return;
      page.messages.push_back(found->second);
    }
    page.more = has_more;
  }
};

[[nodiscard]] Status read_ids(Context& context, Reading& reading) {
  const Pending& asked = reading.call->in;
  Document filter = text_of("ua", asked.user_agent.hex());
  if (!reading.last.empty()) filter.document("_id", text_of("$gt", reading.last));
  static const Document oldest_first = number_of("_id", 1);
  const Document wanted = pending_filter(std::move(filter), asked.now);
  const auto documents =
      context.database.find(kDeliveries, {wanted, {"v", "ua", "state"}, &oldest_first, asked.limit + 1});
  if (!documents) return std::unexpected(documents.error());
  reading.has_more = documents->size() > asked.limit;
  for (const auto& document : std::span(*documents).first(std::min(documents->size(), asked.limit))) {
    const auto delivery = readable(context, read_delivery(Row(document)));
    if (delivery) reading.ids.push_back(delivery->message);
    reading.last = Row(document).text("_id").value_or("");
  }
  return {};
}

[[nodiscard]] Result<std::map<MessageId, MessagePtr>> read_bodies(Context& context, const std::set<std::string>& ids,
                                                                  WallTime now) {
  const std::vector<std::string> wanted(ids.begin(), ids.end());
  const auto documents = find_by_ids(context, kMessages, wanted, {});
  if (!documents) return std::unexpected(documents.error());
  std::map<MessageId, MessagePtr> found;
  for (const auto& document : *documents) {
    auto stored = readable(context, read_message(Row(document)));
    if (!stored || !stored->open || is_final(stored->state(now))) continue;
    const MessageId id = stored->message.id;
    found.emplace(id, std::make_shared<const Message>(std::move(stored->message)));
  }
  return found;
}

// Of those that ask for their first page, the devices for which something waits: most have nothing.
[[nodiscard]] Result<std::set<std::string>> devices_with_something(Context& context,
                                                                   std::span<const PendingCall> calls) {
  std::vector<std::string> devices;
  for (const auto& call : calls) {
    if (!call.in.after) devices.push_back(call.in.user_agent.hex());
  }
  std::set<std::string> some;
  if (devices.empty()) return some;
  const auto counts =
      context.database.count_by(kDeliveries, pending_filter(any_of("ua", devices), calls.front().in.now), "ua");
  if (!counts) return std::unexpected(counts.error());
  for (const auto& [device, count] : *counts) some.insert(device);
  return some;
}

}  // namespace

Status record_events(Context& context, std::span<RecordCall> calls) {
  return Recording(context, calls).run();
}

Status read_pending(Context& context, std::span<PendingCall> calls) {
  std::set<std::string> some;
  if (calls.size() > 1) {
    auto found = devices_with_something(context, calls);
    if (!found) return std::unexpected(found.error());
    some = std::move(*found);
  }
  std::vector<Reading> readings;
  for (auto& call : calls) {
    const bool known_empty = calls.size() > 1 && !call.in.after && !some.contains(call.in.user_agent.hex());
    if (known_empty) {
      call.out = ports::PendingPage{};
    } else {
      readings.emplace_back(call);
    }
  }
  for (std::vector<Reading> open = std::move(readings); !open.empty();) {
    std::set<std::string> ids;
    for (auto& reading : open) {
      if (auto read = read_ids(context, reading); !read) return read;
      for (const auto& id : reading.ids) ids.insert(id.hex());
    }
    const auto bodies = read_bodies(context, ids, calls.front().in.now);
    if (!bodies) return std::unexpected(bodies.error());
    for (auto& reading : open) {
      reading.take(*bodies);
      if (reading.is_done()) reading.call->out = std::move(reading.page);
    }
    std::erase_if(open, [](const Reading& reading) { return reading.call->out.has_value(); });
  }
  return {};
}

Status read_deliveries(Context& context, std::span<OfMessageCall> calls) {
  for (auto& call : calls) {
    const auto& asked = call.in;
    const auto heads = read_heads(context, {asked.message});
    if (!heads) return std::unexpected(heads.error());
    ports::DeliveryPage page;
    const auto head = heads->find(asked.message);
    if (head == heads->end()) {
      call.out = std::move(page);
      continue;
    }
    static const Document by_device = number_of("_id", 1);
    const Document filter = deliveries_of(asked.message, asked.after);
    const auto documents = context.database.find(kDeliveries, {filter, {}, &by_device, asked.limit + 1});
    if (!documents) return std::unexpected(documents.error());
    page.more = documents->size() > asked.limit;
    const DeliveryState end = head->second.state(asked.now);
    for (const auto& document : std::span(*documents).first(std::min(documents->size(), asked.limit))) {
      const auto stored = read_delivery(Row(document));
      if (!stored) return std::unexpected(stored.error());
      Delivery delivery{stored->user_agent, stored->state, stored->routed_at, stored->sent_at, stored->final_at};
      if (!is_final(delivery.state) && is_final(end)) {
        delivery.state = end;
        delivery.final_at = head->second.ended_at(asked.now);
      }
      page.deliveries.push_back(delivery);
    }
    call.out = std::move(page);
  }
  return {};
}

}  // namespace herald::adapters::mongodb
