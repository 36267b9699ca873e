#pragma once
// The world of the store's simulation: a machine with a disk, and on it a process that runs the embedded store.

#include <memory>
#include <optional>
#include <string>

#include "adapters/rocksdb/rocksdb_store.h"
#include "base/executor.h"
#include "simulation/disk/background_work.h"
#include "simulation/disk/disk.h"
#include "simulation/disk/disk_faults.h"
#include "simulation/disk/simulated_env.h"
#include "simulation/disk/world_clock.h"

namespace herald::simulation {

class StoreWorld {
 public:
  StoreWorld(Choices& choices, Trace& trace, const Limits& limits);
  ~StoreWorld();

  // Starts the process on what the disk holds. It may die on the way.
  [[nodiscard]] Status open();
  [[nodiscard]] bool is_open() const { return store_ != nullptr; }
  // The process died by itself, in the middle of a change of the disk.
  [[nodiscard]] bool died() const { return process_ && !process_->machine.attached; }
  // From now on the process dies after so many changes of the disk.
  void die_after(std::uint32_t changes) { process_->machine.dies_after = changes; }
  void die_in_next_process(std::uint32_t changes) { next_dies_after_ = changes; }
  void live_on() { process_->machine.dies_after.reset(); }
  // The process that did not open its store died by itself.
  [[nodiscard]] bool died_last() const { return died_last_; }
  // Ends the process at once. What it wrote stays, synced or not.
  void kill();
  // The same, and what was not synced may be lost.
  void cut_power();
  // Ends the process in good order.
  void close();

  // One turn of everything that runs by itself: the store, then the callbacks. False: nothing happened.
  bool turn();
  // Lets time pass until the store has something to do. False: it waits for nothing.
  bool wait();

  [[nodiscard]] adapters::RocksdbStore& store() { return *store_; }
  [[nodiscard]] ManualExecutor& executor() { return executor_; }
  [[nodiscard]] WorldClock& clock() { return clock_; }
  [[nodiscard]] DiskFaults& faults() { return faults_; }
  [[nodiscard]] std::uint64_t struck(DiskFault fault) const { return faults_.struck(fault); }
  [[nodiscard]] BackgroundWork& work() { return work_; }
  [[nodiscard]] Disk& disk() { return disk_; }
  [[nodiscard]] WallTime now() const { return clock_.wall(); }

  // The rows of each column family that has some, as "name: count", read from the disk by other means than the store.
  // The store must be closed.
  [[nodiscard]] Result<std::string> rows_left();

 private:
  // What lives as long as a process. The store goes first.
  struct Process {
    explicit Process(StoreWorld& world)
        : machine{.disk = world.disk_, .faults = world.faults_, .work = world.work_}, env(simulated_env(machine)) {}
    Machine machine;
    std::unique_ptr<rocksdb::Env> env;
  };
  void end_process();

  Choices& choices_;
  const Limits limits_;
  WorldClock clock_;
  DiskFaults faults_;
  BackgroundWork work_;
  Disk disk_;
  SingleThread single_thread_{work_};
  NullLog log_;
  NullMetrics metrics_;
  ManualExecutor executor_;
  std::optional<std::uint32_t> next_dies_after_;
  bool died_last_ = false;
  std::unique_ptr<Process> process_;
  std::unique_ptr<adapters::RocksdbStore> store_;
};

}  // namespace herald::simulation
