#pragma once
// What the parts of the monitor work with and how they are set. Everything referred to must outlive them.

#include <chrono>
#include <cstddef>

#include "base/executor.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/time.h"
#include "base/timer.h"
#include "ports/delivery_store.h"
#include "ports/directory.h"
#include "ports/message_queue.h"
#include "ports/message_store.h"
#include "ports/server_registry.h"

namespace herald::roles::monitor {

struct MonitorConfig {
  Limits limits;
  std::size_t credit = 1'024;                 // envelopes of newMessages taken and not yet settled
  std::size_t unsettled_max = 512;            // of them, those that wait for a server's queue; at most half of credit
  std::size_t targets_per_envelope = 500;     // devices in one envelope for a server
  std::size_t deliveries_per_write = 10'000;  // pending deliveries in one write, unless one message's page has more
  std::size_t walks_max = 64;                 // apps and pages being walked before nothing new is taken
  std::size_t backlog_max = 10'000;           // envelopes kept because a server's queue did not take them
  std::size_t sweep_page = 1'000;             // messages looked at, or purged, in one call
  std::size_t purges_per_tick = 50;           // calls of purge in one sweep interval
  std::size_t swept_kept = 65'536;            // ids of swept messages remembered, to skip their queue message
  std::chrono::milliseconds retry_first{100};
  std::chrono::milliseconds retry_most{5'000};
};

struct MonitorPorts {
  ports::MessageStore& messages;
  ports::DeliveryStore& deliveries;
  ports::Directory& directory;
  ports::ServerRegistry& servers;
  ports::MessageQueue& queue;
  Executor& loop;
  TimerService& timers;
  const Clock& clock;
  Log& log;
  Metrics& metrics;
};

}  // namespace herald::roles::monitor
