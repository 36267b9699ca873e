#pragma once
// One Herald process: production roles, wired as app/server.cc and app/control.cc wire them. It can be killed at any
// step and started again; its name, its server ids and its lease's holder stay.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/lease_keeper.h"
#include "ports/wakeup_sender.h"
#include "roles/delivery_manager/delivery_manager.h"
#include "roles/monitor/monitor.h"
#include "roles/user_agent_udp/user_agent_udp.h"
#include "roles/user_agent_ws/server_queue_consumer.h"
#include "simulation/system/worker.h"

namespace herald::simulation::system {

// Counts nothing but gauges, which tell whether a process is idle.
class GaugeMetrics final : public Metrics {
 public:
  Counter& counter(std::string_view /*name*/, std::string_view /*help*/, MetricLabels /*labels*/) override {
    return counter_;
  }
  Gauge& gauge(std::string_view name, std::string_view /*help*/, MetricLabels /*labels*/) override {
    return gauges_[std::string(name)];
  }
  Histogram& histogram(std::string_view /*name*/, std::string_view /*help*/, std::vector<double> /*bounds*/,
                       MetricLabels /*labels*/) override {
    return histogram_;
  }
  // 0 if nobody asked for it.
  [[nodiscard]] std::int64_t value(const std::string& name) const {
    const auto found = gauges_.find(name);
    return found == gauges_.end() ? 0 : found->second.value();
  }

 private:
  Counter counter_;
  std::map<std::string, Gauge> gauges_;
  Histogram histogram_{{}};
};

// What the processes of a run stand on.
struct Site {
  Ground& ground;
  const Swarm& swarm;
  Installation& installation;
  Model& model;
  Broker& broker;
  StorePorts store;
  ports::WakeupSender& pings;
};

class Process {
 public:
  Process(Site& site, ProcessSpec spec);
  ~Process();

  // Takes its server ids, as often as the store lets it fail, and then serves.
  void start();
  // kill -9.
  void kill();
  [[nodiscard]] bool running() const { return life_ != nullptr; }
  // It has its ids and serves.
  [[nodiscard]] bool serving() const;

  [[nodiscard]] const ProcessSpec& spec() const { return spec_; }
  [[nodiscard]] MachineClock& clock() { return clock_; }
  // Serving only.
  [[nodiscard]] Worker& worker(std::uint32_t shard);
  // Running only.
  [[nodiscard]] BrokerHandle& queue();
  // What is not as in an idle process that serves `connections`; empty: nothing.
  [[nodiscard]] std::string busy_with() const;

 private:
  struct Life;
  void die();

  Site& site_;
  ProcessSpec spec_;
  MachineClock clock_;
  std::unique_ptr<Life> life_;
  std::vector<std::unique_ptr<StoreDoor>> doors_;  // of all its lives: what was asked may still take effect
};

}  // namespace herald::simulation::system
