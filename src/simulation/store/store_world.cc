#include "simulation/store/store_world.h"

#include <rocksdb/db.h>

#include <utility>

#include "base/check.h"

namespace herald::simulation {

namespace {

// Exists on every machine; nothing is ever written to it outside the simulated disk.
constexpr const char* kFolder = "/tmp";

// Small, so that a short run flushes and compacts.
constexpr std::size_t kMemtableBytes = 64 * 1024;

[[nodiscard]] Result<std::unique_ptr<adapters::RocksdbStore>> open_store(rocksdb::Env& env, const Limits& limits,
                                                                         const Clock& clock, Log& log,
                                                                         Metrics& metrics) {
  return adapters::RocksdbStore::open(
      {.folder = kFolder, .threads = false, .memtable_bytes = kMemtableBytes, .env = &env}, limits, clock, log,
      metrics);
}

// A disk with an empty database, made once: to make one takes longer than to open it.
[[nodiscard]] const Disk& empty_database() {
  static const Disk disk = [] {
    auto choices = Choices::from_record({});
    Trace trace;
    WorldClock clock;
    Disk made;
    made.make_directory(kFolder);
    DiskFaults faults(choices, trace, clock);
    BackgroundWork work;
    const SingleThread single(work);
    Machine machine{.disk = made, .faults = faults, .work = work};
    const auto env = simulated_env(machine);
    NullLog log;
    NullMetrics metrics;
    const auto store = open_store(*env, {}, clock, log, metrics);
    HERALD_CHECK(store.has_value(), store.has_value() ? "" : store.error().message.c_str());
    return made;
  }();
  return disk;
}

[[nodiscard]] std::size_t count_rows(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family) {
  rocksdb::ReadOptions options;
  options.total_order_seek = true;
  const std::unique_ptr<rocksdb::Iterator> it(db.NewIterator(options, family));
  std::size_t rows = 0;
  for (it->SeekToFirst(); it->Valid(); it->Next()) ++rows;
  return rows;
}

}  // namespace

StoreWorld::StoreWorld(Choices& choices, Trace& trace, const Limits& limits)
    : choices_(choices), limits_(limits), faults_(choices, trace, clock_), disk_(empty_database().copy()) {
  restart_rocksdb_random();
}

StoreWorld::~StoreWorld() {
  if (process_) kill();
}

Status StoreWorld::open() {
  process_ = std::make_unique<Process>(*this);
  process_->machine.dies_after = std::exchange(next_dies_after_, std::nullopt);
  auto opened = open_store(*process_->env, limits_, clock_, log_, metrics_);
  died_last_ = died();
  if (opened) store_ = std::move(*opened);
  if (store_ && !died_last_) return {};
  end_process();
  if (died_last_) return fail(ErrorKind::kUnavailable, "the process died while it started");
  return std::unexpected(opened.error());
}

// Answers that the process gives while it dies reach nobody.
void StoreWorld::end_process() {
  process_->machine.detach();
  store_.reset();
  process_.reset();
  executor_ = ManualExecutor();
  HERALD_CHECK(work_.waiting() == 0, "background work outlived its process");
}

void StoreWorld::kill() {
  end_process();
}

void StoreWorld::cut_power() {
  end_process();
  disk_.cut_power(choices_);
}

void StoreWorld::close() {
  store_.reset();
  end_process();
}

bool StoreWorld::turn() {
  const bool stepped = store_->step();
  // What a process says after its death reaches nobody.
  if (died()) return true;
  return executor_.run() > 0 || stepped;
}

bool StoreWorld::wait() {
  const auto due = store_->next_step();
  if (!due) return false;
  if (*due > clock_.mono()) {
    clock_.advance(std::chrono::ceil<std::chrono::microseconds>(*due - clock_.mono()));
  }
  return true;
}

Result<std::string> StoreWorld::rows_left() {
  Machine machine{.disk = disk_, .faults = faults_, .work = work_};
  const auto env = simulated_env(machine);
  rocksdb::DBOptions options;
  options.env = env.get();
  options.track_and_verify_wals_in_manifest = true;  // as the store does: RocksDB asserts otherwise
  std::vector<std::string> names;
  auto status = rocksdb::DB::ListColumnFamilies(options, kFolder, &names);
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const auto& name : names) families.emplace_back(name, rocksdb::ColumnFamilyOptions());
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  if (status.ok()) status = rocksdb::DB::OpenForReadOnly(options, kFolder, families, &handles, &opened);
  if (!status.ok()) return fail(ErrorKind::kUnavailable, status.ToString());
  const std::unique_ptr<rocksdb::DB> db(opened);
  std::string found;
  for (auto* handle : handles) {
    if (const auto rows = count_rows(*db, handle); rows > 0) {
      found += (found.empty() ? "" : ", ") + handle->GetName() + ": " + std::to_string(rows);
    }
    db->DestroyColumnFamilyHandle(handle);
  }
  return found;
}

}  // namespace herald::simulation
