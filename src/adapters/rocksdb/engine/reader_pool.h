#pragma once
// The reading threads. Private to this folder.

#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "adapters/rocksdb/cold/database.h"
#include "adapters/rocksdb/engine/answers.h"
#include "adapters/rocksdb/engine/mailbox.h"
#include "adapters/rocksdb/engine/store_metrics.h"

namespace herald::adapters {

class ReaderPool {
 public:
  // `threads` 0: no thread is started, the owner calls step().
  ReaderPool(Database& database, std::size_t threads, Log& log, Metrics& metrics);
  // Answers what was asked. The committing thread must have applied all its changes, or still run.
  ~ReaderPool();

  // Without threads: does the reads that wait, once. Answers whether there were any.
  bool step();

  // `work` answers from an open Database. Any thread; reads of one thread keep their order.
  template <class T, class Work>
  void submit(Work work, Reply<Result<T>> reply) {
    submit_in_steps(
        [work = std::move(work)](const Database& database) mutable { return std::optional(work(database)); },
        std::move(reply));
  }
  // The same for long reads: `work` answers an optional, and is called again after the other waiting reads as long as
  // that is empty.
  template <class T, class Work>
  void submit_in_steps(Work work, Reply<Result<T>> reply) {
    readers_[thread_number() % readers_.size()]->mailbox.push(
        [this, work = std::move(work), reply = std::move(reply)](Database& database,
                                                                 Answers& answers) mutable -> std::optional<Error> {
          std::shared_lock lock(database.reading());
          std::optional<Result<T>> result = database.db() != nullptr ? work(database) : Result<T>(closed());
          lock.unlock();
          if (!result) {
            submit_in_steps(std::move(work), std::move(reply));
            return std::nullopt;
          }
          auto error = *result ? std::nullopt : std::optional(result->error());
          answers.add(std::move(reply), std::move(*result));
          return error;
        });
  }

 private:
  using Read = std::move_only_function<std::optional<Error>(Database&, Answers&)>;
  struct Reader {
    explicit Reader(Metrics& metrics) : errors(metrics) {}
    Mailbox<Read> mailbox;
    ErrorCounters errors;
    std::thread thread;
  };

  // A small number for the calling thread.
  [[nodiscard]] static std::size_t thread_number();
  [[nodiscard]] static std::unexpected<Error> closed() {
    return fail(ErrorKind::kUnavailable, "the store is being recovered");
  }
  void run(Reader& reader);
  void read_all(Reader& reader, std::vector<Read> reads, Answers& answers);
  void note(Reader& reader, const Error& error);

  Database& database_;
  Log& log_;
  std::vector<std::unique_ptr<Reader>> readers_;
};

}  // namespace herald::adapters
