#include "app/signals.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <mutex>
#include <thread>
#include <utility>

#include "base/thread_name.h"

namespace herald::app {

namespace {

sigset_t handled() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  return set;
}

class SignalThread final : public Signals {
 public:
  SignalThread(int signals, int wake, std::function<void()> end)
      : signals_(signals), wake_(wake), end_(std::move(end)) {
    thread_ = std::thread([this] { run(); });
  }
  ~SignalThread() override {
    ::eventfd_write(wake_, 1);
    thread_.join();
    ::close(signals_);
    ::close(wake_);
  }

  void deliver_to(transport::EventLoop& loop, Handlers handlers) override {
    const std::lock_guard lock(mutex_);
    loop_ = &loop;
    handlers_ = std::move(handlers);
  }
  void stop_delivery() override {
    const std::lock_guard lock(mutex_);
    loop_ = nullptr;
  }

 private:
  void run() {
    name_thread("signals");
    std::array<pollfd, 2> ready{
        {{.fd = signals_, .events = POLLIN, .revents = 0}, {.fd = wake_, .events = POLLIN, .revents = 0}}};
    while (true) {
      ::poll(ready.data(), ready.size(), -1);
      if (ready[1].revents != 0) return;
      signalfd_siginfo info{};
      if (::read(signals_, &info, sizeof info) == sizeof info) take(static_cast<int>(info.ssi_signo));
    }
  }

  void take(int signal) {
    const std::lock_guard lock(mutex_);
    if (signal == SIGHUP) {
      if (loop_ != nullptr) loop_->post(handlers_.reload);
    } else if (loop_ == nullptr || std::exchange(asked_, true)) {
      end_();
    } else {
      loop_->post(handlers_.terminate);
    }
  }

  const int signals_;
  const int wake_;
  const std::function<void()> end_;
  std::mutex mutex_;
  transport::EventLoop* loop_ = nullptr;
  Handlers handlers_;
  bool asked_ = false;
  std::thread thread_;
};

}  // namespace

void block_signals() {
  const sigset_t set = handled();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

Result<std::unique_ptr<Signals>> Signals::watch(std::function<void()> end) {
  const sigset_t set = handled();
  const int signals = ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  if (signals < 0) return fail(ErrorKind::kInternal, "signals can't be watched");
  const int wake = ::eventfd(0, EFD_CLOEXEC);
  if (wake < 0) {
    ::close(signals);
    return fail(ErrorKind::kInternal, "signals can't be watched");
  }
  return std::make_unique<SignalThread>(signals, wake, std::move(end));
}

}  // namespace herald::app
