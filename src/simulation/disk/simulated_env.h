#pragma once
// RocksDB's Env on a simulated disk: its files, its time and its background work.

#include <rocksdb/env.h>

#include <cstdint>
#include <memory>
#include <optional>

#include "simulation/disk/background_work.h"
#include "simulation/disk/disk.h"
#include "simulation/disk/disk_faults.h"

namespace herald::simulation {

// The machine as one process sees it. When the process is killed, it is detached from the disk: what its destructors
// still write goes nowhere.
struct Machine {
  Disk& disk;
  DiskFaults& faults;
  BackgroundWork& work;
  bool attached = true;
  // Changes of the disk until the process dies in the middle of what it does; empty: it does not.
  std::optional<std::uint32_t> dies_after = std::nullopt;

  void detach() { attached = false; }
  // Called before each change of the disk. False: the process is dead, and the change goes nowhere.
  [[nodiscard]] bool may_change() {
    if (attached && dies_after && (*dies_after)-- == 0) detach();
    return attached;
  }
};

// An Env for one process on `machine`, which must outlive it.
[[nodiscard]] std::unique_ptr<rocksdb::Env> simulated_env(Machine& machine);

// RocksDB draws the heights of its skip lists from a generator of the thread. Starts it over, since a height decides
// how much memory a row takes, and so when a memtable is full.
void restart_rocksdb_random();

}  // namespace herald::simulation
