#pragma once
// Answers on their way out: one wake-up for each executor, however many answers it gets. Private to this folder.

#include <algorithm>
#include <utility>
#include <vector>

#include "base/executor.h"

namespace herald::adapters {

class Answers {
 public:
  template <class T>
  void add(Reply<T> reply, T value) {
    tasks_for(reply.executor()).push_back(std::move(reply).bind(std::move(value)));
  }
  // Posts and forgets them all.
  void post() {
    for (auto& [executor, tasks] : groups_) {
      if (!tasks.empty()) executor->post_batch(std::exchange(tasks, {}));
    }
  }

 private:
  [[nodiscard]] std::vector<Task>& tasks_for(Executor& executor) {
    const auto it = std::ranges::find(groups_, &executor, &std::pair<Executor*, std::vector<Task>>::first);
    return it != groups_.end() ? it->second : groups_.emplace_back(&executor, std::vector<Task>{}).second;
  }

  std::vector<std::pair<Executor*, std::vector<Task>>> groups_;
};

}  // namespace herald::adapters
