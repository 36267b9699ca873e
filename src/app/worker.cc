#include "app/worker.h"

#include <algorithm>
#include <future>
#include <limits>

#include "base/thread_name.h"
#include "transport/descriptor_table.h"

namespace herald::app {

namespace {
constexpr std::chrono::milliseconds kDrainStep{50};
// In a table of its own a loop has, besides connections, only its listeners and what it connects to.
constexpr std::uint64_t kReservedOfOwnTable = 16;

Limits listener_limits(const Configuration& configuration) {
  Limits limits = configuration.limits;
  if (configuration.loop_descriptors == LoopDescriptors::kOwn) limits.descriptors_reserved = kReservedOfOwnTable;
  return limits;
}
}  // namespace

Worker::Worker(Services& services, transport::EventLoop& loop) : services_(services), loop_(loop) {
  const bool websockets = services.configuration.roles.has(Role::kUserAgentWs);
  server_ = transport::HttpServer::create(
      loop, {.http = this, .websocket = websockets ? this : nullptr, .proxies = services.configuration.trusted_proxies},
      listener_limits(services.configuration), services.log, services.metrics, services.connection_counts);
}

Worker::~Worker() {
  stop();
}

Result<transport::SocketAddress> Worker::listen(const transport::SocketAddress& at) {
  return server_->listen(at, services_.tls);
}

void Worker::serve(std::uint32_t shard, LoopLinks links) {
  site_.emplace(services_, loop_, shard, std::move(links));
}

void Worker::start() {
  thread_ = std::thread([this] { run(); });
}

Status Worker::start_with_own_descriptors(std::vector<int> kept) {
  const auto listening = server_->listening_descriptors();
  kept.insert(kept.end(), listening.begin(), listening.end());
  std::promise<Status> separated;
  auto answer = separated.get_future();
  thread_ = std::thread([this, kept = std::move(kept), separated = std::move(separated)]() mutable {
    const Status own = transport::own_descriptor_table(std::move(kept));
    separated.set_value(own);
    if (own) run();
  });
  Status own = answer.get();
  if (own) transport::close_descriptors(listening);
  return own;
}

// Destroyed here, since the descriptors that the server closes may mean other files on other threads.
void Worker::run() {
  name_thread("event loop");
  loop_.run();
  server_.reset();
}

void Worker::on_request(const transport::HttpRequest& request, transport::HttpResponder responder) {
  site_->http().on_request(request, std::move(responder));
}

std::uint64_t Worker::body_max_bytes(std::string_view path) const {
  return site_->http().body_max_bytes(path);
}

std::variant<transport::WebSocketAccept, transport::HttpResponse> Worker::on_upgrade(
    const transport::HttpRequest& request) {
  return site_->user_agent_ws()->on_upgrade(request);
}

void Worker::drain(std::uint64_t closes_per_s, std::chrono::milliseconds timeout, std::function<void()> done) {
  loop_.post([this, closes_per_s, timeout, done = std::move(done)]() mutable {
    drained_ = std::move(done);
    if (auto* role = site_->user_agent_ws()) role->drain();
    drain_.emplace(closes_per_s, timeout, services_.clock.mono());
    server_->stop_accepting();
    drain_step();
  });
}

void Worker::drain_step() {
  const MonoTime now = services_.clock.mono();
  const std::size_t devices = server_->close_websockets(0);
  server_->close_websockets(drain_->closes_due(now, devices));
  if (!drain_->is_over(now, server_->open_connections())) {
    loop_.run_after(kDrainStep, [this] { drain_step(); });
    return;
  }
  server_->abort_all();
  drained_();
}

void Worker::stop() {
  if (!thread_.joinable()) return;
  loop_.stop();
  thread_.join();
}

}  // namespace herald::app
