#include "adapters/rocksdb/engine/writes.h"
#include "adapters/rocksdb/state/receipt_state.h"
#include "base/planted.h"

namespace herald::adapters {

namespace {

// So many messages younger than asked for are passed over in one scan; ids and acceptance times differ in order only a
// little.
constexpr std::size_t kRecentSkipped = 10'000;
// So many deliveries of messages with rows of their own are removed in one purge.
constexpr std::size_t kDeliveriesRemovedMost = 10'000;

[[nodiscard]] std::string after_key(std::string key) {
  return key.append(1, '\0');
}

// Up to `limit` expired messages that the index names, stale names included.
[[nodiscard]] std::vector<EndsKey> expired_rows(Transaction& txn, WallTime now, std::size_t limit) {
  std::vector<EndsKey> rows;
  auto& floor = txn.state().floors().expiry;
  const std::string from = std::max(ends_bound(kExpiryRow, {}), floor.key());
  std::string reached = ends_bound(kExpiryRow, now + std::chrono::milliseconds(1));
  txn.rows().scan(Family::kEnds, std::string(1, kExpiryRow), from, [&](std::string_view key, std::string_view) {
    const auto row = txn.rows().good(decode_ends_key(key));
    if (!row) return true;
    const bool wanted = row->time <= now && rows.size() < limit;
    if (wanted) rows.push_back(*row);
    if (!wanted) reached = std::min(reached, std::string(key));
    return wanted;
  });
  floor.raise_to(std::move(reached));
  return rows;
}

[[nodiscard]] std::uint64_t expire(Transaction& txn, WallTime now, std::size_t limit) {
  std::uint64_t expired = 0;
  for (const auto& id : txn.state().in_flight().expired(now, limit)) {
    Receipt* receipt = txn.receipt(id);
    end_message(txn, *receipt, DeliveryState::kExpired, receipt->expires_at);
    ++expired;
  }
  for (const auto& row : expired_rows(txn, now, limit - expired)) {
    Receipt* receipt = txn.receipt(row.message);
    if (receipt == nullptr) txn.rows().remove(Family::kMessages, std::string(row.message.view()));
    if (receipt == nullptr || is_final(receipt->end)) {
      txn.rows().remove(Family::kEnds, ends_key(row));
      continue;
    }
    end_message(txn, *receipt, DeliveryState::kExpired, receipt->expires_at);
    ++expired;
  }
  return expired;
}

// True if none are left.
[[nodiscard]] bool remove_delivery_rows(Transaction& txn, const Receipt& receipt, std::size_t& budget) {
  std::vector<std::string> keys;
  std::vector<PendingKey> waiting;
  const std::string prefix(receipt.id.view());
  txn.rows().scan(Family::kDeliveries, prefix, prefix, [&](std::string_view key, std::string_view value) {
    if (keys.size() == budget) return false;
    keys.emplace_back(key);
    const auto delivery = txn.rows().good(decode_delivery(key, value));
    if (delivery && !is_final(delivery->state)) waiting.push_back({delivery->user_agent, receipt.priority, receipt.id});
    return true;
  });
  for (const auto& key : keys) txn.rows().remove(Family::kDeliveries, key);
  for (const auto& key : waiting) {
    if (txn.rows().get(Family::kPending, pending_key(key))) txn.remove_pending(key);
  }
  budget -= keys.size();
  return budget > 0;
}

void remove_receipt(Transaction& txn, const Receipt& receipt) {
  if (!receipt.replace_key.empty()) {
    const std::string key = replace_key(receipt.app, receipt.replace_key);
    if (txn.rows().get(Family::kReplace, key) == encode_ids({receipt.id})) txn.rows().remove(Family::kReplace, key);
  }
  if (receipt.subscription != ReceiptId{}) {
    txn.rows().remove(Family::kReceiptMessages, receipt_message_key(receipt.subscription, receipt.id));
  }
  txn.forget_receipt(receipt.id);
}

struct EndedRow {
  std::string key;
  std::vector<MessageId> messages;
};

// Rows of what ended before `before`, until they name `limit` messages.
[[nodiscard]] std::vector<EndedRow> ended_rows(Transaction& txn, WallTime before, std::size_t limit) {
  std::vector<EndedRow> rows;
  std::size_t named = 0;
  auto& floor = txn.state().floors().ended;
  const std::string from = std::max(ends_bound(kEndedRow, {}), floor.key());
  std::string reached = ends_bound(kEndedRow, before);
  txn.rows().scan(Family::kEnds, std::string(1, kEndedRow), from, [&](std::string_view key, std::string_view value) {
    if (rows.empty()) reached = std::min(reached, std::string(key));
    const auto row = txn.rows().good(decode_ends_key(key));
    auto messages = txn.rows().good(decode_ids(value));
    if (!row || !messages) return true;
    if (row->time >= before || named >= limit) return false;
    named += messages->size();
    rows.push_back({std::string(key), std::move(*messages)});
    return true;
  });
  floor.raise_to(std::move(reached));
  return rows;
}

struct RemovalBudget {
  std::size_t messages;
  std::size_t deliveries = kDeliveriesRemovedMost;
};

// Removes messages of `row` from its end, as far as the budget goes; the rest stays in the row.
void remove_row(Transaction& txn, EndedRow row, RemovalBudget& budget) {
  while (!row.messages.empty() && budget.messages > 0) {
    const Receipt* receipt = txn.receipt(row.messages.back());
    if (receipt != nullptr && receipt->spilled && !remove_delivery_rows(txn, *receipt, budget.deliveries)) break;
    if (receipt != nullptr) {
      remove_receipt(txn, *receipt);
    } else {
      txn.forget_receipt(row.messages.back());
    }
    row.messages.pop_back();
    --budget.messages;
  }
  if (row.messages.empty()) {
    txn.rows().remove(Family::kEnds, row.key);
  } else {
    txn.rows().put(Family::kEnds, row.key, encode_ids(row.messages));
  }
}

}  // namespace

Result<std::vector<ports::Unrouted>> list_unrouted(Transaction& txn, std::optional<MessageId> after, WallTime before,
                                                   std::size_t limit) {
  std::vector<ports::Unrouted> found;
  auto& floor = txn.state().floors().unrouted;
  std::string from = floor.key();
  if (after) from = std::max(from, after_key(std::string(after->view())));
  bool is_first = !after;
  std::size_t recent = 0;
  txn.rows().scan(Family::kUnrouted, "", from, [&](std::string_view key, std::string_view value) {
    if (std::exchange(is_first, false)) floor.raise_to(std::string(key));
    if (found.size() == limit || recent == kRecentSkipped) return false;
    const auto record = txn.rows().good(decode_unrouted(value));
    const auto id = txn.rows().good(last_id<MessageId>(key));
    if (!record || !id) return true;
    if (record->accepted_at < before) found.push_back({*id, record->app});
    if (record->accepted_at >= before) ++recent;
    return true;
  });
  for (const auto& unrouted : txn.state().in_flight().unrouted(after, before, limit)) found.push_back(unrouted);
  std::ranges::sort(found, {}, &ports::Unrouted::message);
  if (found.size() > limit) found.resize(limit);
  if (planted::is(planted::Fault::kSweepSkipsOne) && found.size() > 1) found.erase(found.begin() + 1);
  return found;
}

Result<ports::PurgeOutcome> purge_messages(Transaction& txn, WallTime now, std::chrono::milliseconds receipt_retention,
                                           std::size_t limit) {
  ports::PurgeOutcome outcome;
  const auto rows = ended_rows(txn, planted::is(planted::Fault::kPurgeTooEarly) ? now : now - receipt_retention, limit);
  outcome.expired = expire(txn, now, limit);
  RemovalBudget budget{.messages = limit};
  for (const auto& row : rows) {
    if (budget.messages == 0 || budget.deliveries == 0) break;
    remove_row(txn, row, budget);
  }
  outcome.removed = limit - budget.messages;
  outcome.more = outcome.expired == limit || outcome.removed == limit || budget.deliveries == 0;
  return outcome;
}

}  // namespace herald::adapters
