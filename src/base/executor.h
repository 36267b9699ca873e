#pragma once
// Where a callback runs. Every asynchronous port takes the caller's executor inside its Reply, and answers there:
// a role's code therefore runs on one thread only and needs no lock.

#include <deque>
#include <functional>
#include <utility>
#include <vector>

namespace herald {

using Task = std::move_only_function<void()>;

class Executor {
 public:
  virtual ~Executor() = default;
  // Runs `task` later on the executor's thread, after everything posted before it by the same thread. Never inline.
  // Callable from any thread. A task posted after the executor has stopped is destroyed unrun.
  virtual void post(Task task) = 0;
  // The same for many at the price of one wake-up; order is kept.
  virtual void post_batch(std::vector<Task> tasks) = 0;
  // Runs `task` before anything leaves the process that this turn of the executor sends, so that what gathers in a turn
  // can be passed on at once. On the executor's thread only. An executor that sends nothing just posts it.
  virtual void post_before_sending(Task task) { post(std::move(task)); }
};

// The promise to answer one asynchronous call: call it exactly once, from any thread; the function given runs on
// the executor. Move-only. Dropping it uncalled is allowed only when the process stops.
template <class T>
class Reply {
 public:
  Reply() = default;
  Reply(Executor& on, std::move_only_function<void(T)> then) : on_(&on), then_(std::move(then)) {}

  [[nodiscard]] Executor& executor() const { return *on_; }
  [[nodiscard]] explicit operator bool() const { return on_ != nullptr; }

  // Answers now.
  void operator()(T value) && { on_->post(std::move(*this).bind(std::move(value))); }

  // For answering many with one post_batch: the task to run on executor().
  [[nodiscard]] Task bind(T value) && {
    return [then = std::move(then_), v = std::move(value)]() mutable { then(std::move(v)); };
  }

 private:
  Executor* on_ = nullptr;
  std::move_only_function<void(T)> then_;
};

// An executor for tests: tasks wait until run() is called. Not thread-safe.
class ManualExecutor final : public Executor {
 public:
  void post(Task task) override { tasks_.push_back(std::move(task)); }
  void post_batch(std::vector<Task> tasks) override {
    for (auto& task : tasks) tasks_.push_back(std::move(task));
  }
  // Runs everything waiting, and what that posts, until nothing waits. Returns how many tasks ran.
  std::size_t run() {
    std::size_t ran = 0;
    while (!tasks_.empty()) {
      Task task = std::move(tasks_.front());
      tasks_.pop_front();
      task();
      ++ran;
    }
    return ran;
  }
  [[nodiscard]] bool idle() const { return tasks_.empty(); }

 private:
  std::deque<Task> tasks_;
};

}  // namespace herald
