#include "load/worker.h"

#include <sched.h>

#include <cerrno>
#include <cstring>

namespace herald::load {

namespace {

// How long a loop without events waits before it looks for calls.
constexpr std::chrono::milliseconds kLookForCallsEvery{20};

}  // namespace

Worker::~Worker() {
  stopping_.store(true);
  if (thread_.joinable()) thread_.join();
}

Status Worker::start(std::vector<const Counters*> all) {
  auto answer = started_.get_future();
  thread_ = std::thread([this, all = std::move(all)] { run(all); });
  return answer.get();
}

void Worker::call(std::function<void(WorkerParts&)> task) {
  std::packaged_task<void(WorkerParts&)> packaged(std::move(task));
  auto finished = packaged.get_future();
  {
    const std::lock_guard lock(mutex_);
    calls_.push_back(std::move(packaged));
  }
  called_.store(true);
  finished.wait();
}

void Worker::take_calls(WorkerParts& parts) {
  if (!called_.exchange(false)) return;
  std::vector<std::packaged_task<void(WorkerParts&)>> calls;
  {
    const std::lock_guard lock(mutex_);
    calls.swap(calls_);
  }
  for (auto& task : calls) task(parts);
}

void Worker::run(std::vector<const Counters*> all) {
  // From here on this thread sees no descriptor that others open, and they none of its own.
  if (run_.plan.loops > 1 && unshare(CLONE_FILES) != 0) {
    return started_.set_value(
        fail(ErrorKind::kUnavailable, std::string("a loop can't have its own descriptors: ") + std::strerror(errno)));
  }
  if (auto status = serve(std::move(all)); !status) started_.set_value(std::move(status));
}

Status Worker::serve(std::vector<const Counters*> all) {
  auto links = LinkMaker::create(run_.target, run_.plan);
  if (!links) return std::unexpected(links.error());
  transport::EventLoop loop(run_.clock);
  Site site{run_,
            number_,
            loop,
            **links,
            counters_,
            recorder_,
            std::minstd_rand(static_cast<std::minstd_rand::result_type>(run_.plan.run + number_ + 1))};
  const Plan& plan = run_.plan;
  const bool posts = plan.scenario != Scenario::kEcho;
  const std::size_t connections = posts ? (plan.senders - number_ - 1) / plan.loops + 1 : 0;
  WorkerParts parts(site, connections, std::move(all));
  if (plan.scenario == Scenario::kSleepers) {
    auto puller = Puller::create(site, parts.devices);
    if (!puller) return std::unexpected(puller.error());
    parts.puller = std::move(*puller);
    parts.devices.sleep_at([&parts](std::uint32_t place) { return parts.puller->interface(place); });
  }
  started_.set_value({});
  while (!stopping_.load(std::memory_order_relaxed)) {
    loop.run_once(kLookForCallsEvery);
    take_calls(parts);
    parts.traffic.pump();
    parts.echo.pump();
  }
  return {};
}

}  // namespace herald::load
