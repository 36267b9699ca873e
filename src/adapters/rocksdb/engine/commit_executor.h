#pragma once
// The committing thread as an executor: what mostly calls the store may run beside it, and then waits for no other
// thread between its steps. Tasks run between commits, so they must be short. Private to this folder.

#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "adapters/rocksdb/engine/engine.h"
#include "base/executor.h"

namespace herald::adapters {

// Thread-safe. It may outlive the thread: what is posted then is destroyed with the mailbox.
class CommitExecutor final : public Executor {
 public:
  explicit CommitExecutor(EngineMailbox& mailbox) : mailbox_(mailbox) {}

  void post(Task task) override {
    std::vector<Task> one;
    one.push_back(std::move(task));
    post_batch(std::move(one));
  }
  void post_batch(std::vector<Task> tasks) override {
    mailbox_.push(std::make_unique<Tasks>(std::move(tasks), stopped_));
  }
  // On its thread: no other task is run any more.
  void stop() { stopped_.store(true, std::memory_order_relaxed); }

 private:
  class Tasks final : public Operation {
   public:
    Tasks(std::vector<Task> tasks, const std::atomic<bool>& stopped)
        : Operation(Kind::kTask), tasks_(std::move(tasks)), stopped_(stopped) {}
    void apply(Transaction& /*txn*/) override {
      for (Task& task : tasks_) {
        if (!stopped_.load(std::memory_order_relaxed)) task();
      }
    }
    void answer(const Status& /*done*/, Answers& /*answers*/) override {}

   private:
    std::vector<Task> tasks_;
    const std::atomic<bool>& stopped_;
  };

  EngineMailbox& mailbox_;
  std::atomic<bool> stopped_{false};
};

}  // namespace herald::adapters
