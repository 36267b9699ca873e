#include "load/wake_timer.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include "base/check.h"

namespace herald::load {

WakeTimer::WakeTimer(transport::EventLoop& loop)
    : loop_(loop), fd_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {
  HERALD_CHECK(fd_ >= 0 && loop.watch(fd_, *this), "no descriptor left for a timer");
}

WakeTimer::~WakeTimer() {
  loop_.unwatch(fd_);
  close(fd_);
}

void WakeTimer::arm(MonoTime at) {
  if (armed_ == at) return;
  armed_ = at;
  itimerspec when{};
  when.it_value.tv_sec = at.ns / 1'000'000'000;
  when.it_value.tv_nsec = at.ns % 1'000'000'000;
  timerfd_settime(fd_, TFD_TIMER_ABSTIME, &when, nullptr);
}

void WakeTimer::on_ready(bool /*readable*/, bool /*writable*/, bool /*hung_up*/) {
  std::uint64_t ignored = 0;
  [[maybe_unused]] const auto got = read(fd_, &ignored, sizeof ignored);
  armed_ = {};
}

}  // namespace herald::load
