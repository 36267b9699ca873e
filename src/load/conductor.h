#pragma once
// Plays the scenarios: tells the loops what to do next, watches their counters and the server's process meanwhile.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "load/load_run.h"
#include "load/process_probe.h"
#include "load/summary.h"
#include "load/worker.h"

namespace herald::load {

class Conductor {
 public:
  // `server_pid`: 0 unknown.
  Conductor(const Run& run, std::int64_t server_pid, OnProgress on_progress);

  // Starts the loops. The rest needs it.
  [[nodiscard]] Status start();
  // Plays the plan's scenario, waits for what is owed, and fills in everything but receipts and server metrics.
  [[nodiscard]] Result<Summary> play();
  // The origin that senders post to, once play() has begun to.
  [[nodiscard]] const std::string& post_origin() const { return post_origin_; }
  // Paths of receipts whose messages nothing but acks can have ended.
  [[nodiscard]] std::vector<std::string> receipt_samples();

 private:
  using Condition = std::function<bool()>;
  using Read = Count Counters::*;

  Status play_traffic();
  Status play_idle();
  Status play_return();
  Status play_mixed();

  Status bring_all();
  Status bring_up_to(std::uint64_t devices);
  // Connects the senders, once it is known where to: what a sender is told is the URL of its app.
  Status open_senders();
  void weigh(std::uint64_t devices_before);
  void begin_measuring();
  void order_traffic(TrafficOrder order);
  void order_echo(MonoTime end);
  void wait_until_posted();
  void wait_until_arrived();
  void live_a_little();
  [[nodiscard]] MonoTime end_of_traffic() const;

  void each(const std::function<void(WorkerParts&)>& task);
  // Watches until `done`; false once `most` has passed, or `grace_s` without any change of the counters if it is 0.
  bool watch_until(std::chrono::nanoseconds most, const Condition& done);
  void watch();
  [[nodiscard]] std::uint64_t sum(Read counter) const;
  [[nodiscard]] std::uint64_t activity() const;
  [[nodiscard]] std::optional<ProcessCost> server_cost() const;
  void sum_up();

  const Run& run_;
  const std::int64_t server_pid_;
  const OnProgress on_progress_;
  std::vector<std::unique_ptr<Worker>> workers_;
  Summary summary_;

  std::string post_origin_;
  std::string phase_;
  MonoTime last_sample_;
  MonoTime last_progress_;
  std::uint64_t last_progress_count_ = 0;

  MonoTime started_;   // of the measuring
  MonoTime returned_;  // when the last device was back
  std::uint64_t registered_before_ = 0;
  std::optional<ProcessCost> server_before_;
  double bench_cpu_before_ = 0;
  std::optional<ProcessCost> weighed_;
  std::int64_t kernel_weighed_ = 0;
};

}  // namespace herald::load
