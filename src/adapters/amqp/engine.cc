#include "adapters/amqp/engine.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/encoding.h"

namespace herald::adapters {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTick{200};
// A connection that lasted so long was good: the next wait is short again.
constexpr milliseconds kGoodConnection{5'000};
// For a broker that does not answer the close.
constexpr milliseconds kStopPatience{1'000};

proton::duration duration_of(milliseconds time) {
  return proton::duration(static_cast<proton::duration::numeric_type>(time.count()));
}

const Error& away() {
  static const Error error{ErrorKind::kUnavailable, "the broker is away"};
  return error;
}

const Error& full() {
  static const Error error{ErrorKind::kExhausted, "the broker takes no more for a queue"};
  return error;
}

}  // namespace

Engine::Engine(AmqpConfig config, const Clock& clock, RandomSource& random, Log& log, Metrics& metrics)
    : config_(std::move(config)),
      clock_(clock),
      random_(random),
      log_(log),
      connected_gauge_(metrics.gauge("herald_queue_connected", "1 while there is a connection to a broker.")),
      connections_(metrics.counter("herald_queue_connections_total", "Connections to a broker that were opened.")),
      resent_(metrics.counter("herald_queue_resent_total",
                              "Envelopes sent again because the connection broke before the broker accepted them.")),
      given_up_(metrics.counter("herald_queue_given_up_total",
                                "Envelopes refused to their producers because the broker was away or its queue full.")),
      outboxes_(config_.limits.queue_max_messages, config_.limits.queue_unaccepted_max_bytes),
      away_since_(clock.mono()),
      back_off_(milliseconds(config_.limits.broker_retry_first_ms), milliseconds(config_.limits.broker_retry_most_ms),
                random),
      idle_work_(container_),
      wake_(&idle_work_) {
  container_.auto_stop(false);
  thread_ = std::thread([this] { run(); });
  waker_ = std::thread([this] { pass_wakes_on(); });
  run_soon([this] {
    connect();
    tick();
  });
}

Engine::~Engine() {
  stop();
}

void Engine::publish(const std::string& queue, Publication publication) {
  if (stopped_ || away_too_long()) return std::move(publication.reply)(std::unexpected(away()));
  auto outbox = outboxes_.reserve(queue, publication.bodies);
  if (!outbox) {
    return std::move(publication.reply)(fail(ErrorKind::kExhausted, "queue " + queue + " is full"));
  }
  run_soon([this, outbox = std::move(outbox), publication = std::move(publication)]() mutable {
    outbox->add(std::move(publication));
    if (live()) connection_->send(outbox);
  });
}

void Engine::add(std::shared_ptr<Inbound> inbound) {
  run_soon([this, inbound = std::move(inbound)]() mutable {
    Intake& intake = intakes_.emplace_back(Intake{std::move(inbound), 0});
    if (live()) connection_->receive(intake);
  });
}

void Engine::remove(std::shared_ptr<Inbound> inbound) {
  run_soon([this, inbound = std::move(inbound)] {
    const auto found = find(*inbound);
    if (found == intakes_.end()) return;
    if (live()) connection_->release(*found);
    found->ended = true;
  });
}

void Engine::settled(Inbound& inbound, DeliveryRange range) {
  run_soon([this, &inbound, keep = inbound.shared_from_this(), range] {
    const auto found = find(inbound);
    if (found == intakes_.end() || found->ended) return;
    found->unsettled -= std::min(found->unsettled, range.count);
    if (live()) connection_->settled(*found, range);
  });
}

void Engine::stop() {
  if (stopped_.exchange(true)) return;
  run_soon([this] { begin_stop(); });
  if (over_.get_future().wait_for(kStopPatience) != std::future_status::ready) container_.stop();
  thread_.join();
  {
    const std::lock_guard lock(wake_mutex_);
    wakes_over_ = true;
  }
  wake_asked_.notify_one();
  waker_.join();
  take_tasks();
  for (const auto& outbox : outboxes_.all()) outbox->give_up(clock_.mono() + std::chrono::hours(1), away());
}

void Engine::run_soon(Task task) {
  if (!tasks_.push(std::move(task))) return;
  {
    const std::lock_guard lock(wake_mutex_);
    wake_wanted_ = true;
  }
  wake_asked_.notify_one();
}

void Engine::pass_wakes_on() {
  std::unique_lock lock(wake_mutex_);
  for (;;) {
    wake_asked_.wait(lock, [this] { return wake_wanted_ || wakes_over_; });
    if (wakes_over_) return;
    wake_wanted_ = false;
    wake_->add([this, count = wake_count_] { woken(count); });
  }
}

// Links may be touched only in their connection's turn.
void Engine::woken(std::uint64_t wake_count) {
  if (wake_count == wake_count_) take_tasks();
}

void Engine::take_tasks() {
  for (auto& task : tasks_.take_all()) task();
}

// Nothing of ours throws; if Proton does, the connection is in no known state, and a new one is made.
void Engine::run() {
  for (;;) {
    try {
      container_.run();
      return over_.set_value();
    } catch (const std::exception& error) {
      log_.error("queue client failed", {{"reason", std::string_view(error.what())}});
      if (connection_) connection_->abandon(error.what());
    }
  }
}

void Engine::connect() {
  if (stopped_) return;
  const BrokerUrl& broker = config_.brokers[broker_];
  ConnectionEvents events{.opened = [this] { opened(); },
                          .ended = [this](const std::string& reason) { ended(reason); },
                          .link_ended =
                              [this](const std::string& queue, const std::string& reason) {
                                log_.warning("queue link ended", {{"queue", std::string_view(queue)},
                                                                  {"reason", std::string_view(reason)}});
                              }};
  connection_ =
      std::make_unique<BrokerConnection>(container_, broker, connection_id(), config_, clock_, std::move(events));
}

void Engine::plan_connect(milliseconds delay) {
  container_.schedule(duration_of(delay), [this] { run_soon([this] { connect(); }); });
}

void Engine::opened() {
  connected_ = true;
  connected_gauge_.set(1);
  connections_.add();
  // Not before: what is still in a broker that lives comes by itself.
  if (std::exchange(was_connected_, true)) ++losses_;
  complained_ = false;
  log_.info("broker connected", {{"broker", std::string_view(config_.brokers[broker_].to_string())}});
  // Before the tasks that wait: those open what they add themselves.
  for (auto& intake : intakes_) connection_->receive(intake);
  for (const auto& outbox : outboxes_.all()) {
    if (outbox->unaccepted() > 0) connection_->send(outbox);
  }
  wake_on(connection_->work_queue());
}

// The brokers are tried one after the other, then after a wait all of them again.
void Engine::ended(const std::string& reason) {
  const bool was_open = connected_.exchange(false);
  if (was_open) {
    away_since_ = clock_.mono();
    connected_gauge_.set(0);
    resent_.add(connection_->interrupted());
    if (clock_.mono() - connection_->began() >= kGoodConnection) back_off_.reset();
    wake_on(idle_work_);
  }
  if (!complained_ && !stopped_) {
    log_.warning(
        was_open ? "broker lost" : "broker not reached",
        {{"broker", std::string_view(config_.brokers[broker_].to_string())}, {"reason", std::string_view(reason)}});
  }
  ended_.push_back(std::move(connection_));
  if (stopped_) return container_.stop();
  broker_ = was_open ? 0 : (broker_ + 1) % config_.brokers.size();
  const bool all_tried = broker_ == 0;
  complained_ = complained_ || (all_tried && !was_open);
  plan_connect(all_tried ? back_off_.next() : milliseconds(0));
}

// What was left for the former one is taken here, so that nothing waits for a queue that is gone.
void Engine::wake_on(proton::work_queue& work) {
  {
    const std::lock_guard lock(wake_mutex_);
    wake_ = &work;
    ++wake_count_;
  }
  take_tasks();
}

void Engine::tick() {
  if (stopped_) return;
  container_.schedule(duration_of(kTick), [this] { run_soon([this] { tick(); }); });
  give_up();
  std::erase_if(ended_, [](const auto& connection) { return connection->finished(); });
  std::erase_if(intakes_, [](const Intake& intake) { return intake.ended; });
  if (!connection_) return;
  if (connection_->open()) {
    for (const auto& outbox : connection_->tend(milliseconds(config_.limits.broker_sender_idle_ms))) {
      outboxes_.forget(outbox);
    }
  } else if (clock_.mono() - connection_->began() > milliseconds(config_.limits.broker_connect_timeout_ms)) {
    connection_->abandon("no answer in time");
  }
}

void Engine::give_up() {
  const MonoTime before = clock_.mono() + -milliseconds(config_.limits.queue_patience_ms);
  for (const auto& outbox : outboxes_.all()) {
    const std::size_t waiting = outbox->unaccepted();
    outbox->give_up(before, connected() ? full() : away());
    given_up_.add(waiting - std::min(waiting, outbox->unaccepted()));
  }
}

void Engine::begin_stop() {
  if (!connection_) return container_.stop();
  connection_->close();
}

std::list<Intake>::iterator Engine::find(const Inbound& inbound) {
  return std::ranges::find_if(intakes_, [&](const Intake& intake) { return intake.inbound.get() == &inbound; });
}

bool Engine::away_too_long() const {
  return !connected() && clock_.mono() - away_since_.load() > milliseconds(config_.limits.queue_patience_ms);
}

// Brokers refuse a second connection under one id.
std::string Engine::connection_id() {
  std::array<std::uint8_t, 8> bytes{};
  random_.fill(bytes);
  return config_.name + "-" + to_hex(bytes);
}

}  // namespace herald::adapters
