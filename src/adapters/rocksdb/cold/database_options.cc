#include "adapters/rocksdb/cold/database_options.h"

#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>

#include <array>

namespace herald::adapters {

namespace {

constexpr std::size_t kMiB = 1024 * 1024;

// How the rows of a family are found, and in which order they come.
enum class Use : std::uint8_t {
  kByKey,        // by the whole key; in no order
  kByPrefix,     // by the first bytes; often in the order of the keys, as in a broadcast
  kByKeyInTime,  // by the whole key; in the order of the keys
  kOnlyByScans,  // by a walk from the front; in the order of the keys
};

struct FamilyShape {
  const char* name;
  Use use;
  std::size_t prefix_bytes = 0;
};

// In the order of Family.
constexpr std::array<FamilyShape, kFamilies> kShapes{{{"default", Use::kByKey},
                                                      {"messages", Use::kByKeyInTime},
                                                      {"receipts", Use::kByKeyInTime},
                                                      {"deliveries", Use::kByPrefix, 16},
                                                      {"pending", Use::kByPrefix, 16},
                                                      {"unrouted", Use::kOnlyByScans},
                                                      {"replace", Use::kByKey},
                                                      {"ends", Use::kOnlyByScans},
                                                      {"apps", Use::kByKey},
                                                      {"app_nodes", Use::kByPrefix, 32},
                                                      {"node_apps", Use::kByPrefix, 16},
                                                      {"nodes", Use::kByKey},
                                                      {"sleepers", Use::kOnlyByScans},
                                                      {"receipt_messages", Use::kByPrefix, 16}}};

// Rows that come in the order of their keys are put beside the last one, without a walk. One hint for each first byte:
// a kind of row, or the century of a message id.
constexpr std::size_t kHintBytes = 1;

[[nodiscard]] rocksdb::ColumnFamilyOptions family_options(const FamilyShape& shape, std::size_t memtable_bytes,
                                                          const rocksdb::BlockBasedTableOptions& table) {
  rocksdb::ColumnFamilyOptions options;
  options.compression = rocksdb::kNoCompression;
  options.write_buffer_size = memtable_bytes;
  options.max_write_buffer_number = 3;
  // Most look-ups of a new key find nothing; the memtable's own filter spares them a walk.
  options.memtable_whole_key_filtering = shape.use == Use::kByKey || shape.use == Use::kByKeyInTime;
  options.memtable_prefix_bloom_size_ratio = shape.use == Use::kOnlyByScans ? 0 : 0.05;
  if (shape.use != Use::kByKey) {
    options.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(kHintBytes));
  }
  if (shape.prefix_bytes != 0) options.prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(shape.prefix_bytes));
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace

rocksdb::DBOptions database_options(rocksdb::Env* env, std::shared_ptr<rocksdb::Logger> log,
                                    std::shared_ptr<rocksdb::EventListener> listener) {
  rocksdb::DBOptions options;
  options.info_log = std::move(log);
  options.listeners.push_back(std::move(listener));
  if (env != nullptr) options.env = env;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.paranoid_checks = true;
  // A record cut short at the end of the log is what a kill or a power cut leaves: it was never acknowledged, so it is
  // dropped. All other damage check_log() has dealt with before; point-in-time recovery would silently forget what it
  // has not.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  // There is one writer.
  options.enable_pipelined_write = false;
  options.allow_concurrent_memtable_write = false;
  // Bounds the memtables of all families together, and with the log what a restart replays.
  options.db_write_buffer_size = 128 * kMiB;
  options.max_total_wal_size = 256 * kMiB;
  options.max_open_files = 512;
  options.max_background_jobs = 2;
  options.avoid_unnecessary_blocking_io = true;
  options.bytes_per_sync = kMiB;
  options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  // After a failure Database opens the files again; nothing else tries.
  options.max_bgerror_resume_count = 0;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  return options;
}

std::string_view family_name(Family family) {
  return kShapes[static_cast<std::size_t>(family)].name;
}

std::vector<rocksdb::ColumnFamilyDescriptor> family_descriptors(std::size_t memtable_bytes) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(256 * kMiB);
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.cache_index_and_filter_blocks = false;
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const auto& shape : kShapes) descriptors.emplace_back(shape.name, family_options(shape, memtable_bytes, table));
  return descriptors;
}

}  // namespace herald::adapters
