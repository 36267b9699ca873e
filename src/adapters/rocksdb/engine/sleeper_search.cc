#include "adapters/rocksdb/engine/sleeper_search.h"

#include "adapters/rocksdb/engine/writes.h"

namespace herald::adapters {

void SleeperSearch::read_page() {
  reads_.submit(
      [server = server_, after = after_](const Database& database) { return read_sleepers(database, server, after); },
      Reply<Result<SleeperPage>>(
          committing_, [self = shared_from_this()](Result<SleeperPage> page) { self->on_page(std::move(page)); }));
}

void SleeperSearch::on_page(Result<SleeperPage> page) {
  if (!page) return answer(std::unexpected(page.error()));
  engine_.submit(
      Operation::Kind::kRead,
      [self = shared_from_this(), page = std::move(*page)](Transaction& txn) { return self->filter(txn, page); },
      Reply<Result<bool>>(committing_, [self = shared_from_this()](const Result<bool>& over) {
        if (!over) return self->answer(std::unexpected(over.error()));
        if (*over) return self->answer(std::move(self->found_));
        self->read_page();
      }));
}

Result<bool> SleeperSearch::filter(Transaction& txn, const SleeperPage& page) {
  for (const auto& sleeper : page.sleepers) {
    if (found_.size() == limit_) return true;
    after_ = sleeper.user_agent;
    if (sleeper.has_rows || txn.may_have_unwritten_pending(sleeper.user_agent))
      found_.push_back(node_of(txn, sleeper.user_agent));
  }
  return found_.size() == limit_ || !page.more;
}

}  // namespace herald::adapters
