// The embedded store through its asynchronous ports: put, the pending deliveries of a message, a scan of what waits for
// a device, and acks, with 1 to 1,024 calls under way at a time. Durable: each put and ack is on disk when it answers.
// The database lies in TMPDIR, or /tmp.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <mutex>
#include <string>

#include "adapters/rocksdb/rocksdb_store.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/time.h"
#include "domain/message_id_source.h"

namespace herald {
namespace {

constexpr WallTime kNow{1'700'000'000'000};

// Answers come from the store's threads; the benchmark's thread waits for them.
class WaitingExecutor final : public Executor {
 public:
  void post(Task task) override {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    ready_.notify_one();
  }
  void post_batch(std::vector<Task> tasks) override {
    const std::lock_guard lock(mutex_);
    for (auto& task : tasks) tasks_.push_back(std::move(task));
    ready_.notify_one();
  }
  // Runs tasks until `left` is 0.
  void run_until_none(const std::size_t& left) {
    std::deque<Task> taken;
    while (left > 0) {
      {
        std::unique_lock lock(mutex_);
        ready_.wait(lock, [this] { return !tasks_.empty(); });
        taken.swap(tasks_);
      }
      for (auto& task : taken) task();
      taken.clear();
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Task> tasks_;
};

class Store {
 public:
  explicit Store(const Limits& limits = {}) : limits_(limits) {
    const char* base = std::getenv("TMPDIR");
    std::string name = std::string(base == nullptr ? "/tmp" : base) + "/herald-store-bench-XXXXXX";
    folder_ = mkdtemp(name.data());
    auto opened = adapters::RocksdbStore::open({.folder = folder_ + "/data"}, limits_, clock_, log_, metrics_);
    if (opened) store_ = std::move(*opened);
  }
  ~Store() {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  [[nodiscard]] bool open() const { return store_ != nullptr; }

  // A promise that counts down, and counts failures.
  template <class T>
  Reply<T> reply() {
    ++left_;
    return Reply<T>(executor_, [this](const T& answer) {
      if (!answer) ++failures_;
      --left_;
    });
  }
  void wait() { executor_.run_until_none(left_); }

  MessageId put() {
    Message message;
    message.id = ids_.next();
    message.app.bytes[0] = 1;
    message.body = R"({"message":")" + std::string(200, 'x') + "\"}";
    message.accepted_at = kNow;
    message.expires_at = kNow + std::chrono::hours(1);
    const MessageId id = message.id;
    store_->put(std::move(message), reply<Result<ports::PutOutcome>>());
    return id;
  }
  void route(const MessageId& id, std::vector<UserAgentId> user_agents, bool last_page = true) {
    store_->add({{id, std::move(user_agents), last_page}}, kNow, reply<Result<ports::AddOutcome>>());
  }
  void ack(const MessageId& id, const UserAgentId& user_agent) {
    record({{id, user_agent, DeliveryState::kAcked, kNow, kNow}});
  }
  void record(std::vector<DeliveryEvent> events) { store_->record(std::move(events), reply<Result<std::uint64_t>>()); }
  void scan(const UserAgentId& user_agent) {
    store_->pending(user_agent, std::nullopt, 32, kNow, reply<Result<ports::PendingPage>>());
  }
  UserAgentId user_agent() {
    UserAgentId id;
    random_.fill(id.bytes);
    return id;
  }

  void report(benchmark::State& state, std::int64_t items) const {
    if (failures_ > 0) state.SkipWithError("the store failed");
    state.SetItemsProcessed(state.iterations() * items);
  }

 private:
  std::string folder_;
  const Limits limits_;
  const SystemClock clock_;
  NullLog log_;
  NullMetrics metrics_;
  SeededRandom random_{7};
  MessageIdSource ids_{clock_, random_};
  WaitingExecutor executor_;
  std::size_t left_ = 0;
  std::size_t failures_ = 0;
  std::unique_ptr<adapters::RocksdbStore> store_;
};

#define HERALD_STORE_BENCH(name)                                                                       \
  BENCHMARK(name)->Arg(1)->Arg(16)->Arg(128)->Arg(1024)->UseRealTime()->MeasureProcessCPUTime()->Unit( \
      benchmark::kMicrosecond)

void store_put(benchmark::State& state) {
  Store store;
  if (!store.open()) return state.SkipWithError("the store does not open");
  for (auto _ : state) {
    for (std::int64_t i = 0; i < state.range(0); ++i) store.put();
    store.wait();
  }
  store.report(state, state.range(0));
}
HERALD_STORE_BENCH(store_put);

void store_put_route_ack(benchmark::State& state) {
  Store store;
  if (!store.open()) return state.SkipWithError("the store does not open");
  std::vector<std::pair<MessageId, UserAgentId>> batch;
  for (auto _ : state) {
    batch.clear();
    for (std::int64_t i = 0; i < state.range(0); ++i) batch.emplace_back(store.put(), store.user_agent());
    store.wait();
    for (const auto& [id, user_agent] : batch) store.route(id, {user_agent});
    store.wait();
    for (const auto& [id, user_agent] : batch) store.ack(id, user_agent);
    store.wait();
  }
  store.report(state, state.range(0));
}
HERALD_STORE_BENCH(store_put_route_ack);

// One message to 10,000 devices, routed page by page in the order of their ids and acked in that order; per delivery.
void store_broadcast(benchmark::State& state) {
  constexpr std::size_t kDevices = 10'000;
  const auto page = static_cast<std::size_t>(state.range(0));
  Store store;
  if (!store.open()) return state.SkipWithError("the store does not open");
  std::vector<UserAgentId> devices;
  while (devices.size() < kDevices) devices.push_back(store.user_agent());
  std::ranges::sort(devices);
  for (auto _ : state) {
    const MessageId id = store.put();
    store.wait();
    for (std::size_t from = 0; from < kDevices; from += page) {
      const std::size_t to = std::min(from + page, kDevices);
      store.route(
          id, {devices.begin() + static_cast<std::ptrdiff_t>(from), devices.begin() + static_cast<std::ptrdiff_t>(to)},
          to == kDevices);
      store.wait();
    }
    for (std::size_t from = 0; from < kDevices; from += page) {
      for (std::size_t i = from; i < std::min(from + page, kDevices); ++i) store.ack(id, devices[i]);
      store.wait();
    }
  }
  store.report(state, kDevices);
}
BENCHMARK(store_broadcast)->Arg(1024)->UseRealTime()->MeasureProcessCPUTime()->Unit(benchmark::kMicrosecond);

// Devices that come back, 128 at a time, to ten messages each that have waited for long: a scan, then their acks.
// 50,000 devices wait; per message.
void store_come_back(benchmark::State& state) {
  constexpr std::size_t kDevices = 50'000;
  constexpr std::size_t kMessages = 10;
  constexpr std::size_t kAtOnce = 128;
  constexpr std::size_t kRoutedAtOnce = 1'000;
  Store store({.young_ms = 0});
  if (!store.open()) return state.SkipWithError("the store does not open");
  std::vector<UserAgentId> devices;
  while (devices.size() < kDevices) devices.push_back(store.user_agent());
  std::vector<std::vector<MessageId>> waiting(kDevices);
  for (std::size_t n = 0; n < kDevices * kMessages; n += kRoutedAtOnce) {
    for (std::size_t i = n; i < n + kRoutedAtOnce; ++i) waiting[i % kDevices].push_back(store.put());
    store.wait();
    for (std::size_t i = n; i < n + kRoutedAtOnce; ++i)
      store.route(waiting[i % kDevices].back(), {devices[i % kDevices]});
    store.wait();
  }
  std::size_t next = 0;
  for (auto _ : state) {
    const std::size_t end = next + kAtOnce;
    if (end > kDevices) return state.SkipWithError("all devices have come");
    for (std::size_t i = next; i < end; ++i) store.scan(devices[i]);
    store.wait();
    std::vector<DeliveryEvent> acks;
    for (; next < end; ++next) {
      for (const auto& id : waiting[next]) acks.push_back({id, devices[next], DeliveryState::kAcked, kNow, kNow});
    }
    store.record(std::move(acks));
    store.wait();
  }
  store.report(state, kAtOnce * kMessages);
}
BENCHMARK(store_come_back)->Iterations(380)->UseRealTime()->MeasureProcessCPUTime()->Unit(benchmark::kMicrosecond);

void store_scan_ten_pending(benchmark::State& state) {
  constexpr int kDevices = 1000;
  Store store;
  if (!store.open()) return state.SkipWithError("the store does not open");
  std::vector<UserAgentId> devices;
  for (int i = 0; i < kDevices; ++i) devices.push_back(store.user_agent());
  for (int round = 0; round < 10; ++round) {
    std::vector<MessageId> ids;
    for (int i = 0; i < kDevices; ++i) ids.push_back(store.put());
    store.wait();
    for (int i = 0; i < kDevices; ++i)
      store.route(ids[static_cast<std::size_t>(i)], {devices[static_cast<std::size_t>(i)]});
    store.wait();
  }
  std::size_t next = 0;
  for (auto _ : state) {
    for (std::int64_t i = 0; i < state.range(0); ++i) store.scan(devices[next++ % kDevices]);
    store.wait();
  }
  store.report(state, state.range(0));
}
HERALD_STORE_BENCH(store_scan_ten_pending);

}  // namespace
}  // namespace herald
