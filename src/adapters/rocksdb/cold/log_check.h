#pragma once
// Looks at the write-ahead log before RocksDB replays it: RocksDB passes over some damage without a word, and refuses
// some that a power cut leaves behind. The rule is in docs/on-disk-format.md, "The write-ahead log". Private to this
// folder.

#include <rocksdb/env.h>

#include <functional>
#include <string>

#include "adapters/rocksdb/cold/sync_mark.h"
#include "base/log.h"
#include "base/result.h"

namespace herald::adapters {

struct LogCheck {
  rocksdb::Env& env;
  const std::string& folder;
  Log& log;
  // Whether RocksDB has the rows of that file of the log elsewhere, so that it may be gone or torn. Errors end the
  // check.
  std::function<Result<bool>(std::uint64_t file)> is_obsolete;
  bool accept_loss = false;
};

// Cuts off a torn tail that was never acknowledged, and keeps what it cut beside the log. With `accept_loss` it cuts at
// the first damage whatever that loses, and passes over what is missing. kCorrupt: acknowledged records are damaged or
// missing, and the error names the file. kUnavailable: the disk failed. The database must be closed and locked by
// nobody else.
[[nodiscard]] Status check_log(const LogCheck& check);

}  // namespace herald::adapters
