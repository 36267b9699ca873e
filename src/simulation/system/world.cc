#include "simulation/system/world.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace herald::simulation::system {

namespace {

// Everything must have drained so long after the last fault.
constexpr milliseconds kCalmMost{60'000};
constexpr milliseconds kCalmSlice{500};
constexpr milliseconds kWarmUp{50};
constexpr std::uint32_t kDownMostMs = 3'000;
constexpr std::uint32_t kPartitionMostMs = 5'000;

// The answer of a store that answers within the call.
template <class T, class Call>
T answer_of(Call call) {
  InlineExecutor inline_executor;
  T answer = fail(ErrorKind::kUnavailable, "no answer");
  call(Reply<T>(inline_executor, [&answer](T given) { answer = std::move(given); }));
  return answer;
}

}  // namespace

World::World(Choices& choices, Trace& trace)
    : choices_(choices),
      trace_(trace),
      swarm_(draw_swarm(choices)),
      ground_(choices, trace),
      model_(ground_),
      random_(choices.below(1'000'000)),
      installation_(random_),
      true_clock_(ground_),
      broker_(ground_, swarm_.queue),
      store_(swarm_.limits, true_clock_),
      site_{ground_, swarm_, installation_, model_, broker_, {store_, store_, store_, store_, store_}, *this} {
  ground_.set_pace(swarm_.pace);
  for (std::uint32_t i = 0; i < swarm_.apps; ++i) apps_.push_back(fmt::format("app{}", i));
  senders_ = std::make_unique<Senders>(site_, apps_, [this](HttpAsk what, HttpAnswered then) {
    ask(&ProcessSpec::app_server, std::move(what), std::move(then));
  });
  make_processes();
  make_devices();
}

World::~World() {
  for (auto& process : processes_) process->kill();
}

void World::make_processes() {
  const auto add = [this](ProcessSpec spec) {
    processes_.push_back(std::make_unique<Process>(site_, std::move(spec)));
    processes_.back()->start();
  };
  if (!swarm_.cluster) {
    return add({.name = "herald",
                .app_server = true,
                .monitor = true,
                .manager = true,
                .user_agent_ws = true,
                .user_agent_udp = true});
  }
  for (std::uint32_t i = 1; i <= swarm_.app_servers; ++i) add({.name = fmt::format("AS{}", i), .app_server = true});
  for (std::uint32_t i = 1; i <= swarm_.monitors; ++i) add({.name = fmt::format("MON{}", i), .monitor = true});
  for (std::uint32_t i = 1; i <= swarm_.managers; ++i) add({.name = fmt::format("MGR{}", i), .manager = true});
  for (std::uint32_t i = 1; i <= swarm_.ws_servers; ++i) {
    const auto name = fmt::format("WS{}", i);
    add({.name = name, .user_agent_ws = true, .ws_server = name});
  }
  for (std::uint32_t i = 1; i <= swarm_.udp_servers; ++i) {
    const auto name = fmt::format("UDP{}", i);
    add({.name = name, .user_agent_udp = true, .udp_server = name});
  }
}

void World::make_devices() {
  for (std::uint32_t i = 0; i < swarm_.devices; ++i) {
    UserAgentId id;
    random_.fill(id.bytes);
    id.bytes.back() = static_cast<std::uint8_t>(i);
    std::vector<std::string> apps;
    for (const auto& app : apps_) {
      if (apps.empty() || choices_.chance(500)) apps.push_back(app);
    }
    const bool sleeps = swarm_.sleepers && choices_.chance(500);
    devices_.push_back(
        std::make_unique<Flow2012Device>(site_, static_cast<DeviceHost&>(*this), id, std::move(apps), sleeps));
  }
}

Process* World::serving(bool ProcessSpec::* role) {
  std::vector<Process*> found;
  for (const auto& process : processes_) {
    if (process->spec().*role && process->serving()) found.push_back(process.get());
  }
  return found.empty() ? nullptr : choices_.one_of(found);
}

std::shared_ptr<Link> World::connect(DeviceEnd& device, FrameWatcher& watcher, bool subprotocol) {
  Process* process = serving(&ProcessSpec::user_agent_ws);
  if (process == nullptr) return nullptr;
  Worker& worker = process->worker(choices_.below(swarm_.shards));
  auto link = std::make_shared<Link>(ground_, worker.strand(), process->clock(), device);
  // Broken off if the process dies before it has taken it.
  std::shared_ptr<void> token(nullptr, [link](void*) {
    if (!link->was_opened()) link->break_off();
  });
  worker.strand().post(
      [&worker, link, subprotocol, &watcher, token = std::move(token)] { worker.accept(link, subprotocol, &watcher); });
  return link;
}

void World::ask(bool ProcessSpec::* role, HttpAsk what, HttpAnswered then) {
  Process* process = serving(role);
  if (process == nullptr) {
    ground_.after(milliseconds(0), [then = std::move(then)]() mutable { then(std::nullopt); });
    return;
  }
  process->worker(choices_.below(swarm_.shards)).ask(std::move(what), std::move(then));
}

void World::pull(HttpAsk what, const UserAgentId& /*device*/, HttpAnswered then) {
  ask(&ProcessSpec::user_agent_udp, std::move(what), std::move(then));
}

Status World::send(const WakeInterface& to, std::string_view /*datagram*/) {
  if (!calm_ && choices_.chance(200)) {
    trace_.fault("ping lost");
    return {};
  }
  const std::size_t device = to.port - 5'000U;
  trace_.event("ping device {}", device);
  ground_.after(ground_.lateness(), [this, device] {
    if (device < devices_.size()) devices_[device]->pinged();
  });
  return {};
}

// Most of what may go wrong needs devices that are there, so most runs begin with them.
void World::chaos() {
  if (!choices_.chance(100)) {
    ground_.run_until(ground_.now() + kWarmUp);
    for (const auto& device : devices_) device->act();
    ground_.run_until(ground_.now() + kWarmUp);
  }
  for (std::uint32_t step = 0; step < swarm_.steps && !model_.violation(); ++step) {
    choices_.begin_step();
    if (choices_.chance(swarm_.rates.action)) {
      act();
    } else {
      ground_.run_one();
    }
  }
}

void World::act() {
  const auto what = choices_.below(10);
  if (what < 5) return senders_->act();
  if (what < 8) return choices_.one_of(devices_)->act();
  inject();
}

void World::inject() {
  const Rates& rates = swarm_.rates;
  Process& process = *choices_.one_of(processes_);
  if (choices_.chance(10 * rates.crash) && process.running()) {
    trace_.fault("crash");
    process.kill();
    if (!swarm_.cluster) broker_.forget_everything();
    restart_later(process);
  }
  if (swarm_.cluster && choices_.chance(10 * rates.partition) && process.running() && process.queue().connected()) {
    trace_.fault("broker away");
    BrokerHandle& handle = process.queue();
    handle.disconnect();
    ground_.after(milliseconds(choices_.below(kPartitionMostMs)), [&handle] { handle.reconnect(); });
  }
  if (swarm_.cluster && choices_.chance(10 * rates.broker_crash)) {
    trace_.fault("broker crash");
    broker_.crash();
  }
}

void World::restart_later(Process& process) {
  ground_.after(milliseconds(choices_.below(kDownMostMs)), [&process] { process.start(); });
}

void World::calm_down() {
  trace_.event("calm");
  calm_ = true;
  swarm_.store = StoreFaults{};
  swarm_.pace = Pace{};
  ground_.set_pace(swarm_.pace);
  broker_.stop_faults();
  for (const auto& process : processes_) {
    process->start();
    process->queue().reconnect();
  }
  ground_.run_until(ground_.now() + milliseconds(kDownMostMs));
  model_.calm_down();
  for (const auto& device : devices_) device->calm_down();
}

std::vector<ports::Unrouted> World::unrouted() {
  using Found = Result<std::vector<ports::Unrouted>>;
  const auto found = answer_of<Found>([this](Reply<Found> reply) {
    store_.unrouted(std::nullopt, true_clock_.wall() + std::chrono::hours(24), 1, std::move(reply));
  });
  return *found;
}

std::string World::whereabouts(const UserAgentId& device) {
  using Nodes = Result<std::vector<Node>>;
  const auto nodes = answer_of<Nodes>([&](Reply<Nodes> reply) { store_.locate({device}, std::move(reply)); });
  const Location& at = nodes->front().location;
  return fmt::format("{} on '{}' shard {}, {} a wake interface", static_cast<int>(at.kind), at.server, at.shard,
                     nodes->front().wake ? "with" : "without");
}

bool World::pending_for(const UserAgentId& device) {
  using Page = Result<ports::PendingPage>;
  const auto page = answer_of<Page>(
      [&](Reply<Page> reply) { store_.pending(device, std::nullopt, 1, true_clock_.wall(), std::move(reply)); });
  return !page->messages.empty();
}

std::string World::busy_with() {
  if (senders_->unanswered() != 0) return fmt::format("{} requests are not answered", senders_->unanswered());
  if (const auto left = unrouted(); !left.empty()) return fmt::format("{} is not routed", left.front().message.hex());
  for (const auto& device : devices_) {
    const auto name = device->id().bytes.back();
    if (const auto what = device->waits_for(); !what.empty()) return fmt::format("device {} waits for {}", name, what);
    if (pending_for(device->id())) return fmt::format("a message is pending for device {}", name);
  }
  if (!broker_.empty()) return "queues are not empty";
  for (const auto& process : processes_) {
    if (auto busy = process->busy_with(); !busy.empty()) return busy;
  }
  return {};
}

bool World::settle() {
  const MonoTime end = ground_.now() + kCalmMost;
  while (ground_.now() < end && !model_.violation()) {
    ground_.run_until(ground_.now() + kCalmSlice);
    if (busy_with().empty()) return true;
    for (const auto& device : devices_) device->nudge();
  }
  return model_.violation().has_value();
}

void World::probe() {
  const std::size_t window = std::min<std::size_t>(swarm_.limits.unacked_window, 8);
  for (const auto& device : devices_) device->hold_acks(true);
  const std::uint64_t first = model_.posts() + 1;
  for (std::size_t i = 0; i < window; ++i) senders_->post(apps_.front());
  ground_.run_until(ground_.now() + kCalmSlice * 20);
  check_reached(first, window, "a window is as wide as configured");
  // Now the window of that app is full. One more makes it wait; its neighbours must not.
  senders_->post(apps_.front());
  const std::uint64_t neighbours = model_.posts() + 1;
  for (std::size_t i = 1; i < apps_.size(); ++i) senders_->post(apps_[i]);
  ground_.run_until(ground_.now() + kCalmSlice * 20);
  check_reached(neighbours, apps_.size() - 1, "an app that is not acked costs only itself");
  for (const auto& device : devices_) device->hold_acks(false);
}

void World::check_reached(std::uint64_t first, std::size_t count, std::string_view rule) {
  for (std::uint64_t number = first; number < first + count; ++number) {
    const auto& post = model_.post(number);
    if (post.accepted == 0 && !model_.anyone_registered(post.app)) continue;
    if (!post.id || post.accepted == 0) return model_.violated("a calm server accepts", fmt::format("m{}", number));
    for (const auto& device : model_.sure_recipients(*model_.find(*post.id))) {
      if (model_.has_received(device, *post.id)) continue;
      return model_.violated(
          rule, fmt::format("m{} waits for device {}, which is {}", number, device.bytes.back(), whereabouts(device)));
    }
  }
}

void World::check_receipts() {
  using Found = Result<ports::MessageStatus>;
  for (const auto& [id, message] : model_.messages()) {
    const auto status = answer_of<Found>(
        [&](Reply<Found> reply) { store_.status(message.app, id.hex(), true_clock_.wall(), std::move(reply)); });
    if (!status) {
      if (message.stored != 0) model_.violated("accepted means stored", fmt::format("m{} is gone", message.post));
      continue;
    }
    if (!is_final(status->state)) {
      model_.violated("everything ends", fmt::format("m{} is {}", message.post, to_string(status->state)));
    }
    model_.receipt(id, {ground_.step(), ground_.step(), status->acked, status->state != DeliveryState::kExpired});
  }
}

std::optional<std::string> World::run() {
  chaos();
  if (model_.violation()) return model_.violation();
  calm_down();
  if (!settle()) return fmt::format("everything drains in {} s: {}", kCalmMost.count() / 1000, busy_with());
  if (model_.violation()) return model_.violation();
  model_.check_delivered(true_clock_.wall());
  probe();
  if (model_.violation()) return model_.violation();
  if (!settle()) return fmt::format("everything drains in {} s: {}", kCalmMost.count() / 1000, busy_with());
  model_.check_delivered(true_clock_.wall());
  check_receipts();
  return model_.violation();
}

}  // namespace herald::simulation::system
