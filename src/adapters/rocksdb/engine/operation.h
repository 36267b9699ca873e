#pragma once
// One call of the store on its way through the committing thread. Private to the adapter.

#include <optional>
#include <utility>

#include "adapters/rocksdb/cold/row_reader.h"
#include "adapters/rocksdb/engine/answers.h"
#include "adapters/rocksdb/engine/transaction.h"
#include "base/executor.h"
#include "base/result.h"

namespace herald::adapters {

class Operation {
 public:
  enum class Kind : std::uint8_t {
    kRead,     // changes nothing; answered at once
    kBehind,   // answered at once, its rows follow with a later commit: a kill may lose it
    kWritten,  // answered at once if it changes no row, else once its rows are in the database: a kill cannot lose it
    kSynced,   // answered with the commit that put it on the disk: a power cut cannot lose it
    kTask,     // not a call: code of others that runs between commits
  };
  explicit Operation(Kind kind) : kind_(kind) {}
  virtual ~Operation() = default;
  [[nodiscard]] Kind kind() const { return kind_; }
  // May be called again after its changes were rolled back.
  virtual void apply(Transaction& txn) = 0;
  // What kRead answers must be in the database first: it is shown to people, and a kill must not take it back.
  [[nodiscard]] virtual bool shows_only_written() const { return false; }
  // After apply(): the answer lies in rows that a reading thread reads, so every change must be written first.
  [[nodiscard]] virtual bool needs_reader() const { return false; }
  // After needs_reader(), where the changes cannot be written: reads on the committing thread, over them.
  virtual void read_here(const RowReader& /*rows*/) {}
  // What apply() found, or the error that undid it.
  virtual void answer(const Status& done, Answers& answers) = 0;

 private:
  const Kind kind_;
};

template <class Answer, class Work>
class TypedOperation final : public Operation {
 public:
  TypedOperation(Kind kind, bool shows_only_written, Work work, Reply<Answer> reply)
      : Operation(kind), shows_only_written_(shows_only_written), work_(std::move(work)), reply_(std::move(reply)) {}
  void apply(Transaction& txn) override { result_.emplace(work_(txn)); }
  [[nodiscard]] bool shows_only_written() const override { return shows_only_written_; }
  void answer(const Status& done, Answers& answers) override {
    answers.add(std::move(reply_), done ? std::move(*result_) : Answer(std::unexpected(done.error())));
  }

 private:
  const bool shows_only_written_;
  Work work_;
  Reply<Answer> reply_;
  std::optional<Answer> result_;
};

// `Read` is one of hot_reads.h.
template <class Read>
class HotRead final : public Operation {
 public:
  using Answer = typename Read::Answer;
  HotRead(Read read, Reply<Answer> reply) : Operation(Kind::kRead), read_(std::move(read)), reply_(std::move(reply)) {}
  void apply(Transaction& txn) override { result_ = read_.from_memory(txn); }
  [[nodiscard]] bool shows_only_written() const override { return Read::kShowsOnlyWritten; }
  [[nodiscard]] bool needs_reader() const override { return !result_; }
  void read_here(const RowReader& rows) override { result_ = read_.rest()(rows); }
  void answer(const Status& done, Answers& answers) override {
    if (!done) return answers.add(std::move(reply_), Answer(std::unexpected(done.error())));
    if (!result_) {
      return read_.reads().submit([rest = read_.rest()](const Database& database) mutable { return rest(database); },
                                  std::move(reply_));
    }
    answers.add(std::move(reply_), std::move(*result_));
  }

 private:
  Read read_;
  Reply<Answer> reply_;
  std::optional<Answer> result_;
};

}  // namespace herald::adapters
