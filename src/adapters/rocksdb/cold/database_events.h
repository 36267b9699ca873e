#pragma once
// What RocksDB reports by itself: the lines of its own log, and the failures of its background work. Private to this
// folder.

#include <rocksdb/env.h>
#include <rocksdb/listener.h>

#include <memory>

#include "adapters/rocksdb/cold/store_health.h"
#include "base/log.h"

namespace herald::adapters {

// RocksDB's warnings and errors as events of Herald's log. Without it RocksDB writes a file LOG beside the database,
// and Debian's build ends the process when that write fails. Any thread; `log` must outlive the object.
[[nodiscard]] std::shared_ptr<rocksdb::Logger> info_log(Log& log);

// Tells `health` of a compaction that met damage, and lets the database take writes all the same. Any thread; `health`
// must outlive the database.
[[nodiscard]] std::shared_ptr<rocksdb::EventListener> background_errors(StoreHealth& health);

}  // namespace herald::adapters
