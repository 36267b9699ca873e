#include "app/loss_watch.h"

#include <utility>

namespace herald::app {

LossWatch::LossWatch(std::function<std::uint64_t()> losses, std::function<void()> look_again, RecentAcks& recent_acks,
                     TimerService& timers, Log& log)
    : losses_(std::move(losses)),
      look_again_(std::move(look_again)),
      recent_acks_(recent_acks),
      timers_(timers),
      log_(log) {}

void LossWatch::start() {
  known_ = losses_();
  watch();
}

void LossWatch::watch() {
  timers_.run_after(kInterval, [this] {
    const std::uint64_t now = losses_();
    if (std::exchange(known_, now) != now) {
      log_.warning("queue messages or recorded acks may have been lost; reading pending deliveries again", {});
      recent_acks_.forget_all();
      timers_.run_after(kInterval, [this] { look_again_(); });
    }
    watch();
  });
}

}  // namespace herald::app
