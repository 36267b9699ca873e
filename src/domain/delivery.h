#pragma once
// The state of one message at one user agent, and the table of what may follow what.

#include <cstdint>
#include <string_view>

#include "base/time.h"
#include "domain/ids.h"

namespace herald {

enum class DeliveryState : std::uint8_t {
  kPending = 0,    // waits for the device
  kSent = 1,       // written to the device, not acked
  kAcked = 2,      // final
  kExpired = 3,    // final: its time was over first
  kReplaced = 4,   // final: a later message with the same id took its place
  kCancelled = 5,  // final: the sender took it back
  kDropped = 6,    // final: the device had too many pending deliveries, or left the app
};

[[nodiscard]] std::string_view to_string(DeliveryState state);
[[nodiscard]] bool is_final(DeliveryState state);
// True if a delivery in state `from` may be recorded as `to`. A final state never changes, except that an ack proves
// delivery and overrides expired, replaced, cancelled and dropped. A state may always be recorded again.
[[nodiscard]] bool may_follow(DeliveryState from, DeliveryState to);

// What a user agent server tells the delivery manager.
struct DeliveryEvent {
  MessageId message;
  UserAgentId user_agent;
  DeliveryState state = DeliveryState::kSent;  // kSent or kAcked
  WallTime sent_at;                            // when it was written to the device
  WallTime at;                                 // when the state was reached
};

// One row of a receipt.
struct Delivery {
  UserAgentId user_agent;
  DeliveryState state = DeliveryState::kPending;
  WallTime routed_at;  // when the pending delivery was written
  WallTime sent_at;    // 0: not yet
  WallTime final_at;   // 0: not yet
};

}  // namespace herald
