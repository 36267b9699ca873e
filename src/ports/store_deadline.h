#pragma once
// How long a client waits for the store. A call that is not answered in time fails with kUnavailable, so that the
// client is told to try again; the store may still do what it was asked, and its late answer goes to whoever wants it.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/executor.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/time.h"
#include "base/timer.h"

namespace herald::ports {

// One event loop's: on its thread only, and destroyed when the loop runs no more. Everything given must outlive it.
class StoreDeadline {
 public:
  struct Config {
    std::chrono::milliseconds timeout;
    std::size_t overdue_max;  // calls past their time and not answered; from then on refuses() is true
  };

  // `stalled` runs when a call is not answered in time while no other is overdue.
  StoreDeadline(Config config, TimerService& timers, const Clock& clock, Metrics& metrics,
                std::function<void()> stalled = {})
      : config_(config),
        timers_(timers),
        clock_(clock),
        stalled_(std::move(stalled)),
        overdue_total_(metrics.counter("herald_store_overdue_total",
                                       "Calls that the store did not answer within store_timeout_ms.")) {}
  ~StoreDeadline() { timers_.cancel(timer_); }
  StoreDeadline(const StoreDeadline&) = delete;
  StoreDeadline& operator=(const StoreDeadline&) = delete;

  // What to give the store instead of `reply`, whose executor is this loop. `late` gets an answer that comes after
  // `reply` got kUnavailable.
  template <class T>
  [[nodiscard]] Reply<Result<T>> bound(Reply<Result<T>> reply, std::move_only_function<void(Result<T>)> late = {}) {
    Executor& loop = reply.executor();
    auto call = std::make_unique<CallOf<T>>(std::move(reply), std::move(late));
    enter(*call);
    return Reply<Result<T>>(loop, [this, call = std::move(call)](Result<T> answer) mutable {
      const bool in_time = !call->overdue;
      leave(*call);
      if (in_time) return std::move(call->reply).bind(std::move(answer))();
      if (call->late) call->late(std::move(answer));
    });
  }

  // Calls `ask` with the bound reply; or, if so many calls are overdue, answers kUnavailable without asking: what the
  // store has not answered takes memory.
  template <class T, class Ask>
  void ask(Reply<Result<T>> reply, Ask ask) {
    if (refuses()) return std::move(reply)(std::unexpected(stall()));
    ask(bound(std::move(reply)));
  }

  [[nodiscard]] bool refuses() const { return overdue_ >= config_.overdue_max; }
  // The error of a call that was not answered in time, or not made.
  [[nodiscard]] Error stall() const {
    return {ErrorKind::kUnavailable,
            "the store has not answered for " + std::to_string(config_.timeout.count()) + " ms"};
  }
  // Calls past their time that the store has not answered yet.
  [[nodiscard]] std::size_t overdue() const { return overdue_; }

 private:
  // In a list, oldest first, until it is answered or overdue.
  struct Call {
    virtual ~Call() = default;
    virtual void expire(Error error) = 0;
    MonoTime until;
    Call* before = nullptr;
    Call* after = nullptr;
    bool overdue = false;
  };
  template <class T>
  struct CallOf final : Call {
    CallOf(Reply<Result<T>> to, std::move_only_function<void(Result<T>)> then)
        : reply(std::move(to)), late(std::move(then)) {}
    void expire(Error error) override { std::move(reply).bind(std::unexpected(std::move(error)))(); }
    Reply<Result<T>> reply;
    std::move_only_function<void(Result<T>)> late;
  };

  void enter(Call& call) {
    call.until = clock_.mono() + config_.timeout;
    call.before = newest_;
    (newest_ != nullptr ? newest_->after : oldest_) = &call;
    newest_ = &call;
    arm();
  }
  void unlink(Call& call) {
    (call.before != nullptr ? call.before->after : oldest_) = call.after;
    (call.after != nullptr ? call.after->before : newest_) = call.before;
  }
  void leave(Call& call) {
    if (call.overdue) {
      --overdue_;
    } else {
      unlink(call);
    }
  }
  // One timer for all; it is not moved when a call is answered, as nearly all are.
  void arm() {
    if (timer_ != 0 || oldest_ == nullptr) return;
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(oldest_->until - clock_.mono());
    timer_ = timers_.run_after(std::max(wait, std::chrono::milliseconds(0)), [this] {
      timer_ = 0;
      expire_due();
      arm();
    });
  }
  // What a reply does may make further calls, which go to the end.
  void expire_due() {
    const MonoTime now = clock_.mono();
    while (oldest_ != nullptr && oldest_->until <= now) {
      Call& call = *oldest_;
      unlink(call);
      call.overdue = true;
      overdue_total_.add();
      if (overdue_++ == 0 && stalled_) stalled_();
      call.expire(stall());
    }
  }

  const Config config_;
  TimerService& timers_;
  const Clock& clock_;
  std::function<void()> stalled_;
  Counter& overdue_total_;
  Call* oldest_ = nullptr;
  Call* newest_ = nullptr;
  std::size_t overdue_ = 0;
  TimerId timer_ = 0;
};

}  // namespace herald::ports
