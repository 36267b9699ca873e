#include "simulation/disk/background_work.h"

#include <dlfcn.h>
#include <pthread.h>

#include <algorithm>
#include <cerrno>
#include <thread>
#include <utility>

#include "base/check.h"

namespace herald::simulation {

namespace {

thread_local BackgroundWork* this_threads_work = nullptr;
using Wait = int (*)(pthread_cond_t*, pthread_mutex_t*);
using TimedWait = int (*)(pthread_cond_t*, pthread_mutex_t*, const timespec*);
using Create = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
using Join = int (*)(pthread_t, void**);
using ClockWait = int (*)(pthread_cond_t*, pthread_mutex_t*, clockid_t, const timespec*);

// The versions that librocksdb and libstdc++ are linked with; an older one has the same name and another layout.
template <class F>
[[nodiscard]] F real(const char* name, const char* version) {
  auto* const found = dlvsym(RTLD_NEXT, name, version);
  HERALD_CHECK(found != nullptr, "the C library has no such function");
  return reinterpret_cast<F>(found);
}

// The handle of a thread that was never started.
constexpr pthread_t kNoThread = ~pthread_t{0};

// A wait may end without cause, so running one job and returning is a legal wait.
void run_one_job(pthread_mutex_t* mutex) {
  HERALD_CHECK(this_threads_work->waiting() > 0, "RocksDB waits for work that was never scheduled");
  pthread_mutex_unlock(mutex);
  this_threads_work->run(0);
  pthread_mutex_lock(mutex);
}

[[nodiscard]] int wait_with_timeout(pthread_mutex_t* mutex) {
  if (this_threads_work->waiting() == 0) return ETIMEDOUT;
  run_one_job(mutex);
  return 0;
}

}  // namespace

int BackgroundWork::take_back(void* tag, int priority) {
  int taken = 0;
  std::deque<Job> kept;
  std::deque<Job> theirs;
  for (const auto& job : jobs_) (job.tag == tag && job.priority == priority ? theirs : kept).push_back(job);
  jobs_ = std::move(kept);
  for (const auto& job : theirs) {
    if (job.unschedule != nullptr) job.unschedule(job.argument);
    ++taken;
  }
  return taken;
}

std::size_t BackgroundWork::waiting(int priority) const {
  return static_cast<std::size_t>(std::ranges::count(jobs_, priority, &Job::priority));
}

void BackgroundWork::run(std::size_t index) {
  const Job job = jobs_[index];
  jobs_.erase(jobs_.begin() + static_cast<std::ptrdiff_t>(index));
  job.run(job.argument);
}

SingleThread::SingleThread(BackgroundWork& work) {
  HERALD_CHECK(this_threads_work == nullptr, "one simulated world a thread");
  this_threads_work = &work;
}

SingleThread::~SingleThread() {
  this_threads_work = nullptr;
}

// They take the places of the C library's in this program and in every library that it loads.
extern "C" {

int pthread_cond_wait(pthread_cond_t* condition, pthread_mutex_t* mutex) {
  if (this_threads_work != nullptr) {
    run_one_job(mutex);
    return 0;
  }
  static const auto function = real<Wait>("pthread_cond_wait", "GLIBC_2.3.2");
  return function(condition, mutex);
}

int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex, const timespec* until) {
  if (this_threads_work != nullptr) return wait_with_timeout(mutex);
  static const auto function = real<TimedWait>("pthread_cond_timedwait", "GLIBC_2.3.2");
  return function(condition, mutex, until);
}

int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock, const timespec* until) {
  if (this_threads_work != nullptr) return wait_with_timeout(mutex);
  static const auto function = real<ClockWait>("pthread_cond_clockwait", "GLIBC_2.34");
  return function(condition, mutex, clock, until);
}

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*), void* argument) {
  if (this_threads_work != nullptr) {
    // libstdc++ hands what the thread would have owned.
    delete static_cast<std::thread::_State*>(argument);
    *thread = kNoThread;
    return 0;
  }
  static const auto function = real<Create>("pthread_create", "GLIBC_2.34");
  return function(thread, attributes, run, argument);
}

int pthread_join(pthread_t thread, void** result) {
  if (thread == kNoThread) return 0;
  static const auto function = real<Join>("pthread_join", "GLIBC_2.34");
  return function(thread, result);
}

}  // extern "C"

}  // namespace herald::simulation
