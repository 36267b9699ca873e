#include "adapters/rocksdb/engine/transaction.h"

#include <algorithm>

#include "base/check.h"
#include "base/planted.h"

namespace herald::adapters {

namespace {

[[nodiscard]] std::string key_of(const MessageId& id) {
  return std::string(id.view());
}
// True: the device's delivery and what waits for it are in rows.
[[nodiscard]] bool has_rows(const Receipt& receipt, const UserAgentId& user_agent) {
  if (receipt.rows_written == 0) return false;
  return receipt.rows_written == receipt.deliveries.size() ||
         user_agent < receipt.deliveries[receipt.rows_written].user_agent;
}

}  // namespace

Transaction::Mark Transaction::begin() {
  rows_.mark();
  return {state_.mark(), rows_.size(), accepted_.size()};
}

void Transaction::roll_back(const Mark& mark) {
  clear_changed();
  if (!planted::is(planted::Fault::kFailedCallKeepsMemory)) state_.roll_back(mark.state);
  accepted_.resize(mark.accepted);
  rows_.roll_back();
  rolled_back_ = true;
}

void Transaction::keep(bool outermost) {
  rows_.keep();
  if (outermost) state_.keep();
}

Status Transaction::end_operation(const Mark& mark, bool outermost) {
  if (!rows_.failure()) write_changed();
  if (const auto failure = rows_.failure()) {
    roll_back(mark);
    return std::unexpected(*failure);
  }
  keep(outermost);
  return {};
}

void Transaction::finish_commit() {
  state_.keep();
  state_.drop_retired();
  state_.ended().clear();
  state_.tally = {};
  accepted_.clear();
  rows_.clear();
  rolled_back_ = false;
}

std::optional<Receipt> Transaction::load_receipt(const MessageId& id) {
  if (const auto stored = rows_.get(Family::kReceipts, key_of(id))) return rows_.good(decode_receipt(id, *stored));
  if (rows_.failure()) return std::nullopt;
  if (const auto message = rows_.get(Family::kMessages, key_of(id))) return rows_.good(first_receipt(id, *message));
  return std::nullopt;
}

Receipt* Transaction::receipt(const MessageId& id) {
  if (auto* known = state_.find_receipt(id)) return known;
  auto loaded = load_receipt(id);
  if (!loaded || rows_.failure()) return nullptr;
  return &state_.learn_receipt(std::move(*loaded));
}

// Of messages without a row in `receipts`, which are few, each is looked for by itself when it is asked for.
void Transaction::read_ahead(std::vector<MessageId> ids) {
  if (rolled_back_) return;
  std::erase_if(ids, [this](const MessageId& id) { return state_.find_receipt(id) != nullptr; });
  if (ids.empty()) return;
  std::ranges::sort(ids);
  ids.erase(std::ranges::unique(ids).begin(), ids.end());
  std::vector<std::string> keys;
  keys.reserve(ids.size());
  for (const auto& id : ids) keys.push_back(key_of(id));
  const auto stored = rows_.get_stored(Family::kReceipts, keys);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (!stored[i]) continue;
    if (auto decoded = decode_receipt(ids[i], *stored[i])) state_.learn_receipt(std::move(*decoded));
  }
}

Receipt& Transaction::new_receipt(const MessagePtr& message) {
  accepted_.push_back(message);
  if (limits_.young_ms > 0 && state_.in_flight().can_insert(message->id)) {
    return state_.insert_in_flight(message, clock_.mono());
  }
  state_.pass_over(message->id);
  return state_.insert_receipt(first_receipt(*message), UserAgentId{});
}

// Once for each operation: what the receipt was before is what a roll back needs.
void Transaction::edit(Receipt& receipt) {
  if (std::exchange(receipt.is_changed, true)) return;
  state_.edit(receipt);
  changed_.push_back(receipt.id);
}

std::optional<Delivery> Transaction::delivery(const Receipt& receipt, const UserAgentId& user_agent) {
  if (receipt.spilled) {
    const std::string key = delivery_key(receipt.id, user_agent);
    const auto row = rows_.get(Family::kDeliveries, key);
    return row ? rows_.good(decode_delivery(key, *row)) : std::nullopt;
  }
  const auto it = std::ranges::lower_bound(receipt.deliveries, user_agent, {}, &Delivery::user_agent);
  if (it == receipt.deliveries.end() || it->user_agent != user_agent) return std::nullopt;
  return *it;
}

