#pragma once
// What the server does when its queue may have lost envelopes, or its store answered changes: it forgets the acks that
// it remembers, and then has the roles read every pending delivery again. A lost ack costs a repeat with the same
// message id.

#include <chrono>
#include <cstdint>
#include <functional>

#include "base/log.h"
#include "base/timer.h"
#include "domain/recent_acks.h"

namespace herald::app {

// On one loop's thread, or while that does not run. Everything given must outlive it; destroyed when the loop runs no
// more.
class LossWatch {
 public:
  // How often the losses are counted, and how long after a loss the pending deliveries are read: in that time acks that
  // waited for the broker are recorded, so that their messages are not repeated.
  static constexpr std::chrono::milliseconds kInterval{1'000};

  // `losses` only grows. `look_again` starts reading what is pending for each device that this process serves.
  LossWatch(std::function<std::uint64_t()> losses, std::function<void()> look_again, RecentAcks& recent_acks,
            TimerService& timers, Log& log);

  // Counts from here on.
  void start();

 private:
  void watch();

  std::function<std::uint64_t()> losses_;
  std::function<void()> look_again_;
  RecentAcks& recent_acks_;
  TimerService& timers_;
  Log& log_;
  std::uint64_t known_ = 0;
};

}  // namespace herald::app
