#include "simulation/system/process.h"

#include <fmt/format.h>

#include <utility>

#include "base/planted.h"

namespace herald::simulation::system {

namespace {

constexpr std::size_t kServerQueueCredit = 1'024;
constexpr milliseconds kLossesInterval{1'000};
constexpr milliseconds kClaimAgain{250};

}  // namespace

// From start to kill. Members end in the reverse order: workers before control, as app::Server does it.
struct Process::Life {
  Life(Process& of, StoreDoor& door)
      : process(of),
        store(door),
        control(of.site_.ground.make_strand()),
        timers(of.site_.ground, control),
        services(of.site_.ground, of.site_.swarm, of.site_.installation, of.spec_, of.clock_, door,
                 of.site_.broker.connect(), metrics, of.site_.model) {}
  ~Life();

  void claim();
  void serve();
  void start_user_agent_udp();
  void start_store_roles();
  void start_server_queue();
  void start_leases();
  void watch_losses(std::uint64_t before);
  void look_again();
  [[nodiscard]] LoopLinks links();
  [[nodiscard]] std::vector<ServerLease> leases() const;
  [[nodiscard]] ServerId sleep_server(const UserAgentId& device) const;
  [[nodiscard]] bool adopts(const UserAgentId& device, const ServerId& server) const;

