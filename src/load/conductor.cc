#include "load/conductor.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "transport/client.h"

namespace herald::load {

using namespace std::chrono_literals;

namespace {

constexpr auto kWatchEvery = 10ms;
constexpr auto kSampleEvery = 250ms;
constexpr auto kProgressEvery = 200ms;
constexpr auto kLiveEvery = 100ms;
// Time for a server to notice that devices left.
constexpr auto kNoticeLeaving = 500ms;
// Setting up may take this long, and a second more for each so many devices.
constexpr auto kSetUpMost = 30s;
constexpr std::uint64_t kSetUpDevicesPerS = 500;
// Devices that an idle run brings first, so that what the server makes once is not counted per device.
constexpr std::uint64_t kWarmUpMost = 100;
// Of a thousand devices, in a step of a mixed run: leave, come back; and of a thousand arrivals: lost acks.
constexpr unsigned kLeavePerMille = 5;
constexpr unsigned kReturnPerMille = 100;
constexpr unsigned kLostAckPerMille = 10;

double seconds_of(std::chrono::nanoseconds span) {
  return std::chrono::duration<double>(span).count();
}
double ms_of(std::int64_t ns) {
  return static_cast<double>(ns) / 1e6;
}

Percentiles percentiles_of(const LatencyHistogram& latencies) {
  return {ms_of(latencies.percentile_ns(50)), ms_of(latencies.percentile_ns(90)), ms_of(latencies.percentile_ns(99)),
          ms_of(latencies.percentile_ns(99.9)), ms_of(latencies.max_ns())};
}

}  // namespace

Conductor::Conductor(const Run& run, std::int64_t server_pid, OnProgress on_progress)
    : run_(run), server_pid_(server_pid), on_progress_(std::move(on_progress)) {
  for (std::size_t i = 0; i < run.plan.loops; ++i) workers_.push_back(std::make_unique<Worker>(run, i));
}

Status Conductor::start() {
  std::vector<const Counters*> all;
  for (const auto& worker : workers_) all.push_back(&worker->counters());
  for (const auto& worker : workers_) {
    if (auto status = worker->start(all); !status) return status;
  }
  return {};
}

Result<Summary> Conductor::play() {
  Status status;
  switch (run_.plan.scenario) {
    case Scenario::kIdle:
      status = play_idle();
      break;
    case Scenario::kStorm:
    case Scenario::kBacklog:
      status = play_return();
      break;
    case Scenario::kMixed:
      status = play_mixed();
      break;
    default:
      status = play_traffic();
  }
  if (!status) return std::unexpected(status.error());
  sum_up();
  return summary_;
}

Status Conductor::play_traffic() {
  const Plan& plan = run_.plan;
  const bool devices = plan.scenario != Scenario::kPost;
  if (auto status = devices ? bring_all() : open_senders(); !status) return status;
  phase_ = "measuring";
  begin_measuring();
  const MonoTime end = end_of_traffic();
  if (plan.scenario == Scenario::kEcho) {
    order_echo(end);
  } else {
    const bool rounds = plan.scenario == Scenario::kBroadcast || plan.scenario == Scenario::kFanout;
    const std::uint64_t window = plan.scenario == Scenario::kPost ? 0 : rounds ? plan.devices : plan.in_flight;
    order_traffic({.rate = plan.rate, .end = end, .in_flight = window});
  }
  watch_until(end - started_, [] { return false; });
  wait_until_posted();
  // Such devices come back without end, and nothing of theirs ever arrives.
  if (plan.scenario == Scenario::kEcho && sum(&Counters::firsts) == 0 && sum(&Counters::disconnects) > 0) {
    return fail(
        ErrorKind::kUnavailable,
        plan.target + " ended the connections instead of sending back what came; echo is for a WebSocket echo server");
  }
  wait_until_arrived();
  return {};
}

Status Conductor::play_idle() {
  const Plan& plan = run_.plan;
  const std::uint64_t warm_up = std::min(kWarmUpMost, plan.devices / 10);
  if (auto status = bring_up_to(warm_up); !status) return status;
  weighed_ = server_cost();
  kernel_weighed_ = kernel_bytes();
  if (auto status = bring_up_to(plan.devices); !status) return status;
  weigh(warm_up);
  if (auto status = open_senders(); !status) return status;
  phase_ = "holding";
  watch_until(std::chrono::nanoseconds(static_cast<std::int64_t>(plan.seconds * 1e9)), [] { return false; });
  weigh(warm_up);
  phase_ = "one notification to each";
  begin_measuring();
  each([&plan](WorkerParts& parts) {
    parts.traffic.start({.count = apps_of_loop(plan.apps, parts.site.number, plan.loops), .in_flight = plan.in_flight});
  });
  wait_until_posted();
  wait_until_arrived();
  return {};
}

Status Conductor::play_return() {
  const Plan& plan = run_.plan;
  if (auto status = bring_all(); !status) return status;
  phase_ = "leaving";
  each([](WorkerParts& parts) {
    for (std::uint32_t place = 0; place < parts.devices.size(); ++place) parts.devices.leave(place, true);
  });
  watch_until(kNoticeLeaving, [] { return false; });
  phase_ = "posting";
  each([&plan](WorkerParts& parts) {
    parts.traffic.start({.count = apps_of_loop(plan.apps, parts.site.number, plan.loops) * plan.messages});
  });
  wait_until_posted();
  phase_ = "coming back";
  registered_before_ = sum(&Counters::registered);
  begin_measuring();
  each([](WorkerParts& parts) {
    for (std::uint32_t place = 0; place < parts.devices.size(); ++place) parts.devices.bring(place);
  });
  watch_until(0ns, [this, &plan] { return sum(&Counters::ready) >= plan.devices; });
  returned_ = run_.clock.mono();
  wait_until_arrived();
  return {};
}

Status Conductor::play_mixed() {
  const Plan& plan = run_.plan;
  if (auto status = bring_all(); !status) return status;
  phase_ = "living";
  begin_measuring();
  each([](WorkerParts& parts) { parts.devices.drop_per_mille(kLostAckPerMille); });
  const double rate = plan.rate > 0 ? plan.rate : std::max(1.0, static_cast<double>(plan.devices) / 2);
  order_traffic({.rate = rate, .end = end_of_traffic(), .real_life = true});
  while (run_.clock.mono() < end_of_traffic()) {
    live_a_little();
    watch_until(kLiveEvery, [] { return false; });
  }
  wait_until_posted();
  phase_ = "coming home";
  each([](WorkerParts& parts) {
    parts.devices.drop_per_mille(0);
    for (std::uint32_t place = 0; place < parts.devices.size(); ++place) {
      if (parts.devices.state(place) == DeviceState::kAway) parts.devices.bring(place);
    }
  });
  wait_until_arrived();
  return {};
}

void Conductor::live_a_little() {
  each([](WorkerParts& parts) {
    for (std::uint32_t place = 0; place < parts.devices.size(); ++place) {
      const DeviceState state = parts.devices.state(place);
      if (state == DeviceState::kReady && parts.site.chance(kLeavePerMille)) {
        parts.devices.leave(place, parts.site.chance(500));
      } else if (state == DeviceState::kAway && parts.site.chance(kReturnPerMille)) {
        parts.devices.bring(place);
      }
    }
  });
}

Status Conductor::bring_all() {
  weighed_ = server_cost();
  kernel_weighed_ = kernel_bytes();
  if (auto status = bring_up_to(run_.plan.devices); !status) return status;
  weigh(0);
  return open_senders();
}

Status Conductor::open_senders() {
  const std::string given = run_.apps.origin();
  post_origin_ = !run_.plan.post_to.empty() ? run_.plan.post_to : given.empty() ? run_.plan.target : given;
  const auto target = find_target(post_origin_);
  if (!target) {
    return fail(target.error().kind, "senders can't post to " + post_origin_ +
                                         ", which the URLs of the devices name: " + target.error().message +
                                         "; name another address with --post-to");
  }
  post_origin_ = transport::Url::parse(post_origin_)->origin();
  phase_ = "connecting senders";
  Status opened;
  each([&](WorkerParts& parts) {
    if (auto status = parts.senders.open(*target); !status) opened = status;
  });
  if (!opened) return opened;
  const bool all = watch_until(kSetUpMost, [this] {
    bool established = true;
    each([&established](WorkerParts& parts) { established = established && parts.senders.established(); });
    return established;
  });
  if (all) return {};
  return fail(ErrorKind::kUnavailable,
              fmt::format("not every sender could connect to {}, where the URLs of the devices are, in {:.0f} s; name "
                          "another address with --post-to",
                          post_origin_, seconds_of(kSetUpMost)));
}

Status Conductor::bring_up_to(std::uint64_t devices) {
  phase_ = "connecting";
  const MonoTime before = run_.clock.mono();
  each([devices](WorkerParts& parts) {
    for (std::uint32_t place = 0; place < parts.devices.size(); ++place) {
      const bool away = parts.devices.state(place) == DeviceState::kAway;
      if (away && parts.devices.device_number(place) < devices) parts.devices.bring(place);
    }
  });
  const auto most = kSetUpMost + std::chrono::seconds(devices / kSetUpDevicesPerS);
  const bool all = watch_until(most, [this, devices] { return sum(&Counters::ready) >= devices; });
  summary_.setup_s += seconds_of(run_.clock.mono() - before);
  if (all) return {};
  return fail(ErrorKind::kUnavailable, fmt::format("only {} of {} devices could connect and register at {} in {:.0f} s",
                                                   sum(&Counters::ready), devices, run_.plan.target, seconds_of(most)));
}

void Conductor::weigh(std::uint64_t devices_before) {
  const auto now = server_cost();
  const auto devices = static_cast<double>(run_.plan.devices - devices_before);
  if (!now || !weighed_ || devices <= 0) return;
  summary_.server_user_bytes_per_device = static_cast<double>(now->user_bytes - weighed_->user_bytes) / devices;
  // Both ends are on this machine. What others gave back meanwhile may be more than a few devices take.
  const auto kernel = static_cast<double>(kernel_bytes() - kernel_weighed_);
  if (kernel > 0) summary_.server_kernel_bytes_per_device = kernel / devices / 2;
}

void Conductor::begin_measuring() {
  started_ = run_.clock.mono();
  each([this](WorkerParts& parts) { parts.site.recorder.begin(started_); });
  server_before_ = server_cost();
  bench_cpu_before_ = own_cpu_s();
  summary_.samples.clear();
  last_sample_ = {};
}

MonoTime Conductor::end_of_traffic() const {
  return started_ + std::chrono::nanoseconds(static_cast<std::int64_t>(run_.plan.seconds * 1e9));
}

// The rate is divided among the loops as their apps are.
void Conductor::order_traffic(TrafficOrder order) {
  const Plan& plan = run_.plan;
  const double rate = order.rate;
  each([&plan, &order, rate](WorkerParts& parts) {
    const auto apps = apps_of_loop(plan.apps, parts.site.number, plan.loops);
    order.rate = rate * static_cast<double>(apps) / static_cast<double>(plan.apps);
    parts.traffic.start(order);
  });
}

void Conductor::order_echo(MonoTime end) {
  const Plan& plan = run_.plan;
  each([&plan, end](WorkerParts& parts) {
    parts.echo.start(plan.rate * static_cast<double>(parts.devices.size()) / static_cast<double>(plan.devices), end);
  });
}

void Conductor::wait_until_posted() {
  watch_until(0ns, [this] {
    bool done = true;
    each([&done](WorkerParts& parts) { done = done && parts.traffic.done() && parts.echo.done(); });
    return done;
  });
}

void Conductor::wait_until_arrived() {
  if (run_.plan.scenario == Scenario::kPost) return;
  MonoTime counted;
  watch_until(0ns, [this, &counted] {
    if (sum(&Counters::firsts) >= sum(&Counters::owed)) return true;
    // What is replaced or expired never comes: count exactly, but not all the time.
    if (run_.plan.scenario != Scenario::kMixed || run_.clock.mono() < counted + 500ms) return false;
    counted = run_.clock.mono();
    return run_.ledger.totals(run_.clock.wall()).lost == 0;
  });
}

void Conductor::each(const std::function<void(WorkerParts&)>& task) {
  for (const auto& worker : workers_) worker->call(task);
}

bool Conductor::watch_until(std::chrono::nanoseconds most, const Condition& done) {
  const MonoTime begin = run_.clock.mono();
  const auto grace = std::chrono::nanoseconds(static_cast<std::int64_t>(run_.plan.grace_s * 1e9));
  MonoTime last_change = begin;
  std::uint64_t seen = activity();
  while (!done()) {
    const MonoTime now = run_.clock.mono();
    if (most > 0ns && now - begin >= most) return false;
    if (const std::uint64_t active = activity(); active != seen) {
      seen = active;
      last_change = now;
    } else if (most == 0ns && now - last_change >= grace) {
      return false;
    }
    watch();
    const auto left = most > 0ns ? most - (now - begin) : std::chrono::nanoseconds(kWatchEvery);
    std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(kWatchEvery, left));
  }
  return true;
}

