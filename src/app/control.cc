#include "app/control.h"

#include <algorithm>

namespace herald::app {

namespace {

constexpr std::size_t kServerQueueCredit = 1'024;

constexpr const char* kIndex = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Herald operations</title></head>
<body><h1>Herald operations</h1>
<ul><li><a href="/metrics">/metrics</a> for Prometheus</li><li><a href="/status">/status</a> is it well</li>
<li><a href="/about">/about</a> what runs here</li>
<li><a href="/broadcasts">/broadcasts</a> versions that Web Push devices are told</li></ul></body></html>
)";

transport::HttpResponse index_page() {
  return {.status = 200,
          .headers = {{"Content-Type", "text/html; charset=utf-8"}, {"Content-Security-Policy", "default-src 'none'"}},
          .body = kIndex};
}

transport::HttpResponse metrics_page(const operations::MetricsRegistry& metrics) {
  return {.status = 200,
          .headers = {{"Content-Type", std::string(operations::MetricsRegistry::kContentType)}},
          .body = metrics.render()};
}

// The operator comes in where others don't, and leaves some descriptors to the store.
constexpr std::uint64_t kReservedFromOperator = 16;

Limits operations_limits(Limits limits) {
  limits.descriptors_reserved = kReservedFromOperator;
  return limits;
}

}  // namespace

Control::Control(Services& services, transport::EventLoop& loop)
    : services_(services),
      loop_(loop),
      metrics_("/metrics", [&services] { return metrics_page(services.metrics); }),
      status_("/status", status_page(services)),
      about_("/about", about_page(services)),
      index_("/", index_page),
      health_({*services.stores, *services.queue, services.health, services.configuration.limits, loop, loop,
               services.clock, services.log, services.metrics}),
      guard_(services.operations_door, router_, services.log),
      home_(*services.stores, loop),
      server_ids_(services, loop) {
  const Configuration& configuration = services.configuration;
  services.health.set_info("roles", configuration.roles.to_string());
  if (configuration.roles.has(Role::kUserAgentWs)) services.health.set_info("server", configuration.server_id);
  if (configuration.roles.has(Role::kUserAgentUdp)) services.health.set_info("udp_server", configuration.udp_server_id);
  for (PageEndpoint* page : {&metrics_, &status_, &about_, &index_}) router_.add(page->path(), *page);
  server_ = transport::HttpServer::create(loop, {.http = &guard_}, operations_limits(services.configuration.limits),
                                          services.log, services.metrics, services.connection_counts);
}

Control::~Control() {
  stop_roles();
  home_.run_last([this] {
    server_queue_.reset();
    monitor_.reset();
    manager_.reset();
  });
  server_->abort_all();
  if (socket_server_) socket_server_->abort_all();
}

Result<transport::SocketAddress> Control::listen(const transport::SocketAddress& at) {
  return server_->listen(at, nullptr);
}

Status Control::listen_on(const std::string& socket_file) {
  socket_server_ =
      transport::HttpServer::create(loop_, {.http = &router_}, operations_limits(services_.configuration.limits),
                                    services_.log, services_.metrics, services_.connection_counts);
  return socket_server_->listen_on(socket_file);
}

Status Control::start_roles(const std::vector<std::unique_ptr<Worker>>& workers) {
  const RoleSet& roles = services_.configuration.roles;
  if (roles.has(Role::kUserAgentUdp)) {
    if (Status started = start_user_agent_udp(); !started) return started;
  }
  if (roles.has(Role::kUserAgentWs)) {
    if (Status started = start_broadcasts(workers); !started) return started;
  }
  home_.run([&] { start_store_roles(workers); });
  server_ids_.start(lease_events(workers));
  watch_losses(workers);
  health_.start();
  return {};
}

// From the last step of a notification to the first.
void Control::start_store_roles(const std::vector<std::unique_ptr<Worker>>& workers) {
  const RoleSet& roles = services_.configuration.roles;
  Stores& stores = *services_.stores;
  if (roles.has(Role::kDeliveryManager)) {
    manager_.emplace(roles::delivery_manager::DeliveryManagerConfig{}, stores.deliveries(), *services_.queue,
                     home_.executor(), home_.timers(), services_.log, services_.metrics);
    manager_->start();
  }
  if (roles.has(Role::kUserAgentWs)) start_server_queue(workers);
  if (roles.has(Role::kMonitor)) {
    monitor_.emplace(roles::monitor::MonitorConfig{.limits = services_.configuration.limits},
                     roles::monitor::MonitorPorts{stores.messages(), stores.deliveries(), stores.directory(),
                                                  stores.servers(), *services_.queue, home_.executor(), home_.timers(),
                                                  services_.clock, services_.log, services_.metrics});
    monitor_->start();
  }
}

