#pragma once
// Calls of one kind that wait for the database, and what answers a batch of them. Private to this folder.

#include <algorithm>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "adapters/mongodb/session.h"
#include "base/executor.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/time.h"

namespace herald::adapters::mongodb {

// What a batch works with: the worker's own, for as long as the batch runs.
struct Context {
  Session& database;
  const Limits& limits;
  const Clock& clock;
  StoreMetrics& metrics;
  Log& log;
  // True from a batch's second run on: the first may have done all of it and its reply was lost.
  bool is_repeated = false;
};

// Answers on their way out: one wake-up for each executor, however many answers it gets.
class Answers {
 public:
  template <class T>
  void add(Reply<T>& reply, T value) {
    tasks_for(reply.executor()).push_back(std::move(reply).bind(std::move(value)));
  }
  void post() {
    for (auto& [executor, tasks] : groups_) executor->post_batch(std::move(tasks));
    groups_.clear();
  }

 private:
  [[nodiscard]] std::vector<Task>& tasks_for(Executor& executor) {
    const auto it = std::ranges::find(groups_, &executor, &std::pair<Executor*, std::vector<Task>>::first);
    return it != groups_.end() ? it->second : groups_.emplace_back(&executor, std::vector<Task>{}).second;
  }

  std::vector<std::pair<Executor*, std::vector<Task>>> groups_;
};

// One call of a port: what was asked, whom to answer, and the answer once it is known.
template <class Asked, class T>
struct Call {
  Asked in;
  Reply<Result<T>> reply;
  std::optional<Result<T>> out = std::nullopt;
};

template <class Asked, class T>
void answer(Call<Asked, T>& call, const Error& otherwise, Answers& answers) {
  answers.add(call.reply, call.out ? std::move(*call.out) : Result<T>(std::unexpected(otherwise)));
}
template <class... Calls>
void answer(std::variant<Calls...>& call, const Error& otherwise, Answers& answers) {
  std::visit([&](auto& one) { answer(one, otherwise, answers); }, call);
}

// What an attempt that failed had found.
template <class Asked, class T>
void forget_answer(Call<Asked, T>& call) {
  call.out.reset();
}
template <class... Calls>
void forget_answer(std::variant<Calls...>& call) {
  std::visit([](auto& one) { forget_answer(one); }, call);
}

// How much of a batch a call takes up; calls that carry many things say so by an overload.
template <class C>
[[nodiscard]] std::size_t weight(const C& /*call*/) {
  return 1;
}

// What a refusal by the database means that Herald does not expect: is it final for who called, or may it pass?
// kTemporary for calls that ask for nothing a database could refuse for good, so that only its state can be the reason.
enum class Refusals : std::uint8_t { kFinal, kTemporary };

class Lane {
 public:
  // `kind` is a literal. At most `width` workers take from it at a time; 1 keeps the order of the calls.
  Lane(const char* kind, std::size_t width, Refusals refusals) : kind_(kind), width_(width), refusals_(refusals) {}
  virtual ~Lane() = default;
  [[nodiscard]] const char* kind() const { return kind_; }
  [[nodiscard]] Refusals refusals() const { return refusals_; }

  // A batch that a worker took.
  class Batch {
   public:
    virtual ~Batch() = default;
    [[nodiscard]] virtual std::size_t size() const = 0;
    // Calls that had waited too long already; they are not part of the batch.
    [[nodiscard]] virtual std::size_t late() const = 0;
    virtual void answer_late(const Error& error, Answers& answers) = 0;
    // Does the work, from call `first` on for `count` calls. Repeating it does no harm.
    [[nodiscard]] virtual Status run(Context& context, std::size_t first, std::size_t count) = 0;
    // Answers these calls: with what run() found, or with `error`.
    virtual void answer_all(std::size_t first, std::size_t count, const Error& error, Answers& answers) = 0;
  };

 private:
  friend class Pool;
  [[nodiscard]] virtual std::size_t waiting() const = 0;
  // Of what came after `not_before`, calls that weigh up to `most`.
  [[nodiscard]] virtual std::unique_ptr<Batch> take(std::size_t most, MonoTime not_before) = 0;

  const char* kind_;
  const std::size_t width_;
  const Refusals refusals_;
  std::size_t running_ = 0;
  bool listed_ = false;
};

// `C` is a Call, or a variant of several whose order matters.
template <class C>
class LaneOf final : public Lane {
 public:
  // Sets `out` of every call, or fails as a whole.
  using Work = std::function<Status(Context&, std::span<C>)>;
  LaneOf(const char* kind, std::size_t width, Work work, Refusals refusals = Refusals::kFinal)
      : Lane(kind, width, refusals), work_(std::move(work)) {}

 private:
  friend class Pool;
  class TakenCalls final : public Batch {
   public:
    TakenCalls(std::vector<C> calls, std::vector<C> late, const Work& work)
        : calls_(std::move(calls)), late_(std::move(late)), work_(work) {}
    [[nodiscard]] std::size_t size() const override { return calls_.size(); }
    [[nodiscard]] std::size_t late() const override { return late_.size(); }
    void answer_late(const Error& error, Answers& answers) override {
      for (auto& call : late_) answer(call, error, answers);
    }
    [[nodiscard]] Status run(Context& context, std::size_t first, std::size_t count) override {
      const auto calls = std::span(calls_).subspan(first, count);
      for (auto& call : calls) forget_answer(call);
      return work_(context, calls);
    }
    void answer_all(std::size_t first, std::size_t count, const Error& error, Answers& answers) override {
      for (auto& call : std::span(calls_).subspan(first, count)) answer(call, error, answers);
    }

   private:
    std::vector<C> calls_;
    std::vector<C> late_;
    const Work& work_;
  };

  [[nodiscard]] std::size_t waiting() const override { return calls_.size(); }
  [[nodiscard]] std::unique_ptr<Batch> take(std::size_t most, MonoTime not_before) override {
    std::vector<C> taken;
    std::vector<C> late;
    for (std::size_t load = 0; !calls_.empty() && load < most; calls_.pop_front()) {
      auto& [since, call] = calls_.front();
      if (since < not_before) {
        late.push_back(std::move(call));
        continue;
      }
      load += weight(call);
      taken.push_back(std::move(call));
    }
    return std::make_unique<TakenCalls>(std::move(taken), std::move(late), work_);
  }

  Work work_;
  struct Waiting {
    MonoTime since;
    C call;
  };
  std::deque<Waiting> calls_;
};

}  // namespace herald::adapters::mongodb
