#pragma once
// An executor for contract tests: any thread may post, the test's own thread runs.

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "base/executor.h"

namespace herald::ports::contract {

class WaitingExecutor final : public Executor {
 public:
  // Notifies under the lock: the test may destroy the executor as soon as it has run the task.
  void post(Task task) override {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    filled_.notify_one();
  }

  void post_batch(std::vector<Task> tasks) override {
    for (auto& task : tasks) post(std::move(task));
  }

  // Runs what waits now, and what that posts. Returns how many tasks ran.
  std::size_t run_ready() {
    std::size_t ran = 0;
    for (Task task = take(std::chrono::seconds(0)); task; task = take(std::chrono::seconds(0))) {
      task();
      ++ran;
    }
    return ran;
  }

  // Runs tasks as they come until `reached` holds. False if that takes longer than a minute.
  [[nodiscard]] bool run_until(const std::function<bool()>& reached) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!reached()) {
      if (Task task = take(std::chrono::milliseconds(100))) task();
      if (std::chrono::steady_clock::now() > deadline) return reached();
    }
    return true;
  }

 private:
  // The oldest task; empty if none comes in time.
  Task take(std::chrono::milliseconds wait) {
    std::unique_lock lock(mutex_);
    if (!filled_.wait_for(lock, wait, [this] { return !tasks_.empty(); })) return {};
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    return task;
  }

  std::mutex mutex_;
  std::condition_variable filled_;
  std::deque<Task> tasks_;
};

}  // namespace herald::ports::contract
