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

#include "adapters/rocksdb/answers.h"
#include "adapters/rocksdb/batch.h"
#include "adapters/rocksdb/mailbox.h"
#include "adapters/rocksdb/store_metrics.h"

namespace herald::adapters {

// One change of the store.
class Operation {
 public:
  enum class Kind : std::uint8_t {
    kPlain,    // may be lost by a power cut; it will be done again
    kDurable,  // on the disk when it is answered
    kSweep,    // plain, and scans indexes: must not see a batch that others have begun
  };
  explicit Operation(Kind kind) : kind_(kind) {}
  virtual ~Operation() = default;
  [[nodiscard]] Kind kind() const { return kind_; }
  virtual void apply(Batch& batch) = 0;
  // What apply() found, or the error that undid it.
  virtual void answer(const Status& committed, Answers& answers) = 0;

 private:
  const Kind kind_;
};

template <class Answer, class Work>
class TypedOperation final : public Operation {
 public:
  TypedOperation(Kind kind, Work work, Reply<Answer> reply)
      : Operation(kind), work_(std::move(work)), reply_(std::move(reply)) {}
  void apply(Batch& batch) override { result_.emplace(work_(batch)); }
  void answer(const Status& committed, Answers& answers) override {
    answers.add(std::move(reply_), committed ? std::move(*result_) : Answer(std::unexpected(committed.error())));
  }

 private:
  Work work_;
  Reply<Answer> reply_;
  std::optional<Answer> result_;
};

class CommitQueue {
 public:
  CommitQueue(Database& database, const Limits& limits, const Clock& clock, Log& log, Metrics& metrics);
  // Applies and answers what was queued.
  ~CommitQueue();

  // Any thread.
  template <class Answer, class Work>
  void submit(Operation::Kind kind, Work work, Reply<Answer> reply) {
    mailbox_.push(std::make_unique<TypedOperation<Answer, Work>>(kind, std::move(work), std::move(reply)));
  }

 private:
  using Operations = std::span<const std::unique_ptr<Operation>>;

  void run();
  // Under load, lets more gather until the interval since the last commit has passed.
  void gather(std::vector<std::unique_ptr<Operation>>& operations, bool busy);
  void commit_all(Operations operations);
  void commit(Operations operations);
  [[nodiscard]] Status apply_and_write(Operations operations);
  void answer(Operations operations, const Status& committed);

  Database& database_;
  const Clock& clock_;
  Log& log_;
  StoreMetrics metrics_;
  const std::chrono::microseconds interval_;
  MonoTime began_;  // the last commit
  Batch batch_;
  Answers answers_;
  Mailbox<std::unique_ptr<Operation>> mailbox_;
  std::thread thread_;
};

}  // namespace herald::adapters
