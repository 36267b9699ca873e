#pragma once
// Directory::sleepers(): pages of sleeping devices come from a reading thread; the committing thread adds which of them
// have messages in flight. Each turn of either is bounded. Private to the adapter.
//
// The steps: read_page() on any thread -> read_sleepers() on a reading thread -> on_page() as a task on the committing
// thread -> filter() as a read there -> read_page() again, or the answer.

#include <memory>
#include <optional>
#include <vector>

#include "adapters/rocksdb/cold/reads.h"
#include "adapters/rocksdb/engine/engine.h"
#include "adapters/rocksdb/engine/reader_pool.h"
#include "base/executor.h"
#include "domain/location.h"

namespace herald::adapters {

class SleeperSearch : public std::enable_shared_from_this<SleeperSearch> {
 public:
  using Answer = Result<std::vector<Node>>;
  // `committing`: the committing thread's executor. References must outlive it.
  SleeperSearch(ReaderPool& reads, CommitEngine& engine, Executor& committing, ServerId server,
                std::optional<UserAgentId> after, std::size_t limit, Reply<Answer> reply)
      : reads_(reads),
        engine_(engine),
        committing_(committing),
        server_(std::move(server)),
        after_(after),
        limit_(limit),
        reply_(std::move(reply)) {}

  void read_page();

 private:
  void on_page(Result<SleeperPage> page);
  // True: the search is over.
  [[nodiscard]] Result<bool> filter(Transaction& txn, const SleeperPage& page);
  void answer(Answer answer) { std::move(reply_)(std::move(answer)); }

  ReaderPool& reads_;
  CommitEngine& engine_;
  Executor& committing_;
  const ServerId server_;
  std::optional<UserAgentId> after_;
  const std::size_t limit_;
  Reply<Answer> reply_;
  std::vector<Node> found_;
};

}  // namespace herald::adapters
