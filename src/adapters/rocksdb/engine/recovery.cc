#include "adapters/rocksdb/engine/recovery.h"

namespace herald::adapters {

namespace {

[[nodiscard]] std::string key_of(const MessageId& id) {
  return std::string(id.view());
}

// True: the message had been spilled, so its rows hold all there is to know.
[[nodiscard]] bool was_spilled(Transaction& txn, const std::string& key) {
  return txn.rows().get(Family::kReceipts, key).has_value() || txn.rows().get(Family::kUnrouted, key).has_value();
}

// A message that has rows of deliveries, because some were acknowledged or because it was being spilled, is in flight
// no more: the rows must hold when it is routed again.
void load_one(Transaction& txn, const MessagePtr& message) {
  Receipt receipt = first_receipt(*message);
  const std::string prefix(message->id.view());
  txn.rows().scan(Family::kDeliveries, prefix, prefix, [&](std::string_view key, std::string_view value) {
    const auto delivery = txn.rows().good(decode_delivery(key, value));
    if (!delivery) return true;
    ++receipt.recipients;
    if (delivery->state == DeliveryState::kAcked) ++receipt.acked;
    if (delivery->state == DeliveryState::kDropped) ++receipt.dropped;
    return true;
  });
  if (txn.rows().failure()) return;
  if (receipt.recipients == 0) {
    static_cast<void>(txn.state().insert_in_flight(message, txn.mono()));
    return;
  }
  receipt.spilled = true;
  txn.write_indexes(receipt);
  txn.rows().put(Family::kReceipts, key_of(receipt.id), encode_receipt(receipt));
}

void load_from(Transaction& txn, const MessageId& floor) {
  std::vector<MessagePtr> found;
  MessageId last = floor;
  txn.rows().scan(Family::kMessages, "", key_of(floor), [&](std::string_view key, std::string_view value) {
    const auto id = txn.rows().good(last_id<MessageId>(key));
    if (!id) return true;
    last = *id;
    if (was_spilled(txn, std::string(key))) return true;
    // One that cannot be read is reported to whoever asks for it.
    if (auto message = decode_message(*id, value)) {
      found.push_back(std::make_shared<const Message>(std::move(*message)));
    }
    return !txn.rows().failure();
  });
  for (const auto& message : found) {
    if (txn.rows().failure()) return;
    load_one(txn, message);
  }
  txn.state().pass_over(last);
}

}  // namespace

Status load_in_flight(Transaction& txn) {
  const auto mark = txn.begin();
  const auto row = txn.rows().get(Family::kMeta, young_floor_key());
  const auto floor = row ? txn.rows().good(decode_young_floor(*row)) : std::nullopt;
  if (!txn.rows().failure()) load_from(txn, floor.value_or(MessageId{}));
  return txn.end_operation(mark, true);
}

}  // namespace herald::adapters
