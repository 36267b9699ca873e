#pragma once
// How RocksDB is set up: one place for every number. Private to this folder.

#include <rocksdb/options.h>

#include <vector>

#include "adapters/rocksdb/cold/database.h"

namespace herald::adapters {

[[nodiscard]] rocksdb::DBOptions database_options(rocksdb::Env* env);
// One descriptor per Family, in the order of the enumeration.
[[nodiscard]] std::vector<rocksdb::ColumnFamilyDescriptor> family_descriptors();

}  // namespace herald::adapters
