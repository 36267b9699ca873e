#pragma once
// How RocksDB is set up: one place for every number. Private to this folder.

#include <rocksdb/options.h>

#include <memory>
#include <vector>

#include "adapters/rocksdb/cold/database.h"

namespace herald::adapters {

// `env` may be null; `log` and `listener` are those of database_events.h.
[[nodiscard]] rocksdb::DBOptions database_options(rocksdb::Env* env, std::shared_ptr<rocksdb::Logger> log,
                                                  std::shared_ptr<rocksdb::EventListener> listener);
[[nodiscard]] std::string_view family_name(Family family);
// One descriptor per Family, in the order of the enumeration.
[[nodiscard]] std::vector<rocksdb::ColumnFamilyDescriptor> family_descriptors(std::size_t memtable_bytes);

}  // namespace herald::adapters
