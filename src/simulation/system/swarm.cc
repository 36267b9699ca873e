#include "simulation/system/swarm.h"

#include <initializer_list>

namespace herald::simulation::system {

namespace {

// 0 in half of the runs, then one of three rates.
unsigned rate(Choices& choices, unsigned most) {
  if (!choices.chance(500)) return 0;
  return most >> choices.below(3);
}

std::uint64_t one_of(Choices& choices, std::initializer_list<std::uint64_t> values) {
  return values.begin()[choices.below(static_cast<std::uint32_t>(values.size()))];
}

// Small enough that every bound is met in a run of some hundred steps (buggify).
Limits draw_limits(Choices& choices) {
  Limits limits;
  limits.unacked_window = one_of(choices, {4, 1, 2, 64});
  limits.webpush_unacked_window = one_of(choices, {4, 1, 2, 10});
  limits.unacked_per_device = limits.unacked_window * one_of(choices, {10, 1, 2});
  limits.takeovers_at_once = one_of(choices, {4, 1});
  limits.takeover_delay_max_ms = one_of(choices, {8'000, 1'000, 0});
  limits.pending_page = one_of(choices, {32, 1, 2, 3});
  limits.pull_page = one_of(choices, {100, 1, 2});
  limits.route_page = one_of(choices, {1'000, 1, 2});
  limits.recent_acks_max = one_of(choices, {64, 0, 4, 16});
  limits.sent_report_delay_ms = one_of(choices, {1'000, 0, 50});
  limits.sweep_interval_ms = one_of(choices, {500, 50, 2'000});
  limits.sweep_age_ms = one_of(choices, {1'000, 0, 3'000});
  limits.lease_ms = one_of(choices, {10'000, 2'000});
  limits.lease_renew_ms = limits.lease_ms / 4;
  limits.ping_retry_first_ms = 200;
  limits.ping_retry_most_ms = 2'000;
  limits.ping_gather_ms = one_of(choices, {1'000, 0, 100});
  limits.ping_interval_ms = one_of(choices, {100, 0});
  limits.pings_per_target_per_s = one_of(choices, {10, 1});
  limits.wakeup_idle_ms = 3'000;
  limits.webapp_ping_interval_min_ms = 0;
  limits.rate_buckets_max = 100;
  limits.transient_grace_ms = one_of(choices, {5'000, 200});
  return limits;
}

roles::monitor::MonitorConfig draw_monitor(Choices& choices, const Limits& limits) {
  roles::monitor::MonitorConfig config{.limits = limits};
  config.credit = one_of(choices, {1'024, 1, 3});
  config.targets_per_envelope = one_of(choices, {500, 1, 2});
  config.deliveries_per_write = one_of(choices, {10'000, 1, 2});
  config.walks_max = one_of(choices, {64, 1, 2});
  config.sweep_page = one_of(choices, {1'000, 1, 2});
  config.swept_kept = one_of(choices, {65'536, 1});
  config.retry_first = milliseconds(50);
  config.retry_most = milliseconds(500);
  return config;
}

Rates draw_rates(Choices& choices) {
  Rates rates;
  rates.action = 200 + 100 * choices.below(4);
  rates.crash = rate(choices, 40);
  rates.partition = rate(choices, 40);
  rates.broker_crash = rate(choices, 20);
  rates.clock_jump = rate(choices, 20);
  rates.device_vanishes = rate(choices, 60);
  rates.device_stalls = rate(choices, 40);
  rates.ack_late = rate(choices, 300);
  rates.ack_twice = rate(choices, 200);
  rates.ack_wrong = rate(choices, 200);
  rates.ack_never = rate(choices, 300);
  return rates;
}

}  // namespace

Swarm draw_swarm(Choices& choices) {
  Swarm swarm;
  swarm.cluster = choices.chance(600);
  if (swarm.cluster) {
    swarm.app_servers = 1 + choices.below(2);
    swarm.monitors = 1 + choices.below(2);
    swarm.managers = 1 + choices.below(2);
    swarm.ws_servers = 1 + choices.below(3);
    swarm.udp_servers = 1 + choices.below(2);
  }
  swarm.shards = 1 + choices.below(2);
  swarm.devices = 1 + choices.below(4);
  swarm.apps = 1 + choices.below(3);
  swarm.steps = 100 + 100 * choices.below(3);
  swarm.other_generations = choices.chance(400);
  swarm.sleepers = choices.chance(400);
  swarm.limits = draw_limits(choices);
  swarm.monitor = draw_monitor(choices, swarm.limits);
  swarm.pace = {rate(choices, 200), rate(choices, 200), rate(choices, 500), 1 + choices.below(200)};
  swarm.store = {rate(choices, 400), rate(choices, 100), rate(choices, 100), rate(choices, 100),
                 1 + choices.below(300)};
  swarm.queue.late = rate(choices, 400);
  swarm.queue.refuses = rate(choices, 150);
  swarm.queue.late_most_ms = 1 + choices.below(300);
  if (swarm.cluster) {
    swarm.queue.takes_and_fails = rate(choices, 100);
    swarm.queue.drops = rate(choices, 100);
    swarm.queue.duplicates = rate(choices, 200);
    swarm.queue.reorders = rate(choices, 100);
  }
  swarm.rates = draw_rates(choices);
  return swarm;
}

}  // namespace herald::simulation::system