void Conductor::watch() {
  const MonoTime now = run_.clock.mono();
  if (started_.ns != 0 && now - last_sample_ >= kSampleEvery) {
    last_sample_ = now;
    const auto server = server_cost();
    const bool known = server && server_before_;
    summary_.samples.push_back({seconds_of(now - started_), sum(&Counters::accepted), sum(&Counters::firsts),
                                sum(&Counters::ready), known ? server->cpu_s - server_before_->cpu_s : 0,
                                own_cpu_s() - bench_cpu_before_, known ? server->user_bytes : 0});
  }
  if (!on_progress_ || now - last_progress_ < kProgressEvery) return;
  const std::uint64_t firsts = sum(&Counters::firsts);
  const double rate = static_cast<double>(firsts - last_progress_count_) / seconds_of(now - last_progress_);
  on_progress_(fmt::format("{}: {} of {} devices, {} accepted, {} delivered ({:.0f}/s)", phase_, sum(&Counters::ready),
                           run_.plan.devices, sum(&Counters::accepted), firsts, last_progress_.ns != 0 ? rate : 0));
  last_progress_ = now;
  last_progress_count_ = firsts;
}

std::uint64_t Conductor::sum(Read counter) const {
  std::uint64_t total = 0;
  for (const auto& worker : workers_) total += (worker->counters().*counter).get();
  return total;
}

