#include "transport/event_loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "transport/timer_wheel.h"

namespace herald::transport {

namespace {

constexpr std::size_t kReadBufferBytes = 64 * 1024;
constexpr std::size_t kEventsPerRound = 256;

epoll_event interest(int fd, bool want_write, bool want_read) {
  epoll_event event{};
  event.events = (want_read ? EPOLLIN : 0U) | (want_write ? EPOLLOUT : 0U);
  event.data.fd = fd;
  return event;
}

}  // namespace

// Marks the calling thread as the loop's for as long as it lives.
class EventLoop::OwnThread {
 public:
  explicit OwnThread(EventLoop& loop) : loop_(loop) { loop_.thread_.store(std::this_thread::get_id()); }
  ~OwnThread() { loop_.thread_.store(std::thread::id()); }
  OwnThread(const OwnThread&) = delete;
  OwnThread& operator=(const OwnThread&) = delete;

 private:
  EventLoop& loop_;
};

EventLoop::EventLoop(const Clock& clock)
    : clock_(clock),
      epoll_fd_(epoll_create1(EPOLL_CLOEXEC)),
      wake_fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      timers_(std::make_unique<TimerWheel>(clock.mono())),
      ready_(kEventsPerRound),
      read_buffer_(kReadBufferBytes),
      now_(clock.mono()) {
  HERALD_CHECK(epoll_fd_ >= 0 && wake_fd_ >= 0, "no descriptors left for an event loop");
  epoll_event event = interest(wake_fd_, false, true);
  HERALD_CHECK(epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, wake_fd_, &event) == 0, "epoll refuses an eventfd");
}

EventLoop::~EventLoop() {
  close(wake_fd_);
  close(epoll_fd_);
}

void EventLoop::run() {
  const OwnThread own(*this);
  while (!stopping_.load(std::memory_order_relaxed)) round(std::chrono::hours(1));
  stopping_.store(false, std::memory_order_relaxed);
}

void EventLoop::run_once(std::chrono::milliseconds wait) {
  const OwnThread own(*this);
  round(wait);
}

void EventLoop::stop() {
  stopping_.store(true, std::memory_order_relaxed);
  wake();
}

void EventLoop::post(Task task) {
  if (thread_.load(std::memory_order_relaxed) == std::this_thread::get_id()) {
    local_.push_back(std::move(task));
    return;
  }
  std::vector<Task> one;
  one.push_back(std::move(task));
  post_batch(std::move(one));
}

void EventLoop::post_batch(std::vector<Task> tasks) {
  if (tasks.empty()) return;
  if (thread_.load(std::memory_order_relaxed) == std::this_thread::get_id()) {
    std::move(tasks.begin(), tasks.end(), std::back_inserter(local_));
  } else if (inbox_.push(std::move(tasks))) {
    wake();
  }
}

TimerId EventLoop::run_after(std::chrono::milliseconds delay, Task task) {
  return timers_->add(clock_.mono() + delay, std::move(task));
}

void EventLoop::cancel(TimerId id) {
  timers_->cancel(id);
}

Status EventLoop::watch(int fd, IoHandler& handler, bool want_write) {
  epoll_event event = interest(fd, want_write, true);
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) != 0) {
    return fail(ErrorKind::kUnavailable, std::string("can't watch a descriptor: ") + std::strerror(errno));
  }
  const auto index = static_cast<std::size_t>(fd);
  if (index >= handlers_.size()) handlers_.resize(std::max(index + 1, handlers_.size() + handlers_.size() / 4));
  handlers_[index] = &handler;
  return {};
}

void EventLoop::rewatch(int fd, IoHandler& handler, bool want_write, bool want_read) {
  epoll_event event = interest(fd, want_write, want_read);
  HERALD_CHECK(epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, fd, &event) == 0, "the descriptor is not watched");
  handlers_[static_cast<std::size_t>(fd)] = &handler;
}

void EventLoop::unwatch(int fd) {
  epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
  handlers_[static_cast<std::size_t>(fd)] = nullptr;
  // The number may be given to a new descriptor before this round's events have all been handled.
  for (epoll_event& event : ready_) {
    if (event.data.fd == fd) event.events = 0;
  }
}

void EventLoop::wake() {
  const std::uint64_t one = 1;
  // EAGAIN means that the counter is full: the loop is as good as woken.
  [[maybe_unused]] const auto written = write(wake_fd_, &one, sizeof one);
}

void EventLoop::round(std::chrono::milliseconds wait) {
  const int count = epoll_wait(epoll_fd_, ready_.data(), static_cast<int>(ready_.size()), wait_ms(wait));
  now_ = clock_.mono();
  run_tasks();
  dispatch(count > 0 ? static_cast<std::size_t>(count) : 0);
  run_timers();
  end_round();
}

void EventLoop::run_before_sending() {
  while (!before_sending_.empty()) {
    for (Task& task : std::exchange(before_sending_, {})) task();
  }
}

void EventLoop::end_round() {
  run_before_sending();
  while (!round_ends_.empty()) {
    RoundEnd* const listener = round_ends_.back();
    round_ends_.pop_back();
    listener->on_round_end();
  }
}

int EventLoop::wait_ms(std::chrono::milliseconds most) const {
  if (!local_.empty() || !inbox_.empty() || !before_sending_.empty() || !round_ends_.empty()) return 0;
  const auto next = timers_->next();
  if (!next) return static_cast<int>(most.count());
  const auto until = std::chrono::ceil<std::chrono::milliseconds>(*next - clock_.mono());
  return static_cast<int>(std::clamp(until, std::chrono::milliseconds(0), most).count());
}

void EventLoop::run_tasks() {
  // What the loop posted to itself is older than what its thread posted from outside a round.
  std::vector<Task> own;
  own.swap(local_);
  for (Task& task : own) task();
  for (std::vector<Task>& batch : inbox_.take_all()) {
    for (Task& task : batch) task();
  }
}

void EventLoop::run_timers() {
  timers_->advance(now_);
  while (Task task = timers_->take_due()) task();
}

void EventLoop::dispatch(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t events = ready_[i].events;
    const int fd = ready_[i].data.fd;
    if (fd == wake_fd_) {
      std::uint64_t ignored = 0;
      [[maybe_unused]] const auto got = read(wake_fd_, &ignored, sizeof ignored);
      continue;
    }
    if (events == 0) continue;
    handlers_[static_cast<std::size_t>(fd)]->on_ready((events & EPOLLIN) != 0, (events & EPOLLOUT) != 0,
                                                      (events & (EPOLLHUP | EPOLLERR)) != 0);
  }
}

}  // namespace herald::transport
