#pragma once
// Answers of ports that a session waits for: those that come after it is gone run nothing.

#include <cstddef>
#include <memory>
#include <utility>

#include "base/executor.h"

namespace herald::roles::user_agent_ws {

// A member of the session that waits. Owns no memory beyond a pointer while nothing is waited for.
class PendingAnswers {
 public:
  PendingAnswers() = default;
  PendingAnswers(const PendingAnswers&) = delete;
  PendingAnswers& operator=(const PendingAnswers&) = delete;
  ~PendingAnswers() {
    if (gate_) gate_->open = false;
  }

  template <class T, class Then>
  [[nodiscard]] Reply<T> reply(Executor& executor, Then then) {
    if (!gate_) gate_ = std::make_shared<Gate>();
    ++gate_->waiting;
    return Reply<T>(executor, [this, gate = gate_, then = std::move(then)](T value) mutable {
      if (!gate->open) return;
      if (--gate->waiting == 0) gate_.reset();
      then(std::move(value));
    });
  }
  [[nodiscard]] std::size_t waiting() const { return gate_ ? gate_->waiting : 0; }

 private:
  struct Gate {
    bool open = true;
    std::size_t waiting = 0;
  };
  std::shared_ptr<Gate> gate_;
};

}  // namespace herald::roles::user_agent_ws
