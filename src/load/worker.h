#pragma once
// One loop of the load generator on a thread of its own, with a descriptor table of its own if there are several.

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "load/device_pool.h"
#include "load/echo_traffic.h"
#include "load/puller.h"
#include "load/sender_pool.h"
#include "load/traffic.h"

namespace herald::load {

// What lives on the loop's thread.
struct WorkerParts {
  Site& site;
  DevicePool devices;
  SenderPool senders;
  Traffic traffic;
  EchoTraffic echo;
  std::unique_ptr<Puller> puller;  // sleepers only

  WorkerParts(Site& shared, std::size_t connections, std::vector<const Counters*> all)
      : site(shared),
        devices(shared),
        senders(shared, connections),
        traffic(shared, senders, std::move(all)),
        echo(shared, devices) {}
};

class Worker {
 public:
  Worker(const Run& run, std::size_t number) : run_(run), number_(number) {}
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Starts the thread; `all` are the counters of every worker. Answers once it serves, or why it can't.
  [[nodiscard]] Status start(std::vector<const Counters*> all);
  // Has the thread run `task` and returns when it has. Any thread but the worker's.
  void call(std::function<void(WorkerParts&)> task);

  [[nodiscard]] const Counters& counters() const { return counters_; }
  // Only inside call(), or after the last one.
  [[nodiscard]] Recorder& recorder() { return recorder_; }

 private:
  void run(std::vector<const Counters*> all);
  [[nodiscard]] Status serve(std::vector<const Counters*> all);
  void take_calls(WorkerParts& parts);

  const Run& run_;
  const std::size_t number_;
  Counters counters_;
  Recorder recorder_;
  std::promise<Status> started_;
  std::thread thread_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> called_{false};
  std::mutex mutex_;
  std::vector<std::packaged_task<void(WorkerParts&)>> calls_;
};

}  // namespace herald::load
