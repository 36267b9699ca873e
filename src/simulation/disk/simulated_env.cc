#include "simulation/disk/simulated_env.h"

#include <rocksdb/system_clock.h>

#include "simulation/disk/simulated_files.h"

namespace rocksdb {
// As in RocksDB's util/random.h, which is not installed: the generator is one word.
class Random {
 public:
  static Random* GetTLSInstance();
  std::uint32_t seed;
};
}  // namespace rocksdb

namespace herald::simulation {

namespace {

class EnvClock final : public rocksdb::SystemClock {
 public:
  explicit EnvClock(WorldClock& clock) : clock_(clock) {}
  [[nodiscard]] const char* Name() const override { return "SimulatedClock"; }
  uint64_t NowMicros() override { return kEpochMicros + static_cast<uint64_t>(clock_.mono().ns) / 1000; }
  void SleepForMicroseconds(int micros) override { clock_.advance(std::chrono::microseconds(micros)); }
  rocksdb::Status GetCurrentTime(int64_t* unix_time) override {
    *unix_time = static_cast<int64_t>(NowMicros() / 1'000'000);
    return rocksdb::Status::OK();
  }
  std::string TimeToString(uint64_t time) override { return std::to_string(time); }

 private:
  static constexpr uint64_t kEpochMicros = 1'700'000'000'000'000;
  WorldClock& clock_;
};

class SimulatedEnv final : public rocksdb::EnvWrapper {
 public:
  explicit SimulatedEnv(Machine& machine)
      : rocksdb::EnvWrapper(rocksdb::NewCompositeEnv(simulated_files(machine))), machine_(machine) {
    file_system_ = target()->GetFileSystem();
    system_clock_ = std::make_shared<EnvClock>(machine.faults.clock());
  }
  [[nodiscard]] const char* Name() const override { return "SimulatedEnv"; }

  void Schedule(void (*run)(void*), void* argument, Priority priority, void* tag, void (*unschedule)(void*)) override {
    machine_.work.add({.run = run, .argument = argument, .tag = tag, .unschedule = unschedule, .priority = priority});
  }
  int UnSchedule(void* tag, Priority priority) override { return machine_.work.take_back(tag, priority); }
  [[nodiscard]] unsigned int GetThreadPoolQueueLen(Priority priority) const override {
    return static_cast<unsigned int>(machine_.work.waiting(priority));
  }
  void SetBackgroundThreads(int /*number*/, Priority /*priority*/) override {}
  int GetBackgroundThreads(Priority /*priority*/) override { return 1; }
  void IncBackgroundThreadsIfNeeded(int /*number*/, Priority /*priority*/) override {}
  int ReserveThreads(int /*wanted*/, Priority /*priority*/) override { return 0; }
  int ReleaseThreads(int /*count*/, Priority /*priority*/) override { return 0; }
  void WaitForJoin() override {}
  rocksdb::ThreadStatusUpdater* GetThreadStatusUpdater() const override { return nullptr; }

  uint64_t NowMicros() override { return system_clock_->NowMicros(); }
  uint64_t NowNanos() override { return system_clock_->NowNanos(); }
  uint64_t NowCPUNanos() override { return 0; }
  void SleepForMicroseconds(int micros) override { system_clock_->SleepForMicroseconds(micros); }
  rocksdb::Status GetCurrentTime(int64_t* unix_time) override { return system_clock_->GetCurrentTime(unix_time); }

 private:
  Machine& machine_;
};

}  // namespace

std::unique_ptr<rocksdb::Env> simulated_env(Machine& machine) {
  return std::make_unique<SimulatedEnv>(machine);
}

void restart_rocksdb_random() {
  rocksdb::Random::GetTLSInstance()->seed = 301;
}

}  // namespace herald::simulation