  Process& process;
  StoreDoor& store;
  Strand& control;
  StrandTimers timers;
  GaugeMetrics metrics;
  Services services;
  WallTime taken_at;
  std::size_t claimed = 0;  // of leases()
  bool serving = false;
  std::optional<app::LeaseKeeper> keeper;
  std::optional<roles::user_agent_udp::UserAgentUdp> udp;
  std::optional<roles::delivery_manager::DeliveryManager> manager;
  std::optional<roles::monitor::Monitor> monitor;
  std::optional<roles::user_agent_ws::ServerQueueConsumer> server_queue;
  std::vector<std::unique_ptr<Worker>> workers;
};

Process::Life::~Life() {
  workers.clear();
  control.stop();
}

std::vector<ServerLease> Process::Life::leases() const {
  std::vector<ServerLease> all;
  const ProcessSpec& spec = process.spec_;
  if (spec.user_agent_ws) all.push_back({spec.ws_server, LocationKind::kWebSocket, spec.name, {}});
  if (spec.user_agent_udp) all.push_back({spec.udp_server, LocationKind::kSleeping, spec.name, {}});
  return all;
}

// app::ServerIds::claim() without its thread: the holder's name is kept in the data folder, so a process that comes
// back has its lease at once.
void Process::Life::claim() {
  const auto all = leases();
  if (claimed == 0) taken_at = process.clock_.wall();
  if (claimed == all.size()) return serve();
  ServerLease lease = all[claimed];
  const WallTime now = process.clock_.wall();
  lease.until = now + milliseconds(services.swarm.limits.lease_ms);
  store.renew(lease, now, Reply<Status>(control, [this](const Status& status) {
                if (!status) return (void)timers.run_after(kClaimAgain, [this] { claim(); });
                ++claimed;
                claim();
              }));
}

LoopLinks Process::Life::links() {
  LoopLinks links;
  links.tell_shard = [this](std::uint32_t shard, const protocol::queue::TakenOver& notice) {
    if (shard >= workers.size()) return;
    Worker& worker = *workers[shard];
    worker.strand().post([&worker, notice] { worker.user_agent_ws()->taken_over(notice); });
  };
  links.lease_lapses = [this] { return keeper ? keeper->lapses() : 0; };
  links.sleep_server = [this](const UserAgentId& device) { return sleep_server(device); };
  links.pulled = [this](const roles::user_agent_udp::PullNotice& notice) {
    control.post([this, notice] {
      if (udp) udp->pulled(notice);
    });
  };
  return links;
}

void Process::Life::serve() {
  if (serving) return;
  for (std::uint32_t shard = 0; shard < services.swarm.shards; ++shard) {
    workers.push_back(std::make_unique<Worker>(services, shard, links()));
  }
  if (process.spec_.user_agent_udp) start_user_agent_udp();
  start_store_roles();
  start_leases();
  watch_losses(services.queue.losses());
  serving = true;
  services.ground.trace().event("{} serves", process.spec_.name);
}

void Process::Life::start_user_agent_udp() {
  roles::user_agent_udp::UserAgentUdpConfig config;
  config.limits = services.swarm.limits;
  config.server_id = process.spec_.udp_server;
  config.sleepers_page = services.swarm.monitor.sweep_page;
  config.credit = services.swarm.monitor.credit;
  config.retry_first = services.swarm.monitor.retry_first;
  config.retry_most = services.swarm.monitor.retry_most;
  config.adopts = [this](const UserAgentId& device, const ServerId& server) { return adopts(device, server); };
  udp.emplace(std::move(config), roles::user_agent_udp::UserAgentUdpPorts{
                                     store, store, services.queue, process.site_.pings, control, timers, process.clock_,
                                     services.installation.random, services.log, metrics});
  udp->start();
}

// From the last step of a notification to the first.
void Process::Life::start_store_roles() {
  const ProcessSpec& spec = process.spec_;
  if (spec.manager) {
    manager.emplace(roles::delivery_manager::DeliveryManagerConfig{.credit = services.swarm.monitor.credit}, store,
                    services.queue, control, timers, services.log, metrics);
    manager->start();
  }
  if (spec.user_agent_ws) start_server_queue();
  if (spec.monitor) {
    monitor.emplace(services.swarm.monitor,
                    roles::monitor::MonitorPorts{store, store, store, store, services.queue, control, timers,
                                                 process.clock_, services.log, metrics});
    monitor->start();
  }
}

void Process::Life::start_server_queue() {
  std::vector<roles::user_agent_ws::ShardSink> sinks;
  for (const auto& worker : workers) {
    sinks.push_back({&worker->strand(), [&worker = *worker](const roles::user_agent_ws::ShardBatch& batch) {
                       for (const auto& notice : batch.taken_over) worker.user_agent_ws()->taken_over(notice);
                       worker.user_agent_ws()->deliver(batch.announced);
                     }});
  }
  server_queue.emplace(services.queue, process.spec_.ws_server, kServerQueueCredit, control, std::move(sinks),
                       services.log, metrics);
}

void Process::Life::start_leases() {
  auto all = leases();
  if (all.empty()) return;
  const Limits& limits = services.swarm.limits;
  app::LeaseEvents events;
  events.held = [] {};
  events.late = [](const Error&) {};
  events.regained = [this] {
    services.ground.trace().event("{} regained its lease", process.spec_.name);
    look_again();
  };
  events.taken = [this](const ServerId&) {
    process.site_.model.violated("a server id has one holder", process.spec_.name);
  };
  events.orphaned = [this](const ServerId& server) {
    if (udp) udp->look_through(server);
  };
  keeper.emplace(app::LeaseKeeperConfig{.leases = std::move(all),
                                        .lease = milliseconds(limits.lease_ms),
                                        .renew = milliseconds(limits.lease_renew_ms)},
                 std::move(events), store, control, timers, process.clock_);
  keeper->start(taken_at);
}

// As app::Control::watch_losses().
void Process::Life::watch_losses(std::uint64_t before) {
  timers.run_after(kLossesInterval, [this, before] {
    const std::uint64_t now = services.queue.losses();
    if (now != before && !planted::is(planted::Fault::kLossesIgnored)) {
      services.recent_acks.forget_all();
      timers.run_after(kLossesInterval, [this] { look_again(); });
    }
    watch_losses(now);
  });
}

void Process::Life::look_again() {
  if (udp) udp->look_through(process.spec_.udp_server);
  if (!process.spec_.user_agent_ws) return;
  for (const auto& worker : workers) {
    worker->strand().post([&worker = *worker] { worker.user_agent_ws()->look_again(); });
  }
}

ServerId Process::Life::sleep_server(const UserAgentId& device) const {
  const ServerId& standard = process.spec_.udp_server;
  if (!keeper) return standard;
  return keeper->servers()->sleep_server(device, process.clock_.wall()).value_or(standard);
}

bool Process::Life::adopts(const UserAgentId& device, const ServerId& server) const {
  if (!keeper || keeper->servers()->live(server, process.clock_.wall())) return false;
  return sleep_server(device) == process.spec_.udp_server;
}

Process::Process(Site& site, ProcessSpec spec) : site_(site), spec_(std::move(spec)), clock_(site.ground) {}

Process::~Process() {
  if (life_) die();
}

void Process::start() {
  if (life_) return;
  site_.ground.trace().event("{} starts", spec_.name);
  doors_.push_back(std::make_unique<StoreDoor>(site_.ground, site_.store, site_.swarm.store, site_.model, spec_.name));
  life_ = std::make_unique<Life>(*this, *doors_.back());
  life_->control.post([life = life_.get()] { life->claim(); });
}

void Process::die() {
  doors_.back()->die();
  life_->services.queue.die();
  life_.reset();
}

void Process::kill() {
  if (!life_) return;
  site_.ground.trace().event("{} is killed", spec_.name);
  die();
}

bool Process::serving() const {
  return life_ != nullptr && life_->serving;
}

Worker& Process::worker(std::uint32_t shard) {
  return *life_->workers[shard % life_->workers.size()];
}

BrokerHandle& Process::queue() {
  return life_->services.queue;
}

std::string Process::busy_with() const {
  if (!life_ || !life_->serving) return fmt::format("{} does not serve", spec_.name);
  std::size_t links = 0;
  std::size_t requests = 0;
  for (const auto& worker : life_->workers) {
    links += worker->open_links();
    requests += worker->open_requests();
  }
  const auto differs = [&](std::string_view what, std::int64_t is, std::size_t expected) {
    return is == static_cast<std::int64_t>(expected)
               ? std::string()
               : fmt::format("{}: {} {} instead of {}", spec_.name, is, what, expected);
  };
  if (auto text = differs("connections", life_->metrics.value("herald_device_connections"), links); !text.empty()) {
    return text;
  }
  if (requests != 0) return differs("open requests", static_cast<std::int64_t>(requests), 0);
  if (life_->monitor && !life_->monitor->idle()) return fmt::format("{}: the monitor is not idle", spec_.name);
  if (life_->manager && !life_->manager->idle()) return fmt::format("{}: the delivery manager is not idle", spec_.name);
  if (life_->udp && life_->udp->devices() != 0) {
    return differs("devices to be pinged", static_cast<std::int64_t>(life_->udp->devices()), 0);
  }
  return {};
}

}  // namespace herald::simulation::system
