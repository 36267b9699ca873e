#include "domain/delivery.h"

namespace herald {

std::string_view to_string(DeliveryState state) {
  switch (state) {
    case DeliveryState::kPending:
      return "pending";
    case DeliveryState::kSent:
      return "sent";
    case DeliveryState::kAcked:
      return "acked";
    case DeliveryState::kExpired:
      return "expired";
    case DeliveryState::kReplaced:
      return "replaced";
    case DeliveryState::kCancelled:
      return "cancelled";
    case DeliveryState::kDropped:
      return "dropped";
  }
  return "pending";
}

bool is_final(DeliveryState state) {
  return state != DeliveryState::kPending && state != DeliveryState::kSent;
}

bool may_follow(DeliveryState from, DeliveryState to) {
  if (from == to) return true;
  if (to == DeliveryState::kPending) return false;
  if (to == DeliveryState::kAcked) return true;
  return !is_final(from);
}

}  // namespace herald