std::uint64_t Conductor::activity() const {
  return sum(&Counters::registered) + sum(&Counters::begun) + sum(&Counters::accepted) + sum(&Counters::firsts) +
         sum(&Counters::repeats);
}

std::optional<ProcessCost> Conductor::server_cost() const {
  return server_pid_ > 0 ? cost_of(server_pid_) : std::nullopt;
}

std::vector<std::string> Conductor::receipt_samples() {
  std::vector<std::string> samples;
  each([&samples](WorkerParts& parts) {
    const auto& own = parts.senders.samples();
    samples.insert(samples.end(), own.begin(), own.end());
  });
  return samples;
}

void Conductor::sum_up() {
  const Plan& plan = run_.plan;
  const auto server_after = server_cost();
  if (server_before_ && server_after) summary_.server_cpu_s = server_after->cpu_s - server_before_->cpu_s;
  summary_.bench_cpu_s = own_cpu_s() - bench_cpu_before_;
  last_sample_ = {};
  watch();

  LatencyHistogram latencies;
  LatencyHistogram accepts;
  std::vector<LatencyHistogram> seconds;
  MonoTime last;
  each([&](WorkerParts& parts) {
    const Recorder& recorder = parts.site.recorder;
    latencies.add(recorder.whole());
    accepts.add(recorder.accepts());
    last = std::max(last, recorder.last());
    if (seconds.size() < recorder.seconds().size()) seconds.resize(recorder.seconds().size());
    for (std::size_t i = 0; i < recorder.seconds().size(); ++i) seconds[i].add(recorder.seconds()[i]);
  });
  summary_.elapsed_s = std::max(0.0, seconds_of(last - started_));
  summary_.latency_ms = percentiles_of(latencies);
  summary_.accept_ms = percentiles_of(accepts);
  for (const double percent : curve_percents()) summary_.curve_ms.push_back(ms_of(latencies.percentile_ns(percent)));
  for (const auto& second : seconds) {
    summary_.seconds.push_back(
        {ms_of(second.percentile_ns(50)), ms_of(second.percentile_ns(99)), ms_of(second.max_ns())});
  }

  summary_.scenario = name_of(plan.scenario);
  summary_.protocol = name_of(plan.protocol);
  summary_.target = plan.target;
  summary_.devices = plan.scenario == Scenario::kPost ? 0 : plan.devices;
  summary_.apps = plan.scenario == Scenario::kPost ? 0 : plan.apps;
  summary_.bytes = plan.bytes;
  summary_.rate = plan.rate;
  summary_.loops = plan.loops;
  summary_.senders = plan.senders;
  summary_.totals = run_.ledger.totals(run_.clock.wall());
  if (plan.scenario == Scenario::kPost) {
    // Nobody listens: what is accepted is done.
    summary_.totals.delivered = summary_.totals.owed = summary_.totals.accepted;
    summary_.totals.lost = 0;
  }
  summary_.repeats = sum(&Counters::repeats);
  summary_.late = sum(&Counters::late);
  summary_.foreign = sum(&Counters::foreign);
  summary_.unacked = sum(&Counters::unacked);
  summary_.disconnects = sum(&Counters::disconnects);
  summary_.connect_failures = sum(&Counters::failures);
  summary_.pings = sum(&Counters::pings);
  summary_.pulls = sum(&Counters::pulls);
  summary_.registrations = sum(&Counters::registered);
  if (returned_ > started_) {
    summary_.registrations_per_second =
        static_cast<double>(summary_.registrations - registered_before_) / seconds_of(returned_ - started_);
  }
}

}  // namespace herald::load
