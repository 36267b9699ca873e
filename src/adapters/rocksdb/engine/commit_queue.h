#pragma once
// The committing thread: takes what gathered during the last commit, applies it to one Batch, commits once, answers
// all. Private to this folder.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "adapters/rocksdb/engine/answers.h"
#include "adapters/rocksdb/engine/batch.h"
#include "adapters/rocksdb/engine/mailbox.h"
#include "adapters/rocksdb/engine/store_metrics.h"

namespace herald::adapters {

// One call of the store.
class Operation {
 public:
  enum class Kind : std::uint8_t {
    kLook,     // changes nothing
    kLazy,     // answered at once, its rows follow with a later commit: for what only looks see, and may be lost
    kPlain,    // all before it, and it, is in rows when it is answered; may be lost by a power cut
    kDurable,  // on the disk when it is answered
    kSweep,    // plain, and scans indexes: must not see a batch that others have begun
    kTask,     // nothing of the store's: it runs between commits, and is not answered
  };
  explicit Operation(Kind kind) : kind_(kind) {}
  virtual ~Operation() = default;
  [[nodiscard]] Kind kind() const { return kind_; }
  virtual void apply(Batch& batch) = 0;
  // It cannot be answered unless everything that was changed before is in rows.
  [[nodiscard]] virtual bool needs_rows() const { return false; }
  // What apply() found, or the error that undid it.
  virtual void answer(const Status& done, Answers& answers) = 0;

 private:
  const Kind kind_;
};

template <class Answer, class Work>
class TypedOperation final : public Operation {
 public:
  TypedOperation(Kind kind, Work work, Reply<Answer> reply)
      : Operation(kind), work_(std::move(work)), reply_(std::move(reply)) {}
  void apply(Batch& batch) override { result_.emplace(work_(batch)); }
  void answer(const Status& done, Answers& answers) override {
    answers.add(std::move(reply_), done ? std::move(*result_) : Answer(std::unexpected(done.error())));
  }

 private:
  Work work_;
  Reply<Answer> reply_;
  std::optional<Answer> result_;
};

// `Look` is as those of looks.h. kTold: what it answers is told to people, and must not be taken back by a kill.
template <class Look>
class LookOperation final : public Operation {
 public:
  using Answer = typename Look::Answer;
  LookOperation(Look look, Reply<Answer> reply)
      : Operation(Kind::kLook), look_(std::move(look)), reply_(std::move(reply)) {}
  void apply(Batch& batch) override { result_ = look_.look(batch); }
  [[nodiscard]] bool needs_rows() const override { return Look::kTold || !result_; }
  void answer(const Status& done, Answers& answers) override {
    if (!done) return answers.add(std::move(reply_), Answer(std::unexpected(done.error())));
    if (!result_) return look_.rest(std::move(reply_));
    answers.add(std::move(reply_), std::move(*result_));
  }

 private:
  Look look_;
  Reply<Answer> reply_;
  std::optional<Answer> result_;
};

using CommitMailbox = Mailbox<std::unique_ptr<Operation>>;

class CommitQueue {
 public:
  // The mailbox may be used by others as long as it lives.
  CommitQueue(CommitMailbox& mailbox, Database& database, const Limits& limits, const Clock& clock, Log& log,
              Metrics& metrics);
  // Applies and answers what was queued, and writes the rows of what is young.
  ~CommitQueue();
  // Reads the young messages; then begins, on a thread of its own if `threaded`. Before anything is submitted.
  [[nodiscard]] Status start(bool threaded);
  // Without a thread: one turn. Takes what gathered, and commits if it is time. Answers whether there was anything.
  bool step();
  // Without a thread: when the next turn has something to do although nothing is submitted. Empty: never.
  [[nodiscard]] std::optional<MonoTime> next_step();

  // Any thread.
  template <class Answer, class Work>
  void submit(Operation::Kind kind, Work work, Reply<Answer> reply) {
    mailbox_.push(std::make_unique<TypedOperation<Answer, Work>>(kind, std::move(work), std::move(reply)));
  }
  template <class Look>
  void submit_look(Look look, Reply<typename Look::Answer> reply) {
    mailbox_.push(std::make_unique<LookOperation<Look>>(std::move(look), std::move(reply)));
  }

 private:
  using Owned = std::vector<std::unique_ptr<Operation>>;
  using Operations = std::span<const std::unique_ptr<Operation>>;

  void run();
  // Answers what need not wait for a commit; the rest joins what waits for one.
  void take(Owned operations);
  void answer_at_once(Operation& operation);
  // Under load, lets more gather until the interval since the last commit has passed.
  [[nodiscard]] bool is_time(bool alone);
  void nap();
  [[nodiscard]] bool is_idle() { return waiting_.empty() && !batch_.has_changes(); }
  void commit_waiting();
  void commit(Operations operations);
  // The database is open and the batch has its young messages.
  [[nodiscard]] Status prepare();
  [[nodiscard]] Status load();
  [[nodiscard]] Status apply_and_write(Operations operations);
  [[nodiscard]] Status write(std::size_t operations, bool sync, MonoTime began);
  void answer(Operations operations, const Status& committed);
  void finish();

  Database& database_;
  const Clock& clock_;
  Log& log_;
  StoreMetrics metrics_;
  const std::chrono::microseconds interval_;
  MonoTime began_;                      // the last commit
  std::chrono::nanoseconds napped_{0};  // since then
  Batch batch_;
  Owned waiting_;
  Answers answers_;
  CommitMailbox& mailbox_;
  std::thread thread_;
};

}  // namespace herald::adapters
