#include "simulation/system/worker.h"

#include <algorithm>

namespace herald::simulation::system {

namespace {

// Time passes even for a device that asks again at once.
constexpr milliseconds kRoundTrip{1};

}  // namespace

// One request on its way through a process. Broken off, or answered once at the end of a turn.
class Worker::Request final : public transport::HttpResponder::Sink,
                              public std::enable_shared_from_this<Worker::Request> {
 public:
  Request(Worker& worker, HttpAsk what, HttpAnswered then)
      : worker_(&worker), what_(std::move(what)), then_(std::move(then)) {}
  [[nodiscard]] const HttpAsk& what() const { return what_; }

  void respond(std::uint64_t /*token*/, transport::HttpResponse response) override {
    if (worker_ == nullptr) return;
    if (answered_) worker_->services_.model.violated("one answer for a request", "two");
    answered_ = true;
    if (what_.written) what_.written(response, worker_->services_.clock.wall());
    worker_->strand_.send([self = shared_from_this(), response = std::move(response)]() mutable {
      if (self->worker_ != nullptr) self->finish(std::move(response));
    });
  }

  // The process died.
  void break_off() {
    if (worker_ != nullptr) finish(std::nullopt);
  }

 private:
  void finish(std::optional<transport::HttpResponse> response) {
    Ground& ground = worker_->services_.ground;
    auto self = shared_from_this();
    std::erase(worker_->requests_, self);
    worker_ = nullptr;
    ground.after(kRoundTrip + ground.lateness(),
                 [self, response = std::move(response)]() mutable { self->then_(std::move(response)); });
  }

  Worker* worker_;
  HttpAsk what_;
  HttpAnswered then_;
  bool answered_ = false;
};

Worker::Worker(Services& services, std::uint32_t shard, LoopLinks links)
    : services_(services),
      strand_(services.ground.make_strand()),
      timers_(services.ground, strand_),
      deadline_({.timeout = milliseconds(services.swarm.limits.store_timeout_ms),
                 .overdue_max = services.swarm.limits.store_overdue_max},
                timers_, services.clock, services.metrics) {
  if (services.spec.app_server) add_app_server();
  if (services.spec.user_agent_ws) add_user_agent_ws(shard, links);
  if (services.spec.user_agent_udp) add_pull(links);
}

// As when a process dies: connections end without a word.
Worker::~Worker() {
  strand_.stop();
  for (const auto& link : std::exchange(links_, {})) link->server_dies();
  for (const auto& request : std::vector(requests_)) request->break_off();
}

void Worker::add_app_server() {
  const Limits& limits = services_.swarm.limits;
  StoreDoor& store = services_.store;
  notify_.emplace(
      roles::app_server::NotifyConfig{.limits = limits, .draining = {}},
      roles::app_server::NotifyPorts{store, store, store, services_.queue, services_.order, store,
                                     services_.installation.cursors, services_.installation.endpoints, deadline_},
      strand_, services_.clock, services_.log, services_.metrics);
  router_.add("/notify", *notify_);
  acceptance_.emplace(roles::app_server::PushAcceptancePorts{store, services_.queue, services_.order, deadline_},
                      strand_, services_.clock, services_.log, services_.metrics);
  vapid_.emplace(std::string(kPublicUrl), limits, services_.clock, services_.metrics);
  context_.emplace(roles::app_server::PushContext{
      {.limits = limits, .public_url = std::string(kPublicUrl), .draining = {}, .trusted_proxies = {}},
      store,
      store,
      *acceptance_,
      *vapid_,
      services_.installation.endpoints,
      services_.rates,
      services_.streams,
      services_.installation.random,
      strand_,
      timers_,
      services_.clock,
      services_.log,
      services_.metrics});
  webpush_.emplace(*context_);
  messages_.emplace(*context_);
  simplepush_.emplace(*context_);
  router_.add(std::string(protocol::subscription::kWebPushPath), *webpush_);
  router_.add(std::string(protocol::subscription::kSimplePushPath), *simplepush_);
  router_.add(std::string(protocol::subscription::kMessagePath), *messages_);
}

void Worker::add_user_agent_ws(std::uint32_t shard, LoopLinks& links) {
  StoreDoor& store = services_.store;
  roles::user_agent_ws::Config config{.server = services_.spec.ws_server,
                                      .shard = shard,
                                      .sleep_server = links.sleep_server,
                                      .public_url = std::string(kPublicUrl),
                                      .limits = services_.swarm.limits,
                                      .allowed = [](const WakeInterface&) { return true; },
                                      .tell_shard = links.tell_shard,
                                      .shards = services_.swarm.shards,
                                      .takeovers = services_.takeovers,
                                      .lease_lapses = links.lease_lapses};
  websockets_.emplace(roles::user_agent_ws::Context{std::move(config), store, store, store, services_.queue, strand_,
                                                    timers_, services_.clock, services_.installation.random,
                                                    services_.installation.tokens, services_.installation.endpoints,
                                                    services_.recent_acks, services_.log, services_.metrics});
}

void Worker::add_pull(LoopLinks& links) {
  pull_.emplace(roles::user_agent_udp::PullConfig{.limits = services_.swarm.limits,
                                                  .public_url = std::string(kPublicUrl),
                                                  .draining = {},
                                                  .pulled = links.pulled},
                roles::user_agent_udp::PullPorts{services_.store, services_.queue, services_.installation.tokens,
                                                 services_.recent_acks},
                strand_, services_.clock, services_.log, services_.metrics);
  router_.add("/pull", *pull_);
}

void Worker::accept(const std::shared_ptr<Link>& link, bool subprotocol, FrameWatcher* watcher) {
  std::erase_if(links_, [](const auto& old) { return !old->server_open(); });
  transport::HttpRequest request;
  request.method = "GET";
  if (subprotocol) request.headers = {{"Sec-WebSocket-Protocol", "push-notification"}};
  auto answer = websockets_->on_upgrade(request);
  auto* accepted = std::get_if<transport::WebSocketAccept>(&answer);
  if (accepted == nullptr) return link->break_off();
  links_.push_back(link);
  link->open(std::move(accepted->handler), watcher);
}

void Worker::ask(HttpAsk what, HttpAnswered then) {
  auto request = std::make_shared<Request>(*this, std::move(what), std::move(then));
  requests_.push_back(request);
  strand_.post([this, request] {
    const HttpAsk& asked = request->what();
    transport::HttpRequest values;
    values.method = asked.method;
    values.target = asked.target;
    const std::string_view target = asked.target;
    const auto mark = target.find('?');
    values.path = target.substr(0, mark);
    if (mark != std::string_view::npos) values.query = target.substr(mark + 1);
    for (const auto& [name, value] : asked.headers) values.headers.emplace_back(name, value);
    values.body = asked.body;
    router_.on_request(values, transport::HttpResponder(request, 1));
  });
}

std::size_t Worker::open_links() const {
  return static_cast<std::size_t>(std::ranges::count_if(links_, [](const auto& link) { return link->server_open(); }));
}

}  // namespace herald::simulation::system
