#pragma once
// The engine: takes what gathered during the last commit, applies it to one transaction, commits once, answers all. Its
// loop is a step function; a thread of its own calls it, or the owner does. Private to the adapter.
//
// The life of a synced operation: submit() on any thread puts it into the mailbox; take() moves it to what waits for a
// commit; commit() applies it, each operation in a scope of its own, writes, and answers. An operation whose reads fail
// is rolled back and answered by itself; the others go on. When the write fails, all of the commit are answered with
// the error and rolled back, and prepare() finds out later whether the database has them all the same
// (engine/commit.h).

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "adapters/rocksdb/engine/commit.h"
#include "adapters/rocksdb/engine/mailbox.h"
#include "adapters/rocksdb/engine/operation.h"
#include "adapters/rocksdb/engine/store_metrics.h"
#include "base/log.h"

namespace herald::adapters {

using EngineMailbox = Mailbox<std::unique_ptr<Operation>>;

class CommitEngine {
 public:
  // The mailbox may be used by others as long as it lives.
  CommitEngine(EngineMailbox& mailbox, Database& database, const Limits& limits, const Clock& clock, Log& log,
               Metrics& metrics);
  // Applies and answers what was submitted, and writes the rows of what is in flight.
  ~CommitEngine();
  // Reads the messages in flight; then begins, on a thread of its own if `threaded`. Before anything is submitted.
  [[nodiscard]] Status start(bool threaded);
  // Without a thread: one turn. Takes what gathered, and commits if it is time. Answers whether there was anything.
  bool step();
  // Without a thread: when the next turn has something to do although nothing is submitted. Empty: never.
  [[nodiscard]] std::optional<MonoTime> next_step();

  // Any thread.
  template <class Answer, class Work>
  void submit(Operation::Kind kind, Work work, Reply<Answer> reply) {
    mailbox_.push(std::make_unique<TypedOperation<Answer, Work>>(kind, false, std::move(work), std::move(reply)));
  }
  // A read whose answer is shown to people.
  template <class Answer, class Work>
  void submit_shown(Work work, Reply<Answer> reply) {
    mailbox_.push(std::make_unique<TypedOperation<Answer, Work>>(Operation::Kind::kRead, true, std::move(work),
                                                                 std::move(reply)));
  }
  template <class Read>
  void submit_read(Read read, Reply<typename Read::Answer> reply) {
    mailbox_.push(std::make_unique<HotRead<Read>>(std::move(read), std::move(reply)));
  }

 private:
  using Owned = std::vector<std::unique_ptr<Operation>>;
  using Operations = std::span<const std::unique_ptr<Operation>>;

  void run();
  // Answers what need not wait for a commit; the rest joins what waits for one.
  void take(Owned operations);
  // False: it must wait for a commit; nothing has changed then.
  [[nodiscard]] bool answer_at_once(Operation& operation);
  // A commit in doubt is work to do: it may hold messages that nobody looks for otherwise.
  [[nodiscard]] bool is_idle() { return waiting_.empty() && txn_.rows().empty() && !commit_.is_in_doubt(); }
  // Under load, lets more gather until the interval since the last commit has passed.
  [[nodiscard]] bool is_time(bool alone);
  [[nodiscard]] std::chrono::nanoseconds interval() const;
  void nap();
  void commit_waiting();
  void commit(Operations operations);
  // The database is open, and no commit is in doubt.
  [[nodiscard]] Status prepare();
  [[nodiscard]] Status write(std::size_t operations, bool sync, MonoTime began, bool spill_all = false);
  // What reading threads read next is in the database.
  [[nodiscard]] Status flush();
  [[nodiscard]] Status read_here(Operation& operation);
  void log_failed_read(const Error& error);
  void finish();

  Database& database_;
  const Clock& clock_;
  Log& log_;
  StoreMetrics metrics_;
  const std::chrono::microseconds interval_;
  MonoTime began_;                      // the last commit
  std::chrono::nanoseconds napped_{0};  // since then
  Transaction txn_;
  Commit commit_;
  Owned waiting_;
  bool written_waits_ = false;  // a kWritten operation is among what waits, so that later ones keep their order
  Answers answers_;
  EngineMailbox& mailbox_;
  std::thread thread_;
};

}  // namespace herald::adapters