LeaseEvents Control::lease_events(const std::vector<std::unique_ptr<Worker>>& workers) {
  LeaseEvents events;
  events.regained = [this, &workers] { look_again(workers); };
  events.taken = [this](const ServerId& /*server*/) { server_id_taken_(); };
  events.orphaned = [this](const ServerId& server) {
    if (user_agent_udp_) user_agent_udp_->look_through(server);
  };
  return events;
}

void Control::watch_losses(const std::vector<std::unique_ptr<Worker>>& workers) {
  const auto count = [this] { return services_.queue->losses() + services_.stores->deliveries().losses(); };
  losses_.emplace(count, [this, &workers] { look_again(workers); }, services_.recent_acks, loop_, services_.log);
  losses_->start();
}

void Control::look_again(const std::vector<std::unique_ptr<Worker>>& workers) {
  if (user_agent_udp_) user_agent_udp_->look_through(services_.configuration.udp_server_id);
  if (!services_.configuration.roles.has(Role::kUserAgentWs)) return;
  for (const auto& worker : workers) {
    worker->loop().post([&worker = *worker] { worker.user_agent_ws()->look_again(); });
  }
}

Status Control::start_user_agent_udp() {
  auto sender = roles::user_agent_udp::UdpWakeupSender::open(loop_);
  if (!sender) return std::unexpected(sender.error());
  sender_ = std::move(*sender);
  roles::user_agent_udp::UserAgentUdpConfig config;
  config.limits = services_.configuration.limits;
  config.server_id = services_.configuration.udp_server_id;
  config.networks = services_.networks;
  if (services_.asks_for_wake_proofs()) {
    config.proof = [this](const UserAgentId& user_agent, const WakeInterface& wake, MonoTime since) {
      const auto ip = transport::IpAddress::parse(wake.ip);
      return ip && services_.wake_proofs.spoke_after(user_agent, ip->to_string(), since);
    };
  }
  config.adopts = [this](const UserAgentId& user_agent, const ServerId& server) {
    return server_ids_.adopts(user_agent, server);
  };
  user_agent_udp_.emplace(std::move(config),
                          roles::user_agent_udp::UserAgentUdpPorts{
                              services_.stores->directory(), services_.stores->deliveries(), *services_.queue, *sender_,
                              loop_, loop_, services_.clock, services_.random, services_.log, services_.metrics});
  user_agent_udp_->start();
  return {};
}

void Control::start_server_queue(const std::vector<std::unique_ptr<Worker>>& workers) {
  std::vector<roles::user_agent_ws::ShardSink> sinks;
  for (const auto& worker : workers) {
    sinks.push_back({&worker->loop(), [&worker = *worker](const roles::user_agent_ws::ShardBatch& batch) {
                       for (const auto& notice : batch.taken_over) worker.user_agent_ws()->taken_over(notice);
                       worker.user_agent_ws()->deliver(batch.announced);
                     }});
  }
  server_queue_.emplace(*services_.queue, services_.configuration.server_id, kServerQueueCredit, home_.executor(),
                        std::move(sinks), services_.log, services_.metrics);
}

Status Control::start_broadcasts(const std::vector<std::unique_ptr<Worker>>& workers) {
  const Configuration& configuration = services_.configuration;
  const auto tell = [&workers](const std::string& id, const std::optional<std::string>& version) {
    for (const auto& worker : workers) {
      worker->loop().post([&worker = *worker, id, version] { worker.user_agent_ws()->set_broadcast(id, version); });
    }
  };
  const bool kept = configuration.store != StoreKind::kMemory;
  broadcasts_.emplace(kept ? configuration.data + "/broadcasts.json" : std::string(), tell, services_.log);
  router_.add("/broadcasts", *broadcasts_);
  return broadcasts_->load();
}

void Control::stop_roles() {
  home_.run([this] {
    server_queue_.reset();
    if (monitor_) monitor_->stop();
    if (manager_) manager_->stop();
  });
  if (user_agent_udp_) user_agent_udp_->stop();
  server_ids_.stop();
}

// What waits in a broker is for whoever takes it next, and more may come for ever; a queue that ends with the process
// must be empty.
bool Control::may_stop() {
  return services_.configuration.queue == QueueKind::kAmqp || idle();
}

bool Control::idle() {
  bool is_idle = false;
  home_.run([this, &is_idle] {
    const auto depths = services_.queue->depths();
    const bool empty = std::ranges::all_of(depths, [](const auto& depth) { return depth.waiting == 0; });
    is_idle = empty && (!monitor_ || monitor_->idle()) && (!manager_ || manager_->idle());
  });
  return is_idle;
}

void Control::stop_listening() {
  server_->stop_accepting();
  if (socket_server_) socket_server_->stop_accepting();
}

void Control::pulled(const roles::user_agent_udp::PullNotice& notice) {
  if (user_agent_udp_) user_agent_udp_->pulled(notice);
}

}  // namespace herald::app
