#pragma once
// What a receipt says at a given time; states that time alone decides are not stored. Private to this folder.

#include "adapters/rocksdb/cold/record_format.h"
#include "ports/message_store.h"

namespace herald::adapters {

// The message's own state.
[[nodiscard]] DeliveryState state_at(const Receipt& receipt, WallTime now);
[[nodiscard]] ports::MessageStatus status_at(const Receipt& receipt, WallTime now);
// A delivery of it, as the sender sees it.
[[nodiscard]] Delivery delivery_at(const Receipt& receipt, Delivery stored, WallTime now);

}  // namespace herald::adapters
