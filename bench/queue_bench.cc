// Envelopes through a real broker, from publish to settled, and what each costs in processor time on either side. Run
// it beside one:  tests/support/broker.py artemis -- build/release/bench/queue_bench
#include <benchmark/benchmark.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <sstream>
#include <thread>

#include "adapters/amqp/amqp_queue.h"
#include "base/executor.h"

namespace {

using namespace herald;

constexpr std::size_t kCredit = 1'024;
constexpr std::size_t kEnvelopeBytes = 100;  // a delivery to one or two devices

// A role's loop: one thread that runs what is posted.
class Loop final : public Executor {
 public:
  ~Loop() override {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    filled_.notify_one();
    thread_.join();
  }
  void post(Task task) override {
    bool was_empty = false;
    {
      const std::lock_guard lock(mutex_);
      was_empty = tasks_.empty();
      tasks_.push_back(std::move(task));
    }
    if (was_empty) filled_.notify_one();
  }
  void post_batch(std::vector<Task> tasks) override {
    for (auto& task : tasks) post(std::move(task));
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      filled_.wait(lock, [this] { return over_ || !tasks_.empty(); });
      if (over_) return;
      std::vector<Task> tasks = std::exchange(tasks_, {});
      lock.unlock();
      for (auto& task : tasks) task();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable filled_;
  std::vector<Task> tasks_;
  bool over_ = false;
  std::thread thread_{[this] { run(); }};
};

double own_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double broker_seconds() {
  std::ifstream file("/proc/" + std::string(std::getenv("HERALD_TEST_BROKER_PID")) + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  std::istringstream fields(text.substr(text.rfind(')') + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

// `range(0)` envelopes in each publish(), `range(1)` of those calls under way at a time.
void publish_and_settle(benchmark::State& state) {
  const char* ports = std::getenv("HERALD_TEST_BROKER_PORTS");
  if (ports == nullptr) return state.SkipWithError("run it by tests/support/broker.py KIND -- PROGRAM");
  SystemClock clock;
  SystemRandom random;
  NullLog log;
  NullMetrics metrics;
  adapters::AmqpConfig config;
  config.brokers = {{.host = "127.0.0.1", .port = static_cast<std::uint16_t>(std::atoi(ports)), .tls = false}};
  config.name = "bench";
  config.limits.queue_patience_ms = 60'000;
  Loop producer;
  Loop consumer;
  adapters::AmqpQueue queue(config, clock, random, log, metrics);
  std::atomic<std::size_t> settled = 0;
  std::atomic<std::size_t> answered = 0;
  std::atomic<std::size_t> refused = 0;
  auto subscription = queue.subscribe("bench", kCredit, consumer, [&](ports::QueueBatch batch) {
    settled += batch.bodies.size();
    batch.done();
    settled.notify_one();
  });
  const auto per_call = static_cast<std::size_t>(state.range(0));
  const auto calls = static_cast<std::size_t>(state.range(1));
  std::size_t published = 0;
  const double own_before = own_seconds();
  const double broker_before = broker_seconds();
  for (auto _ : state) {
    const std::size_t answers = answered + calls;
    for (std::size_t i = 0; i < calls; ++i) {
      queue.publish("bench", std::vector<std::string>(per_call, std::string(kEnvelopeBytes, 'x')),
                    Reply<Status>(producer, [&](Status status) {
                      refused += status ? 0 : 1;
                      ++answered;
                      answered.notify_one();
                    }));
    }
    published += calls * per_call;
    for (std::size_t now = answered; now < answers; now = answered) answered.wait(now);
  }
  for (std::size_t now = settled; now < published && refused == 0; now = settled) settled.wait(now);
  if (refused > 0) state.SkipWithError("refused");
  const auto count = static_cast<double>(published);
  state.SetItemsProcessed(static_cast<std::int64_t>(published));
  state.counters["herald_us"] = (own_seconds() - own_before) * 1e6 / count;
  state.counters["broker_us"] = (broker_seconds() - broker_before) * 1e6 / count;
  std::atomic<bool> ended = false;
  consumer.post([&] {
    subscription.reset();
    ended = true;
    ended.notify_one();
  });
  ended.wait(false);
}
// The first warms the broker up.
BENCHMARK(publish_and_settle)
    ->Args({1, 256})
    ->Args({1, 1})
    ->Args({1, 16})
    ->Args({1, 256})
    ->Args({16, 16})
    ->Args({64, 16})
    ->MinTime(5.0)
    ->UseRealTime();

}  // namespace
