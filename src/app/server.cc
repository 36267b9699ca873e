#include "app/server.h"

#include <algorithm>
#include <thread>

#include "app/port_probe.h"
#include "app/public_url.h"
#include "app/version.h"

namespace herald::app {

namespace {

constexpr std::chrono::milliseconds kFinishStep{20};

std::unexpected<Failure> cannot_bind(const transport::SocketAddress& at, const char* option, const Error& error) {
  return std::unexpected(Failure{ExitCode::kCannotBind, "can't listen on " + at.to_string() + ": " + error.message +
                                                            "; " + bind_advice(error.kind, at, option)});
}

std::size_t loop_count(const Configuration& configuration) {
  if (configuration.loops != 0) return configuration.loops;
  return std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace

std::expected<std::unique_ptr<Server>, Failure> Server::start(const Configuration& configuration) {
  std::unique_ptr<Server> server(new Server());
  if (auto opened = server->open(configuration); !opened) return std::unexpected(opened.error());
  return server;
}

Server::Started Server::open(const Configuration& configuration) {
  for (std::size_t i = 0; i < loop_count(configuration); ++i) {
    loops_.push_back(std::make_unique<transport::EventLoop>(clock_));
  }
  auto services = Services::open(configuration, clock_);
  if (!services) return std::unexpected(services.error());
  services_ = std::move(*services);
  for (auto& loop : loops_) workers_.push_back(std::make_unique<Worker>(*services_, *loop));
  control_ = std::make_unique<Control>(*services_, control_loop_);
  if (auto claimed = control_->claim_server_ids(); !claimed) return claimed;
  if (auto bound = bind(configuration); !bound) return bound;

  for (std::size_t i = 0; i < workers_.size(); ++i) workers_[i]->serve(static_cast<std::uint32_t>(i), links());
  control_->on_server_id_taken([this] {
    exit_code_ = ExitCode::kServerIdTaken;
    drain_after(std::chrono::milliseconds(0));
  });
  if (const Status started = control_->start_roles(workers_); !started) {
    return std::unexpected(Failure{ExitCode::kFailed, started.error().message});
  }
  if (auto started = start_workers(configuration); !started) return started;
  services_->health.start_serving();
  return {};
}

Server::Started Server::start_workers(const Configuration& configuration) {
  if (configuration.loop_descriptors == LoopDescriptors::kShared) {
    for (auto& worker : workers_) worker->start();
    return {};
  }
  std::vector<int> kept;
  const auto keep = [&kept](const transport::EventLoop& loop) {
    for (const int descriptor : loop.descriptors()) kept.push_back(descriptor);
  };
  keep(control_loop_);
  for (const auto& loop : loops_) keep(*loop);
  for (auto& worker : workers_) {
    const Status started = worker->start_with_own_descriptors(kept);
    if (!started) return std::unexpected(Failure{ExitCode::kFailed, "loop_descriptors: " + started.error().message});
  }
  return {};
}

Server::Started Server::bind(const Configuration& configuration) {
  // Monitors and managers serve nobody.
  const auto listen = configuration.roles.serve() ? configuration.listen : std::vector<transport::SocketAddress>();
  for (const auto& at : listen) {
    const auto bound = bind_everywhere(at);
    if (!bound) return std::unexpected(bound.error());
    addresses_.push_back(*bound);
  }
  const auto& at = configuration.operations_listen;
  const Status free = probe_port(at);
  const auto operations = free ? control_->listen(at) : std::unexpected(free.error());
  if (!operations) return cannot_bind(at, "--operations-listen", operations.error());
  operations_address_ = *operations;
  if (const std::string& file = configuration.operations_socket; !file.empty()) {
    if (const Status listens = control_->listen_on(file); !listens) {
      return std::unexpected(Failure{ExitCode::kCannotBind, "operations.socket: " + listens.error().message});
    }
  }
  services_->public_url = configuration.public_url;
  if (configuration.public_url.empty() && !addresses_.empty()) {
    const DerivedUrl derived = derived_public_url(addresses_, configuration.tls());
    services_->public_url = derived.url;
    if (derived.for_this_machine_only) {
      services_->log.warning(
          "public_url is not set: the URLs that devices and senders are given work on this machine only; "
          "set --public-url to how others reach this server",
          {{"public_url", std::string_view(derived.url)}});
    }
  }
  return {};
}

// The first loop takes the port, the others share it.
std::expected<transport::SocketAddress, Failure> Server::bind_everywhere(const transport::SocketAddress& at) {
  if (const Status free = probe_port(at); !free) return cannot_bind(at, "--listen", free.error());
  transport::SocketAddress bound = at;
  for (auto& worker : workers_) {
    const auto address = worker->listen(bound);
    if (!address) return cannot_bind(bound, "--listen", address.error());
    bound = *address;
  }
  return bound;
}

LoopLinks Server::links() {
  LoopLinks links;
  links.shards = static_cast<std::uint32_t>(workers_.size());
  links.tell_shard = [this](std::uint32_t shard, const protocol::queue::TakenOver& notice) {
    if (shard >= workers_.size()) return;
    Worker& worker = *workers_[shard];
    worker.loop().post([&worker, notice] { worker.user_agent_ws()->taken_over(notice); });
  };
  links.lease_lapses = [this] { return control_->lease_lapses(); };
  links.sleep_server = [this](const UserAgentId& user_agent) { return control_->sleep_server(user_agent); };
  links.store_stalled = [this] { control_loop_.post([this] { control_->store_stalled(); }); };
  links.pulled = [this](const roles::user_agent_udp::PullNotice& notice) {
    control_loop_.post([this, notice] { control_->pulled(notice); });
  };
  return links;
}

Server::~Server() {
  for (auto& worker : workers_) worker->stop();
  // First: a connection that ends with its worker asks the control where its device sleeps.
  workers_.clear();
  control_.reset();
}

void Server::run() {
  control_loop_.run();
}

void Server::stop() {
  control_loop_.stop();
}

void Server::drain() {
  const Limits& limits = services_->configuration.limits;
  drain_after(std::chrono::milliseconds(std::min(limits.drain_notice_ms, limits.drain_timeout_ms)));
}

void Server::drain_after(std::chrono::milliseconds notice) {
  const bool first = !draining_.exchange(true);
  services_->health.start_draining();
  control_loop_.post([this, first, notice] {
    if (first) {
      drain_deadline_ = clock_.mono() + std::chrono::milliseconds(services_->configuration.limits.drain_timeout_ms);
      services_->log.info("draining", {});
    }
    if (notice.count() == 0) return leave();
    if (first) control_loop_.run_after(notice, [this] { leave(); });
  });
}

void Server::leave() {
  if (services_->draining.exchange(true)) return;
  const Limits& limits = services_->configuration.limits;
  const auto timeout = std::chrono::duration_cast<std::chrono::milliseconds>(drain_deadline_ - clock_.mono());
  const std::uint64_t share = std::max<std::uint64_t>(1, limits.drain_closes_per_s / workers_.size());
  undrained_ = workers_.size();
  for (auto& worker : workers_) {
    worker->drain(share, timeout, [this] { control_loop_.post([this] { worker_drained(); }); });
  }
}

void Server::worker_drained() {
  if (--undrained_ == 0) finish_step();
}

// Devices are gone; what they acked is still on its way through the queues.
void Server::finish_step() {
  const bool late = clock_.mono() >= drain_deadline_;
  const bool finished = roles_stopped_ ? control_->idle() : control_->may_stop();
  if (!late && (!finished || !roles_stopped_)) {
    if (finished) control_->stop_roles();
    roles_stopped_ = roles_stopped_ || finished;
    control_loop_.run_after(kFinishStep, [this] { finish_step(); });
    return;
  }
  services_->log.info("drained", {{"in_time", !late}});
  control_loop_.stop();
}

Status Server::reload(LogLevel level) {
  services_->log.set_level(level);
  return services_->tls ? services_->tls->reload() : Status{};
}

std::string Server::summary() const {
  const Configuration& configuration = services_->configuration;
  std::string urls;
  for (const auto& address : addresses_) {
    urls += (urls.empty() ? "" : " ") + std::string(configuration.tls() ? "https://" : "http://") + address.to_string();
  }
  if (urls.empty()) urls = "no listener";
  return "herald " + std::string(version()) + " serving on " + urls + " (operations http://" +
         operations_address_.to_string() + ", data " + where_stored(configuration) + ", roles " +
         configuration.roles.to_string() + ")";
}

}  // namespace herald::app
