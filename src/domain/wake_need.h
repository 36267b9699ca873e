#pragma once
// What a sleeping device is to be woken for, found by going through what is pending for it. A page is not enough: an
// app whose messages are never acked may fill it, and another app's message behind it may be the urgent one.

#include <array>

#include "base/limits.h"
#include "base/time.h"
#include "domain/message.h"

namespace herald {

// One thread. Keeps at most one message for each priority that wakes.
class WakeNeed {
 public:
  WakeNeed(WallTime now, const Limits& limits);

  // A pending message, in any order.
  void add(const MessagePtr& message);
  // No further message could make the device be woken sooner, or be pinged for longer.
  [[nodiscard]] bool settled() const;
  // For each priority that wakes, the one that expires last; null: none is pending.
  [[nodiscard]] const std::array<MessagePtr, 2>& messages() const { return messages_; }

 private:
  std::array<MessagePtr, 2> messages_;  // real time, gathered
  WallTime pings_end_;
};

}  // namespace herald
