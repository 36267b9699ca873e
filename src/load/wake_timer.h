#pragma once
// Wakes a loop at an exact time: its own timers are too coarse for intended start times.

#include "base/time.h"
#include "transport/event_loop.h"

namespace herald::load {

class WakeTimer final : public transport::IoHandler {
 public:
  explicit WakeTimer(transport::EventLoop& loop);
  ~WakeTimer() override;
  WakeTimer(const WakeTimer&) = delete;
  WakeTimer& operator=(const WakeTimer&) = delete;

  // One wake-up at `at` instead of an earlier wish.
  void arm(MonoTime at);
  void on_ready(bool readable, bool writable, bool hung_up) override;

 private:
  transport::EventLoop& loop_;
  int fd_;
  MonoTime armed_;
};

}  // namespace herald::load
