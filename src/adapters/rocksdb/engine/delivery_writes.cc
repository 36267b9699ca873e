#include <algorithm>

#include "adapters/rocksdb/engine/writes.h"
#include "adapters/rocksdb/state/receipt_state.h"

namespace herald::adapters {

namespace {

[[nodiscard]] std::optional<Delivery> find_delivery(Batch& batch, const Receipt& receipt,
                                                    const UserAgentId& user_agent) {
  if (receipt.spilled) {
    const std::string key = delivery_key(receipt.id, user_agent);
    const auto row = batch.get(Family::kDeliveries, key);
    return row ? batch.good(decode_delivery(key, *row)) : std::nullopt;
  }
  const auto it = std::ranges::lower_bound(receipt.deliveries, user_agent, {}, &Delivery::user_agent);
  if (it == receipt.deliveries.end() || it->user_agent != user_agent) return std::nullopt;
  return *it;
}

void put_row(Batch& batch, const Receipt& receipt, const Delivery& delivery) {
  batch.put(Family::kDeliveries, delivery_key(receipt.id, delivery.user_agent), encode_delivery(delivery));
}

void spill(Batch& batch, Receipt& receipt) {
  for (const auto& delivery : receipt.deliveries) put_row(batch, receipt, delivery);
  receipt.deliveries.clear();
  receipt.spilled = true;
}

// `place` is where it is or belongs.
void set_young_delivery(Batch& batch, Receipt& receipt, const Delivery& delivery, std::vector<Delivery>::iterator place,
                        bool exists) {
  const auto index = static_cast<std::size_t>(place - receipt.deliveries.begin());
  const bool in_rows = index < receipt.rows_written;
  if (in_rows) put_row(batch, receipt, delivery);
  if (exists) {
    *place = delivery;
    return;
  }
  receipt.deliveries.insert(place, delivery);
  batch.count_young_delivery();
  if (in_rows) ++receipt.rows_written;
}

void set_delivery(Batch& batch, Receipt& receipt, const Delivery& delivery) {
  batch.change(receipt);
  if (receipt.spilled) return put_row(batch, receipt, delivery);
  const auto it = std::ranges::lower_bound(receipt.deliveries, delivery.user_agent, {}, &Delivery::user_agent);
  const bool exists = it != receipt.deliveries.end() && it->user_agent == delivery.user_agent;
  if (receipt.young) return set_young_delivery(batch, receipt, delivery, it, exists);
  if (exists) {
    *it = delivery;
  } else if (receipt.deliveries.size() < kInlineDeliveriesMax) {
    receipt.deliveries.insert(it, delivery);
  } else {
    spill(batch, receipt);
    put_row(batch, receipt, delivery);
  }
}

void drop(Batch& batch, Receipt& receipt, Delivery delivery, WallTime now) {
  delivery.state = DeliveryState::kDropped;
  delivery.final_at = now;
  set_delivery(batch, receipt, delivery);
  ++receipt.dropped;
  ++batch.tally().dropped_deliveries;
  end_if_resolved(batch, receipt, now);
}

// Takes away a pending row that exists, and drops its delivery; true if there was one to drop. A row whose message has
// ended only makes room.
[[nodiscard]] bool drop_pending(Batch& batch, const PendingKey& key, WallTime now) {
  Receipt* receipt = batch.receipt(key.message);
  const bool had_ended = receipt == nullptr || is_final(receipt->end);
  if (!had_ended && now >= receipt->expires_at) {
    end_message(batch, *receipt, DeliveryState::kExpired, receipt->expires_at);
    if (receipt->spilled) batch.remove_pending(key);
    return false;
  }
  batch.remove_pending(key);
  if (had_ended) return false;
  const auto delivery = find_delivery(batch, *receipt, key.user_agent);
  if (delivery) drop(batch, *receipt, *delivery, now);
  return delivery.has_value();
}

[[nodiscard]] std::uint64_t make_room(Batch& batch, const UserAgentId& user_agent, WallTime now) {
  std::uint64_t dropped = 0;
  while (batch.pending_count(user_agent) > batch.limits().pending_per_device) {
    const auto key = batch.first_pending(user_agent);
    if (!key) return dropped;
    if (drop_pending(batch, *key, now)) ++dropped;
  }
  return dropped;
}

void add_one(Batch& batch, Receipt& receipt, const UserAgentId& user_agent, WallTime now, ports::AddOutcome& outcome) {
  if (!batch.is_new_device(receipt, user_agent) && find_delivery(batch, receipt, user_agent)) return;
  batch.note_device(receipt, user_agent);
  Delivery delivery;
  delivery.user_agent = user_agent;
  delivery.routed_at = now;
  set_delivery(batch, receipt, delivery);
  ++receipt.recipients;
  ++outcome.added;
  batch.add_pending({user_agent, receipt.priority, receipt.id}, {receipt.app, receipt.expires_at});
  outcome.dropped += make_room(batch, user_agent, now);
}

void add_entry(Batch& batch, const ports::NewDeliveries& entry, WallTime now, ports::AddOutcome& outcome) {
  Receipt* receipt = batch.receipt(entry.message);
  if (receipt == nullptr || is_final(receipt->end)) return;
  if (now >= receipt->expires_at) {
    return end_message(batch, *receipt, DeliveryState::kExpired, receipt->expires_at);
  }
  for (const auto& user_agent : entry.user_agents) add_one(batch, *receipt, user_agent, now, outcome);
  if (entry.last_page && !receipt->routed) {
    receipt->routed = true;
    batch.change(*receipt);
    if (!receipt->young) batch.remove_unindexed(Family::kUnrouted, std::string(receipt->id.view()));
  }
  end_if_resolved(batch, *receipt, now);
}

// An ended message with few devices has no pending rows any more; one with many may have them still.
[[nodiscard]] bool has_pending_row(Batch& batch, const Receipt& receipt, const PendingKey& key) {
  if (!is_final(receipt.end)) return true;
  return receipt.spilled && batch.get(Family::kPending, pending_key(key)).has_value();
}

void record_ack(Batch& batch, Receipt& receipt, DeliveryState before, const DeliveryEvent& event) {
  ++receipt.acked;
  if (before == DeliveryState::kDropped) {
    --receipt.dropped;
  } else {
    const PendingKey key{event.user_agent, receipt.priority, receipt.id};
    if (has_pending_row(batch, receipt, key)) batch.remove_pending(key);
  }
  end_if_resolved(batch, receipt, event.at);
}

[[nodiscard]] bool record_one(Batch& batch, const DeliveryEvent& event) {
  if (event.state != DeliveryState::kSent && event.state != DeliveryState::kAcked) return false;
  Receipt* receipt = batch.receipt(event.message);
  if (receipt == nullptr) return false;
  auto delivery = find_delivery(batch, *receipt, event.user_agent);
  if (!delivery) return false;
  const auto shown = delivery_at(*receipt, *delivery, event.at).state;
  if (shown == event.state || !may_follow(shown, event.state)) return false;

  const auto before = std::exchange(delivery->state, event.state);
  if (delivery->sent_at == WallTime{}) delivery->sent_at = event.sent_at;
  if (event.state == DeliveryState::kAcked) delivery->final_at = event.at;
  set_delivery(batch, *receipt, *delivery);
  if (event.state == DeliveryState::kAcked) {
    const bool ends = receipt->routed && receipt->acked + receipt->dropped + 1 >= receipt->recipients;
    batch.keep_ack(*receipt, *delivery, ends);
    record_ack(batch, *receipt, before, event);
  }
  return true;
}

}  // namespace

Result<ports::AddOutcome> add_deliveries(Batch& batch, const std::vector<ports::NewDeliveries>& entries, WallTime now) {
  ports::AddOutcome outcome;
  for (const auto& entry : entries) add_entry(batch, entry, now, outcome);
  return outcome;
}

Result<std::uint64_t> record_events(Batch& batch, const std::vector<DeliveryEvent>& events) {
  std::vector<MessageId> messages;
  messages.reserve(events.size());
  for (const auto& event : events) messages.push_back(event.message);
  batch.read_ahead(std::move(messages));
  std::uint64_t changed = 0;
  for (const auto& event : events) {
    if (record_one(batch, event)) ++changed;
  }
  return changed;
}

void drop_pending_of(Batch& batch, const AppId& app, const UserAgentId& user_agent, WallTime now) {
  std::vector<PendingKey> keys;
  const std::string prefix(user_agent.view());
  batch.scan(Family::kPending, prefix, prefix, [&](std::string_view key, std::string_view value) {
    const auto record = batch.good(decode_pending(value));
    if (record && record->app == app) {
      if (const auto decoded = batch.good(decode_pending_key(key))) keys.push_back(*decoded);
    }
    return true;
  });
  for (const auto& key : batch.young().pending_of(user_agent)) {
    const auto* young = batch.young().find(key.message);
    if (young != nullptr && young->receipt.app == app) keys.push_back(key);
  }
  for (const auto& key : keys) static_cast<void>(drop_pending(batch, key, now));
}

}  // namespace herald::adapters
