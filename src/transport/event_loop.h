#pragma once
// One event loop per core: level-triggered epoll, coarse timers, and an inbox for other threads. Own code instead of
// Asio's reactor: it costs 0.04 KB instead of 0.5 KB a connection (ARCHITECTURE.md, decisions).

#include <sys/epoll.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "base/executor.h"
#include "base/inbox.h"
#include "base/result.h"
#include "base/time.h"
#include "base/timer.h"

namespace herald::transport {

class TimerWheel;

// Told when its descriptor is ready. Never called after unwatch().
class IoHandler {
 public:
  virtual ~IoHandler() = default;
  // `hung_up`: error or peer gone; reading gives the reason.
  virtual void on_ready(bool readable, bool writable, bool hung_up) = 0;
};

// Told once at the end of a round that it asked for.
class RoundEnd {
 public:
  virtual void on_round_end() = 0;

 protected:
  ~RoundEnd() = default;
};

class EventLoop final : public Executor, public TimerService {
 public:
  explicit EventLoop(const Clock& clock);
  ~EventLoop() override;

  // Handles events until stop(); the calling thread becomes the loop's. What was posted before runs first.
  void run();
  // Handles what is ready now, waiting at most `wait` for the first event. For tests and for clients that own the
  // thread.
  void run_once(std::chrono::milliseconds wait);
  // Any thread. run() returns after the current round.
  void stop();

  // Executor: any thread.
  void post(Task task) override;
  void post_batch(std::vector<Task> tasks) override;
  void post_before_sending(Task task) override { before_sending_.push_back(std::move(task)); }

  // TimerService: the loop's thread.
  TimerId run_after(std::chrono::milliseconds delay, Task task) override;
  void cancel(TimerId id) override;

  // Descriptors: the loop's thread (or before run()). The loop does not own them. A handler may unwatch itself or
  // any other, and be destroyed, inside on_ready(). kUnavailable: the kernel has no room for another watch.
  [[nodiscard]] Status watch(int fd, IoHandler& handler, bool want_write = false);
  // Changes what a watched descriptor waits for. With neither, only errors and hang-ups are told.
  void rewatch(int fd, IoHandler& handler, bool want_write, bool want_read = true);
  void unwatch(int fd);

  // Runs what was posted to be done before sending; for who sends before the round ends.
  void run_before_sending();
  // The loop's thread (or before run()). Calls `listener` once, when the tasks, events and timers of this round, or of
  // the next if none is under way, have been handled. It must live until then, or be taken back.
  void call_at_round_end(RoundEnd& listener) { round_ends_.push_back(&listener); }
  void forget_round_end(RoundEnd& listener) { std::erase(round_ends_, &listener); }

  // One buffer for every read of this loop: valid until the handler returns. 64 KiB.
  [[nodiscard]] std::span<std::uint8_t> read_buffer() { return read_buffer_; }
  [[nodiscard]] const Clock& clock() const { return clock_; }
  // The time at the start of this round, cheap to ask for.
  [[nodiscard]] MonoTime now() const { return now_; }
  // The loop's own descriptors: a thread that has its own table must keep those of its loop, and of each loop that it
  // posts to.
  [[nodiscard]] std::array<int, 2> descriptors() const { return {epoll_fd_, wake_fd_}; }

 private:
  class OwnThread;

  void wake();
  void round(std::chrono::milliseconds wait);
  [[nodiscard]] int wait_ms(std::chrono::milliseconds most) const;
  void run_tasks();
  void run_timers();
  void dispatch(std::size_t count);
  void end_round();

  const Clock& clock_;
  int epoll_fd_ = -1;
  int wake_fd_ = -1;
  std::atomic<bool> stopping_{false};
  std::atomic<std::thread::id> thread_;  // while it runs
  Inbox<std::vector<Task>> inbox_;
  std::vector<Task> local_;  // posted by the loop's own thread
  std::unique_ptr<TimerWheel> timers_;
  std::vector<Task> before_sending_;
  std::vector<RoundEnd*> round_ends_;
  std::vector<IoHandler*> handlers_;  // by descriptor
  std::vector<epoll_event> ready_;    // what epoll reported this round
  std::vector<std::uint8_t> read_buffer_;
  MonoTime now_;
};

}  // namespace herald::transport
