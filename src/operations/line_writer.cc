#include "operations/line_writer.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "base/thread_name.h"

namespace herald::operations {

struct LineWriter::Shared {
  Shared(int to, std::size_t most, std::function<std::string(std::uint64_t)> make_report)
      : descriptor(::fcntl(to, F_DUPFD_CLOEXEC, 0)), waiting_max_bytes(most), report(std::move(make_report)) {}
  ~Shared() { ::close(descriptor); }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

  void run();
  void take_report(std::unique_lock<std::mutex>& lock);

  const int descriptor;
  const std::size_t waiting_max_bytes;
  mutable std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::string> waiting;
  std::size_t waiting_bytes = 0;
  std::uint64_t given = 0;
  std::uint64_t written = 0;
  std::uint64_t dropped = 0;
  std::uint64_t reported = 0;  // of those dropped
  bool ended = false;
  std::function<std::string(std::uint64_t)> report;  // called with the mutex held; empty once the writer has ended
};

namespace {

void write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t wrote = ::write(descriptor, text.data(), text.size());
    if (wrote >= 0) {
      text.remove_prefix(static_cast<std::size_t>(wrote));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      pollfd writable{.fd = descriptor, .events = POLLOUT, .revents = 0};
      ::poll(&writable, 1, -1);
    } else if (errno != EINTR) {
      return;
    }
  }
}

// Signals are for the threads that expect them; a reader that has gone is no reason to end.
void block_all_signals() {
  sigset_t all;
  sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

void LineWriter::Shared::take_report(std::unique_lock<std::mutex>& lock) {
  if (dropped == reported || !report) return;
  std::string line = report(dropped - reported) + "\n";
  reported = dropped;
  lock.unlock();
  write_all(descriptor, line);
  lock.lock();
}

void LineWriter::Shared::run() {
  std::unique_lock lock(mutex);
  while (true) {
    changed.wait(lock, [this] { return ended || !waiting.empty(); });
    if (waiting.empty()) return;
    std::string line = std::move(waiting.front());
    waiting.pop_front();
    lock.unlock();
    write_all(descriptor, line);
    lock.lock();
    waiting_bytes -= line.size();
    ++written;
    take_report(lock);
    changed.notify_all();
  }
}

LineWriter::LineWriter(int descriptor, std::size_t waiting_max_bytes, std::function<std::string(std::uint64_t)> report)
    : shared_(std::make_shared<Shared>(descriptor, waiting_max_bytes, std::move(report))) {
  std::thread([shared = shared_] {
    block_all_signals();
    name_thread("log");
    shared->run();
  }).detach();
}

LineWriter::~LineWriter() {
  flush(kPatience);
  const std::lock_guard lock(shared_->mutex);
  shared_->ended = true;
  shared_->report = nullptr;
  shared_->waiting.clear();
  shared_->changed.notify_all();
}

bool LineWriter::write(std::string line) {
  line += '\n';
  const std::lock_guard lock(shared_->mutex);
  if (shared_->waiting_bytes + line.size() > shared_->waiting_max_bytes) {
    ++shared_->dropped;
    return false;
  }
  shared_->waiting_bytes += line.size();
  ++shared_->given;
  shared_->waiting.push_back(std::move(line));
  if (shared_->waiting.size() == 1) shared_->changed.notify_all();
  return true;
}

bool LineWriter::flush(std::chrono::milliseconds patience) {
  std::unique_lock lock(shared_->mutex);
  const std::uint64_t given = shared_->given;
  return shared_->changed.wait_for(lock, patience, [&] { return shared_->written >= given; });
}

std::uint64_t LineWriter::dropped() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->dropped;
}

}  // namespace herald::operations
