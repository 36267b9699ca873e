#pragma once
// For this folder's tests: numbered ids, timers that a test fires, and calls that fail.

#include <chrono>
#include <deque>
#include <utility>

#include "base/result.h"
#include "base/timer.h"
#include "domain/ids.h"

namespace herald::roles::monitor {

inline UserAgentId device(std::uint32_t n) {
  UserAgentId id;
  for (std::size_t i = 0; i < 4; ++i) id.bytes[i] = static_cast<std::uint8_t>(n >> (24 - 8 * i));
  return id;
}
inline AppId app(std::uint8_t n) {
  AppId id;
  id.bytes[31] = n;
  return id;
}
inline MessageId message(std::uint8_t n) {
  MessageId id;
  id.bytes[15] = n;
  return id;
}

class ManualTimers final : public TimerService {
 public:
  TimerId run_after(std::chrono::milliseconds delay, Task task) override {
    waiting.push_back({++last_, delay, std::move(task)});
    return last_;
  }
  void cancel(TimerId id) override {
    std::erase_if(waiting, [id](const Waiting& one) { return one.id == id; });
  }
  // Runs the oldest; false if there is none.
  bool fire() {
    if (waiting.empty()) return false;
    auto task = std::move(waiting.front().task);
    waiting.pop_front();
    task();
    return true;
  }

  struct Waiting {
    TimerId id;
    std::chrono::milliseconds delay;
    Task task;
  };
  std::deque<Waiting> waiting;

 private:
  TimerId last_ = 0;
};

// Fails the next `failures` calls with `error`, then lets them through.
struct Fault {
  int failures = 0;
  Error error{ErrorKind::kUnavailable, "store away"};
  bool strikes() { return failures > 0 && failures-- > 0; }
};

}  // namespace herald::roles::monitor
