#include "app/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>

namespace herald::app {

namespace {

sigset_t handled() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  return set;
}

class SignalFd final : public Signals, public transport::IoHandler {
 public:
  SignalFd(transport::EventLoop& loop, int fd, Handlers handlers)
      : loop_(loop), fd_(fd), handlers_(std::move(handlers)) {}
  ~SignalFd() override {
    loop_.unwatch(fd_);
    ::close(fd_);
  }

  void on_ready(bool /*readable*/, bool /*writable*/, bool /*hung_up*/) override {
    signalfd_siginfo info{};
    while (::read(fd_, &info, sizeof(info)) == sizeof(info)) {
      (info.ssi_signo == SIGHUP ? handlers_.reload : handlers_.terminate)();
    }
  }

 private:
  transport::EventLoop& loop_;
  int fd_;
  Handlers handlers_;
};

}  // namespace

void block_signals() {
  const sigset_t set = handled();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

Result<std::unique_ptr<Signals>> Signals::watch(transport::EventLoop& loop, Handlers handlers) {
  const sigset_t set = handled();
  const int fd = ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  if (fd < 0) return fail(ErrorKind::kInternal, "signals can't be watched");
  auto signals = std::make_unique<SignalFd>(loop, fd, std::move(handlers));
  if (Status watched = loop.watch(fd, *signals); !watched) return std::unexpected(watched.error());
  return signals;
}

}  // namespace herald::app
