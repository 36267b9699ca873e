#include "adapters/rocksdb/engine/writes.h"
#include "adapters/rocksdb/state/receipt_state.h"
#include "base/planted.h"

namespace herald::adapters {

namespace {

[[nodiscard]] std::string key_of(const MessageId& id) {
  return std::string(id.view());
}

// The newest message of `app` with that replace key.
[[nodiscard]] Receipt* newest(Transaction& txn, const AppId& app, const std::string& key) {
  if (key.empty()) return nullptr;
  const auto row = txn.rows().get(Family::kReplace, replace_key(app, key));
  if (!row) return nullptr;
  const auto ids = txn.rows().good(decode_ids(*row));
  return ids ? txn.receipt(ids->front()) : nullptr;
}

[[nodiscard]] Receipt* find(Transaction& txn, const AppId& app, const std::string& key) {
  Receipt* by_key = newest(txn, app, key);
  const auto id = MessageId::from_hex(key);
  if (!id || id->hex() != key) return by_key;
  Receipt* by_id = txn.receipt(*id);
  if (by_id == nullptr || by_id->app != app) return by_key;
  return by_key != nullptr && by_key->id > by_id->id ? by_key : by_id;
}

void remove_pending_of(Transaction& txn, const Receipt& receipt) {
  for (const auto& delivery : receipt.deliveries) {
    if (is_final(delivery.state)) continue;
    txn.remove_pending({delivery.user_agent, receipt.priority, receipt.id});
  }
}

// Ends a message in that state, or as expired if its time is over: the clock may go back, and it must not come back
// then. False: it had ended, or its time is over.
[[nodiscard]] bool end_now(Transaction& txn, Receipt& receipt, DeliveryState state, WallTime now) {
  if (is_final(receipt.end)) return false;
  if (is_final(state_at(receipt, now))) {
    end_message(txn, receipt, DeliveryState::kExpired, receipt.expires_at);
    return false;
  }
  end_message(txn, receipt, state, now);
  return true;
}

}  // namespace

Result<ports::PutOutcome> put_message(Transaction& txn, const MessagePtr& stored) {
  const Message& message = *stored;
  ports::PutOutcome outcome;
  if (!message.replace_key.empty()) {
    Receipt* earlier = newest(txn, message.app, message.replace_key);
    if (earlier != nullptr && end_now(txn, *earlier, DeliveryState::kReplaced, message.accepted_at)) {
      outcome.replaced = earlier->id;
    }
    txn.rows().put(Family::kReplace, replace_key(message.app, message.replace_key), encode_ids({message.id}));
  }
  txn.rows().put_blind(Family::kMessages, key_of(message.id), encode_message(message));
  if (const Receipt& receipt = txn.new_receipt(stored); !receipt.in_flight) txn.write_indexes(receipt);
  if (message.receipt != ReceiptId{}) {
    txn.rows().put(Family::kReceiptMessages, receipt_message_key(message.receipt, message.id), encode_presence());
  }
  ++txn.tally().accepted.at(static_cast<std::size_t>(message.priority));
  return outcome;
}

Result<ports::MessageStatus> cancel_message(Transaction& txn, const AppId& app, const std::string& key, WallTime now) {
  Receipt* receipt = find(txn, app, key);
  if (receipt == nullptr) return fail(ErrorKind::kNotFound, "no such message");
  static_cast<void>(end_now(txn, *receipt, DeliveryState::kCancelled, now));
  return status_at(*receipt, now);
}

Result<ports::MessageStatus> find_status(Transaction& txn, const AppId& app, const std::string& key, WallTime now) {
  const Receipt* receipt = find(txn, app, key);
  if (receipt == nullptr) return fail(ErrorKind::kNotFound, "no such message");
  return status_at(*receipt, now);
}

// The body's row stands exactly as long as the message has not ended, so fetch() and pending() need no other. The
// pending rows of a message with many devices are left to whoever meets them, and to its removal.
void end_message(Transaction& txn, Receipt& receipt, DeliveryState state, WallTime at) {
  txn.edit(receipt);
  receipt.end = state;
  receipt.ended_at = at;
  txn.state().note_ended(at, receipt.id);
  const bool keeps_body = planted::is(planted::Fault::kReplacedStays) && state == DeliveryState::kReplaced;
  if (!keeps_body) txn.rows().remove_blind(Family::kMessages, key_of(receipt.id));
  remove_pending_of(txn, receipt);
  if (receipt.in_flight) {
    txn.state().retire(receipt.id);
  } else {
    txn.rows().remove_blind(Family::kEnds,
                            ends_key({.row = kExpiryRow, .time = receipt.expires_at, .message = receipt.id}));
    if (!receipt.routed) txn.rows().remove(Family::kUnrouted, key_of(receipt.id));
  }
  ++txn.tally().ended.at(static_cast<std::size_t>(state));
}

void end_if_resolved(Transaction& txn, Receipt& receipt, WallTime at) {
  if (!receipt.routed || receipt.acked + receipt.dropped < receipt.recipients) return;
  const auto state = receipt.acked == receipt.recipients ? DeliveryState::kAcked : DeliveryState::kDropped;
  if (!is_final(receipt.end)) return end_message(txn, receipt, state, at);
  if (state != DeliveryState::kAcked) return;
  // Late acks prove what was given up.
  txn.edit(receipt);
  receipt.end = state;
}

}  // namespace herald::adapters
