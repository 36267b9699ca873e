#pragma once
// The yardstick's traffic: devices send text and get it back. At a rate with intended start times, or each device as
// fast as its echo comes.

#include <optional>
#include <string>

#include "load/device_pool.h"
#include "load/schedule.h"
#include "load/wake_timer.h"

namespace herald::load {

class EchoTraffic {
 public:
  EchoTraffic(Site& site, DevicePool& devices);

  // `rate` a second on this loop; 0: one under way for each device. Until `end`.
  void start(double rate, MonoTime end);
  // Sends what is due; to be called in every round of the loop.
  void pump();
  [[nodiscard]] bool done() const { return !end_; }

 private:
  void send(std::uint32_t place, std::int64_t intended_ns);

  Site& site_;
  DevicePool& devices_;
  WakeTimer timer_;
  std::optional<MonoTime> end_;
  std::optional<Schedule> schedule_;
  std::string text_;
};

}  // namespace herald::load
