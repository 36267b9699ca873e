#pragma once
// Looks at the manifest before RocksDB reads it: RocksDB refuses a last record that a power cut tore, although nothing
// rests on it. The rule is in docs/on-disk-format.md, "The manifest". Private to this folder.

#include <rocksdb/env.h>

#include <string>

#include "base/log.h"
#include "base/result.h"

namespace herald::adapters {

// Cuts the record off with which the manifest ends, if it is torn, and keeps what it cut beside the manifest. Leaves
// all other damage to RocksDB. kUnavailable: the disk failed. The database must be closed and locked by nobody else.
[[nodiscard]] Status check_manifest(rocksdb::Env& env, const std::string& folder, Log& log);

}  // namespace herald::adapters