void Transaction::put_delivery_row(const Receipt& receipt, const Delivery& delivery) {
  const auto key = delivery_key(receipt.id, delivery.user_agent);
  if (receipt.in_flight) {
    rows_.put_blind(Family::kDeliveries, key, encode_delivery(delivery));
  } else {
    rows_.put(Family::kDeliveries, key, encode_delivery(delivery));
  }
}

void Transaction::give_rows_of_their_own(Receipt& receipt) {
  for (const auto& delivery : receipt.deliveries) put_delivery_row(receipt, delivery);
  receipt.deliveries.clear();
  receipt.spilled = true;
}

void Transaction::set_delivery(Receipt& receipt, const Delivery& delivery) {
  edit(receipt);
  if (receipt.spilled) return put_delivery_row(receipt, delivery);
  if (receipt.in_flight) {
    const std::size_t before = receipt.deliveries.size();
    const bool in_rows = has_rows(receipt, delivery.user_agent);
    if (in_rows) put_delivery_row(receipt, delivery);
    state_.set_delivery(receipt, delivery);
    if (in_rows && receipt.deliveries.size() > before) ++receipt.rows_written;
    return;
  }
  const bool has_room = receipt.deliveries.size() < kInlineDeliveriesMax;
  if (has_room || this->delivery(receipt, delivery.user_agent)) return state_.set_delivery(receipt, delivery);
  give_rows_of_their_own(receipt);
  put_delivery_row(receipt, delivery);
}

void Transaction::write_indexes(const Receipt& receipt) {
  if (!receipt.routed) {
    const auto key = key_of(receipt.id);
    state_.floors().unrouted.lower_to(key);
    rows_.put(Family::kUnrouted, key, encode_unrouted({receipt.app, receipt.accepted_at}));
  }
  const auto key = ends_key({.row = kExpiryRow, .time = receipt.expires_at, .message = receipt.id});
  state_.floors().expiry.lower_to(key);
  rows_.put(Family::kEnds, key, encode_ids({receipt.id}));
}

void Transaction::keep_ack(Receipt& receipt, const Delivery& delivery, bool ends) {
  if (!receipt.in_flight || planted::is(planted::Fault::kAckNotKept)) return;
  if (ends && receipt.deliveries.size() <= kInlineDeliveriesMax) return;
  edit(receipt);
  put_delivery_row(receipt, delivery);
  ++receipt.ack_rows;
}

bool Transaction::is_new_device(const Receipt& receipt, const UserAgentId& user_agent) {
  if (receipt.in_flight) return receipt.deliveries.empty() || receipt.deliveries.back().user_agent < user_agent;
  const auto* highest = state_.highest_device(receipt.id);
  return highest != nullptr && *highest && **highest < user_agent;
}

void Transaction::note_device(const Receipt& receipt, const UserAgentId& user_agent) {
  if (receipt.in_flight) return;
  auto* highest = state_.highest_device(receipt.id);
  if (highest != nullptr && *highest) *highest = std::max(**highest, user_agent);
}

void Transaction::forget_receipt(MessageId id) {
  if (auto* known = state_.find_receipt(id)) {
    state_.edit(*known);
    std::erase(changed_, id);
  }
  state_.forget_receipt(id);
  rows_.remove(Family::kReceipts, key_of(id));
}

State::PendingCount* Transaction::counted(const UserAgentId& user_agent) {
  if (auto* known = state_.pending_count(user_agent)) return known;
  State::PendingCount fresh;
  const std::string prefix(user_agent.view());
  rows_.scan(Family::kPending, prefix, prefix, [&fresh](std::string_view key, std::string_view) {
    if (fresh.count++ == 0) fresh.first = key;
    return true;
  });
  if (rows_.failure() && !planted::is(planted::Fault::kCountFromFailedRead)) return nullptr;
  fresh.count += state_.in_flight().pending_count(user_agent);
  return &state_.learn_pending(user_agent, std::move(fresh));
}

