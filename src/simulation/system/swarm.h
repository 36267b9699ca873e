#pragma once
// What one run is like: its shape, its limits, and which kinds of faults exist in it and how often (swarm testing:
// Groce et al., 2012). Rates are per thousand; 0: this run has no such fault.

#include <cstdint>

#include "base/limits.h"
#include "roles/monitor/monitor_ports.h"
#include "simulation/choices.h"
#include "simulation/system/ground.h"

namespace herald::simulation::system {

struct StoreFaults {
  unsigned late = 0;                // a call takes effect late, or its answer comes late
  unsigned refuses = 0;             // fails without effect
  unsigned applies_and_fails = 0;   // takes effect, and reports failure
  unsigned applies_partly = 0;      // takes effect in part, and reports failure
  std::uint32_t late_most_ms = 50;  // at most so late
};

struct QueueFaults {
  unsigned late = 0;
  unsigned refuses = 0;          // full: kExhausted
  unsigned takes_and_fails = 0;  // takes the bodies, and reports failure
  unsigned drops = 0;            // an accepted announcement of a new message is lost
  unsigned duplicates = 0;
  unsigned reorders = 0;
  std::uint32_t late_most_ms = 50;

  // Whether announcements arrive once and in their order.
  [[nodiscard]] bool faithful() const {
    return refuses == 0 && takes_and_fails == 0 && drops == 0 && duplicates == 0 && reorders == 0;
  }
};

struct Rates {
  unsigned action = 250;      // steps of the workload instead of the ground's
  unsigned crash = 0;         // kill -9
  unsigned partition = 0;     // a process loses the broker for a while
  unsigned broker_crash = 0;  // bodies are lost, and every process is told of a loss
  unsigned clock_jump = 0;
  unsigned device_vanishes = 0;  // the device is gone, and its server does not notice
  unsigned device_stalls = 0;    // the device reads nothing for a while
  unsigned ack_late = 0;
  unsigned ack_twice = 0;
  unsigned ack_wrong = 0;
  unsigned ack_never = 0;
};

struct Swarm {
  bool cluster = false;  // roles in several processes; else one process
  std::uint32_t app_servers = 1;
  std::uint32_t monitors = 1;
  std::uint32_t managers = 1;
  std::uint32_t ws_servers = 1;
  std::uint32_t udp_servers = 1;
  std::uint32_t shards = 1;  // event loops of each process
  std::uint32_t devices = 1;
  std::uint32_t apps = 1;
  std::uint32_t steps = 200;  // of the chaos
  bool other_generations = false;
  bool sleepers = false;
  Limits limits;
  roles::monitor::MonitorConfig monitor;
  Pace pace;
  StoreFaults store;
  QueueFaults queue;
  Rates rates;

  // Announcements reach the devices in the order of acceptance.
  [[nodiscard]] bool keeps_order() const { return !cluster && queue.faithful(); }
};

// Draws what this run is like. All zeros: one process, one device, no fault.
[[nodiscard]] Swarm draw_swarm(Choices& choices);

}  // namespace herald::simulation::system
