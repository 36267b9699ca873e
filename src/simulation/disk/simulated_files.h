#pragma once
// RocksDB's FileSystem on a simulated disk.

#include <rocksdb/file_system.h>

#include <memory>

namespace herald::simulation {

struct Machine;

// `machine` must outlive it and every file that it opens.
[[nodiscard]] std::shared_ptr<rocksdb::FileSystem> simulated_files(Machine& machine);

}  // namespace herald::simulation