std::uint64_t Transaction::pending_count(const UserAgentId& user_agent) {
  const auto* known = counted(user_agent);
  return known != nullptr ? known->count : 0;
}

bool Transaction::waits_only_in_flight(const UserAgentId& user_agent) {
  const auto* known = state_.pending_count(user_agent);
  return known != nullptr && known->count == state_.in_flight().pending_count(user_agent);
}

// A roll back forgets counts, also those of rows that are still to be written.
bool Transaction::may_have_unwritten_pending(const UserAgentId& user_agent) {
  if (state_.in_flight().pending_count(user_agent) > 0) return true;
  if (const auto* known = state_.pending_count(user_agent)) return known->count > 0;
  return rolled_back_ && pending_count(user_agent) > 0;
}

bool Transaction::has_no_row(const PendingKey& key) {
  const auto* in_flight = state_.in_flight().find(key.message);
  return in_flight != nullptr && !has_rows(in_flight->receipt, key.user_agent);
}

void Transaction::add_pending(const PendingKey& key, const PendingRecord& record) {
  auto* known = counted(key.user_agent);
  if (known == nullptr) return;
  state_.touch_pending(key.user_agent);
  if (!planted::is(planted::Fault::kUncountedPending)) ++known->count;
  if (has_no_row(key)) return state_.add_pending(key);
  std::string row = pending_key(key);
  rows_.put(Family::kPending, row, encode_pending(record));
  if (row < known->first) known->first = std::move(row);
}

void Transaction::remove_pending(const PendingKey& key) {
  if (auto* known = state_.pending_count(key.user_agent); known != nullptr && known->count > 0) {
    state_.touch_pending(key.user_agent);
    --known->count;
  }
  if (has_no_row(key)) return state_.remove_pending(key);
  rows_.remove(Family::kPending, pending_key(key));
}

std::optional<PendingKey> Transaction::first_pending(const UserAgentId& user_agent) {
  auto* known = counted(user_agent);
  if (known == nullptr) return std::nullopt;
  std::optional<PendingKey> found;
  const std::string prefix(user_agent.view());
  rows_.scan(Family::kPending, prefix, std::max(prefix, known->first), [&](std::string_view key, std::string_view) {
    found = rows_.good(decode_pending_key(key));
    if (found) known->first = key;
    return !found;
  });
  const auto in_flight = state_.in_flight().first_pending(user_agent);
  if (!in_flight || (found && pending_key(*found) < pending_key(*in_flight))) return found;
  return in_flight;
}

void Transaction::write_changed() {
  for (const auto& id : changed_) {
    Receipt* const receipt = state_.find_receipt(id);
    if (receipt == nullptr) continue;
    receipt->is_changed = false;
    if (receipt->in_flight) {
      if (is_final(receipt->end)) write_ended_in_flight(*receipt);
    } else {
      rows_.put_blind(Family::kReceipts, key_of(id), encode_receipt(*receipt));
    }
  }
  changed_.clear();
}

// All that the database will ever hold of it, except its place in the index of ends. Deliveries that were acknowledged,
// or spilled, have their rows already.
void Transaction::write_ended_in_flight(const Receipt& receipt) {
  const Receipt stored = stored_form(receipt);
  for (std::size_t i = receipt.rows_written; stored.spilled && i < receipt.deliveries.size(); ++i) {
    if (receipt.deliveries[i].state != DeliveryState::kAcked) put_delivery_row(receipt, receipt.deliveries[i]);
  }
  if (!stored.spilled && receipt.ack_rows > 0) {
    for (const auto& delivery : receipt.deliveries) {
      if (delivery.state != DeliveryState::kAcked) continue;
      rows_.remove_blind(Family::kDeliveries, delivery_key(receipt.id, delivery.user_agent));
    }
  }
  rows_.put_blind(Family::kReceipts, key_of(receipt.id), encode_receipt(stored));
}

void Transaction::clear_changed() {
  for (const auto& id : changed_) {
    if (Receipt* const receipt = state_.find_receipt(id)) receipt->is_changed = false;
  }
  changed_.clear();
}

}  // namespace herald::adapters
