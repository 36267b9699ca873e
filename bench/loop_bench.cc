// The in-process queue and the event loop's timers.

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "adapters/in_process_queue/in_process_queue.h"
#include "base/executor.h"
#include "base/time.h"
#include "transport/event_loop.h"

namespace herald {
namespace {

void queue_batch(benchmark::State& state) {
  const auto batch = static_cast<std::size_t>(state.range(0));
  ManualExecutor executor;
  adapters::InProcessQueue queue(100'000);
  std::size_t received = 0;
  const auto subscription = queue.subscribe("WS1", 4096, executor, [&received](ports::QueueBatch arrived) {
    received += arrived.bodies.size();
    arrived.done();
  });
  for (auto _ : state) {
    queue.publish("WS1", std::vector<std::string>(batch, std::string(61, 'e')), Reply<Status>(executor, [](Status) {}));
    executor.run();
  }
  if (received != static_cast<std::size_t>(state.iterations()) * batch) state.SkipWithError("bodies are missing");
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(queue_batch)->Arg(1)->Arg(16)->Arg(256);

void timer_add_and_cancel(benchmark::State& state) {
  const SystemClock clock;
  transport::EventLoop loop(clock);
  // The others that a server with so many connections has.
  for (std::int64_t i = 0; i < state.range(0); ++i) loop.run_after(std::chrono::seconds(40 + i % 30), [] {});
  for (auto _ : state) loop.cancel(loop.run_after(std::chrono::seconds(40), [] {}));
}
BENCHMARK(timer_add_and_cancel)->Arg(0)->Arg(100'000);

void loop_round_with_a_task(benchmark::State& state) {
  const SystemClock clock;
  transport::EventLoop loop(clock);
  std::size_t ran = 0;
  for (auto _ : state) {
    loop.post([&ran] { ++ran; });
    loop.run_once(std::chrono::milliseconds(0));
  }
  benchmark::DoNotOptimize(ran);
}
BENCHMARK(loop_round_with_a_task);

}  // namespace
}  // namespace herald
