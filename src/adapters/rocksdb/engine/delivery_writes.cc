#include <algorithm>

#include "adapters/rocksdb/engine/writes.h"
#include "adapters/rocksdb/state/receipt_state.h"
#include "base/planted.h"

namespace herald::adapters {

namespace {

void drop(Transaction& txn, Receipt& receipt, Delivery delivery, WallTime now) {
  delivery.state = DeliveryState::kDropped;
  delivery.final_at = now;
  txn.set_delivery(receipt, delivery);
  ++receipt.dropped;
  ++txn.tally().dropped_deliveries;
  end_if_resolved(txn, receipt, now);
}

[[nodiscard]] std::uint64_t make_room(Transaction& txn, const UserAgentId& user_agent, WallTime now) {
  std::uint64_t dropped = 0;
  while (txn.pending_count(user_agent) > txn.limits().pending_per_device) {
    const auto key = txn.first_pending(user_agent);
    if (!key || txn.rows().failure()) return dropped;
    if (drop_pending(txn, *key, now)) ++dropped;
  }
  return dropped;
}

void add_one(Transaction& txn, Receipt& receipt, const UserAgentId& user_agent, WallTime now,
             ports::AddOutcome& outcome) {
  if (!txn.is_new_device(receipt, user_agent) && txn.delivery(receipt, user_agent)) return;
  txn.note_device(receipt, user_agent);
  Delivery delivery;
  delivery.user_agent = user_agent;
  delivery.routed_at = now;
  txn.set_delivery(receipt, delivery);
  ++receipt.recipients;
  ++outcome.added;
  txn.add_pending({user_agent, receipt.priority, receipt.id}, {receipt.app, receipt.expires_at});
  outcome.dropped += make_room(txn, user_agent, now);
}

void add_entry(Transaction& txn, const ports::NewDeliveries& entry, WallTime now, ports::AddOutcome& outcome) {
  Receipt* receipt = txn.receipt(entry.message);
  if (receipt == nullptr || is_final(receipt->end)) return;
  if (now >= receipt->expires_at) {
    return end_message(txn, *receipt, DeliveryState::kExpired, receipt->expires_at);
  }
  for (const auto& user_agent : entry.user_agents) add_one(txn, *receipt, user_agent, now, outcome);
  if (entry.last_page && !receipt->routed) {
    txn.edit(*receipt);
    receipt->routed = true;
    if (!receipt->in_flight) txn.rows().remove(Family::kUnrouted, std::string(receipt->id.view()));
  }
  end_if_resolved(txn, *receipt, now);
}

// An ended message with few devices has no pending rows any more; one with many may have them still.
[[nodiscard]] bool has_pending_row(Transaction& txn, const Receipt& receipt, const PendingKey& key) {
  if (!is_final(receipt.end)) return true;
  return receipt.spilled && txn.rows().get(Family::kPending, pending_key(key)).has_value();
}

void record_ack(Transaction& txn, Receipt& receipt, DeliveryState before, const DeliveryEvent& event) {
  ++receipt.acked;
  if (before == DeliveryState::kDropped) {
    --receipt.dropped;
  } else {
    const PendingKey key{event.user_agent, receipt.priority, receipt.id};
    if (has_pending_row(txn, receipt, key)) txn.remove_pending(key);
  }
  end_if_resolved(txn, receipt, event.at);
}

[[nodiscard]] bool record_one(Transaction& txn, const DeliveryEvent& event) {
  if (event.state != DeliveryState::kSent && event.state != DeliveryState::kAcked) return false;
  Receipt* receipt = txn.receipt(event.message);
  if (receipt == nullptr) return false;
  const bool is_wrong = planted::is(planted::Fault::kAckForOtherDevice) && !receipt->deliveries.empty();
  auto delivery = txn.delivery(*receipt, is_wrong ? receipt->deliveries.front().user_agent : event.user_agent);
  if (!delivery) return false;
  const auto shown = delivery_at(*receipt, *delivery, event.at).state;
  if (shown == event.state || !may_follow(shown, event.state)) return false;

  const auto before = std::exchange(delivery->state, event.state);
  if (delivery->sent_at == WallTime{}) delivery->sent_at = event.sent_at;
  if (event.state == DeliveryState::kAcked) delivery->final_at = event.at;
  txn.set_delivery(*receipt, *delivery);
  if (event.state == DeliveryState::kAcked) {
    const std::uint64_t settles = before == DeliveryState::kDropped ? 0 : 1;
    const bool ends = receipt->routed && receipt->acked + receipt->dropped + settles >= receipt->recipients;
    txn.keep_ack(*receipt, *delivery, ends);
    record_ack(txn, *receipt, before, event);
  }
  return true;
}

}  // namespace

Result<ports::AddOutcome> add_deliveries(Transaction& txn, const std::vector<ports::NewDeliveries>& entries,
                                         WallTime now) {
  ports::AddOutcome outcome;
  for (const auto& entry : entries) add_entry(txn, entry, now, outcome);
  return outcome;
}

Result<std::uint64_t> record_events(Transaction& txn, const std::vector<DeliveryEvent>& events) {
  std::vector<MessageId> messages;
  messages.reserve(events.size());
  for (const auto& event : events) messages.push_back(event.message);
  txn.read_ahead(std::move(messages));
  std::uint64_t changed = 0;
  for (const auto& event : events) {
    if (record_one(txn, event)) ++changed;
  }
  return changed;
}

bool drop_pending(Transaction& txn, const PendingKey& key, WallTime now) {
  Receipt* receipt = txn.receipt(key.message);
  if (txn.rows().failure()) return false;
  const bool had_ended = receipt == nullptr || is_final(receipt->end);
  if (!had_ended && now >= receipt->expires_at) {
    end_message(txn, *receipt, DeliveryState::kExpired, receipt->expires_at);
    if (receipt->spilled) txn.remove_pending(key);
    return false;
  }
  txn.remove_pending(key);
  if (had_ended) return false;
  const auto delivery = txn.delivery(*receipt, key.user_agent);
  if (delivery) drop(txn, *receipt, *delivery, now);
  return delivery.has_value();
}

void drop_pending_of(Transaction& txn, const AppId& app, const UserAgentId& user_agent, WallTime now) {
  std::vector<PendingKey> keys;
  const std::string prefix(user_agent.view());
  txn.rows().scan(Family::kPending, prefix, prefix, [&](std::string_view key, std::string_view value) {
    const auto record = txn.rows().good(decode_pending(value));
    if (record && record->app == app) {
      if (const auto decoded = txn.rows().good(decode_pending_key(key))) keys.push_back(*decoded);
    }
    return true;
  });
  for (const auto& key : txn.state().in_flight().pending_of(user_agent)) {
    const auto* in_flight = txn.state().in_flight().find(key.message);
    if (in_flight != nullptr && in_flight->receipt.app == app) keys.push_back(key);
  }
  for (const auto& key : keys) static_cast<void>(drop_pending(txn, key, now));
}

}  // namespace herald::adapters
