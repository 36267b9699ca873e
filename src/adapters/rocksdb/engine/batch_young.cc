// How young messages come into a batch when it is loaded, and leave it with their rows.

#include <algorithm>
#include <chrono>

#include "adapters/rocksdb/engine/batch.h"

namespace herald::adapters {

namespace {

// So many rows of young messages are written with one batch, unless memory is short.
constexpr std::size_t kSettledRowsMost = 8'192;
constexpr std::chrono::milliseconds kFloorInterval{1'000};

[[nodiscard]] std::string key_of(const MessageId& id) {
  return std::string(id.view());
}

}  // namespace

Status Batch::load() {
  young_.clear();
  const auto row = get(Family::kMeta, young_floor_key());
  const auto floor = row ? good(decode_young_floor(*row)) : std::optional(MessageId{});
  if (auto failed = take_failure()) return std::unexpected(std::move(*failed));
  auto loaded = load_young(*floor);
  loaded_ = loaded.has_value();
  return loaded;
}

Status Batch::load_young(const MessageId& floor) {
  std::vector<MessagePtr> found;
  std::optional<MessageId> last;
  scan(Family::kMessages, "", key_of(floor), [&](std::string_view key, std::string_view value) {
    const auto id = good(last_id<MessageId>(key));
    if (!id) return false;
    last = id;
    if (is_settled(key)) return true;
    // One that cannot be read is reported to whoever asks for it.
    if (auto message = decode_message(*id, value))
      found.push_back(std::make_shared<const Message>(std::move(*message)));
    return true;
  });
  if (auto failed = take_failure()) return std::unexpected(std::move(*failed));
  for (const auto& message : found) load_one(message);
  if (auto failed = take_failure()) return std::unexpected(std::move(*failed));
  young_.pass_over(last.value_or(floor));
  return {};
}

// One that has rows of deliveries, because some were acked or because it was being settled, is young no more: what the
// rows say must hold when it is routed again.
void Batch::load_one(const MessagePtr& message) {
  Receipt receipt = first_receipt(*message);
  const std::string prefix(message->id.view());
  scan(Family::kDeliveries, prefix, prefix, [&](std::string_view key, std::string_view value) {
    const auto delivery = good(decode_delivery(key, value));
    if (!delivery) return false;
    ++receipt.recipients;
    if (delivery->state == DeliveryState::kAcked) ++receipt.acked;
    if (delivery->state == DeliveryState::kDropped) ++receipt.dropped;
    return true;
  });
  if (receipt.recipients == 0) {
    young_.insert(message, clock_.mono());
    return;
  }
  receipt.spilled = true;
  write_indexes(receipt);
  put_unindexed(Family::kReceipts, key_of(receipt.id), encode_receipt(receipt));
}

void Batch::keep_ack(Receipt& receipt, const Delivery& delivery, bool ends) {
  if (!receipt.young) return;
  if (ends && receipt.deliveries.size() <= kInlineDeliveriesMax) return;
  put_unindexed(Family::kDeliveries, delivery_key(receipt.id, delivery.user_agent), encode_delivery(delivery));
  ++receipt.ack_rows;
}

// The receipt will hold its deliveries.
void Batch::remove_ack_rows(const Receipt& receipt) {
  if (receipt.ack_rows == 0) return;
  for (const auto& delivery : receipt.deliveries) {
    if (delivery.state != DeliveryState::kAcked) continue;
    remove_unindexed(Family::kDeliveries, delivery_key(receipt.id, delivery.user_agent));
  }
}

bool Batch::is_settled(std::string_view message_key) {
  const std::string key(message_key);
  return get(Family::kReceipts, key).has_value() || get(Family::kUnrouted, key).has_value();
}

void Batch::settle_due() {
  std::size_t left = kSettledRowsMost;
  const MonoTime now = clock_.mono();
  const std::chrono::milliseconds age(limits_.young_ms);
  while (auto* young = young_.oldest()) {
    const bool memory_short = young_.bytes() > limits_.young_bytes;
    if (!memory_short && (now < young->since + age || left == 0)) return;
    // What ends with this batch is written below.
    if (is_final(young->receipt.end)) return;
    left -= std::min(left, settle(*young, memory_short ? kSettledRowsMost : left));
  }
}

void Batch::settle_all() {
  for (const auto& id : young_.ids()) {
    auto* young = young_.find(id);
    if (young != nullptr && !is_final(young->receipt.end)) settle(*young, young->receipt.deliveries.size());
  }
}

// A message of many devices is settled a part at a time.
std::size_t Batch::settle(YoungMessage& young, std::size_t most) {
  Receipt& receipt = young.receipt;
  const std::size_t before = receipt.rows_written;
  const bool inlined = before == 0 && receipt.deliveries.size() <= kInlineDeliveriesMax;
  write_delivery_rows(receipt, inlined ? receipt.deliveries.size() : most);
  const std::size_t written = receipt.rows_written - before + 1;
  if (receipt.rows_written < receipt.deliveries.size()) return written;
  if (inlined) remove_ack_rows(receipt);
  write_indexes(receipt);
  const MessageId id = receipt.id;
  std::optional<UserAgentId> highest = UserAgentId{};
  if (!receipt.deliveries.empty()) highest = receipt.deliveries.back().user_agent;
  Receipt settled = receipt;
  young_.erase(id);
  settled.young = false;
  settled.rows_written = 0;
  settled.ack_rows = 0;
  settled.spilled = !inlined;
  if (settled.spilled) settled.deliveries.clear();
  const auto& cached = receipts_.insert(id, {.receipt = std::move(settled), .highest = highest});
  put_unindexed(Family::kReceipts, key_of(id), encode_receipt(cached.receipt));
  return written;
}

// The rows of the next `most` deliveries: what waits for their devices, and unless the receipt will hold them, their
// own; those of the acked were written with the ack.
void Batch::write_delivery_rows(Receipt& receipt, std::size_t most) {
  const bool inlined = receipt.rows_written == 0 && receipt.deliveries.size() <= kInlineDeliveriesMax;
  const std::string pending = encode_pending({receipt.app, receipt.expires_at});
  const std::size_t end = std::min(receipt.deliveries.size(), receipt.rows_written + most);
  for (; receipt.rows_written < end; ++receipt.rows_written) {
    const auto& delivery = receipt.deliveries[receipt.rows_written];
    const bool has_row = delivery.state == DeliveryState::kAcked;
    if (!inlined && !has_row) {
      put_unindexed(Family::kDeliveries, delivery_key(receipt.id, delivery.user_agent), encode_delivery(delivery));
    }
    if (is_final(receipt.end) || is_final(delivery.state)) continue;
    const PendingKey key{delivery.user_agent, receipt.priority, receipt.id};
    young_.remove_pending(key);
    std::string row = pending_key(key);
    put_unindexed(Family::kPending, row, pending);
    auto* known = pending_counts_.find(key.user_agent);
    if (known != nullptr && row < known->first) known->first = std::move(row);
  }
}

void Batch::write_indexes(const Receipt& receipt) {
  if (!receipt.routed) put_unrouted(key_of(receipt.id), encode_unrouted({receipt.app, receipt.accepted_at}));
  put_expiry(ends_key({.row = kExpiryRow, .time = receipt.expires_at, .message = receipt.id}),
             encode_ids({receipt.id}));
}

void Batch::write_ended_young() {
  for (const auto& id : ended_young_) {
    auto* young = young_.find(id);
    if (young == nullptr) continue;
    Receipt& receipt = young->receipt;
    if (receipt.rows_written > 0 || receipt.deliveries.size() > kInlineDeliveriesMax) {
      write_delivery_rows(receipt, receipt.deliveries.size());
      receipt.deliveries.clear();
      receipt.spilled = true;
    } else {
      remove_ack_rows(receipt);
    }
    put_unindexed(Family::kReceipts, key_of(id), encode_receipt(receipt));
  }
}

// Written with the rows that raise it, and each second while there are others.
void Batch::write_floor() {
  if (rows_.GetWriteBatch()->Count() == 0) return;
  const MonoTime now = clock_.mono();
  if (now < floor_written_ + kFloorInterval) return;
  floor_written_ = now;
  put_unindexed(Family::kMeta, young_floor_key(), encode_young_floor(young_.floor()));
}

}  // namespace herald::adapters
