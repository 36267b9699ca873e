#include "adapters/rocksdb/state/receipt_state.h"

namespace herald::adapters {

namespace {

[[nodiscard]] WallTime ended_at(const Receipt& receipt) {
  return is_final(receipt.end) ? receipt.ended_at : receipt.expires_at;
}

}  // namespace

DeliveryState state_at(const Receipt& receipt, WallTime now) {
  if (is_final(receipt.end)) return receipt.end;
  return now >= receipt.expires_at ? DeliveryState::kExpired : DeliveryState::kPending;
}

ports::MessageStatus status_at(const Receipt& receipt, WallTime now) {
  const auto state = state_at(receipt, now);
  return {.id = receipt.id,
          .app = receipt.app,
          .priority = receipt.priority,
          .replace_key = receipt.replace_key,
          .accepted_at = receipt.accepted_at,
          .expires_at = receipt.expires_at,
          .routed = receipt.routed,
          .state = state,
          .ended_at = is_final(state) ? ended_at(receipt) : WallTime{},
          .recipients = receipt.recipients,
          .acked = receipt.acked,
          .receipt = receipt.subscription};
}

Delivery delivery_at(const Receipt& receipt, Delivery stored, WallTime now) {
  const auto state = state_at(receipt, now);
  if (is_final(stored.state) || !is_final(state)) return stored;
  stored.state = state;
  stored.final_at = ended_at(receipt);
  return stored;
}

}  // namespace herald::adapters
