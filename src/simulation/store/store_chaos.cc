// The first phase: calls, faults, crashes and the time in any order. Only safety is checked.

#include <array>
#include <iterator>

#include "simulation/store/store_run.h"

namespace herald::simulation {

namespace {

constexpr int kSteps = 200;

}  // namespace

void StoreRun::chaos() {
  // Most runs need devices that are registered.
  for (std::uint32_t n = 0; n < setting_.devices; ++n) {
    if (!choices_.chance(100)) call_register(app(n % setting_.apps), device(n));
  }
  for (int i = 0; i < kSteps; ++i) {
    choices_.begin_step();
    step();
  }
  settle();
}

void StoreRun::step() {
  enum : std::uint8_t {
    kTime,
    kPut,
    kRoute,
    kAck,
    kSent,
    kRead,
    kSweep,
    kCancel,
    kRegister,
    kLocation,
    kBackground,
    kPurge,
    kFaults,
    kCrash,
    kTogether
  };
  constexpr std::array<std::uint32_t, 15> kWeights{8, 28, 30, 28, 6, 30, 6, 4, 5, 8, 8, 5, 8, 4, 10};
  switch (choices_.weighted(kWeights)) {
    case kTime:
      return pass_time();
    case kPut:
      return put();
    case kRoute:
      return route();
    case kAck:
      return record(DeliveryState::kAcked);
    case kSent:
      return record(DeliveryState::kSent);
    case kRead:
      return read();
    case kSweep:
      return sweep();
    case kCancel:
      return cancel();
    case kRegister:
      return change_registration();
    case kLocation:
      return change_location();
    case kBackground:
      return background();
    case kPurge:
      return purge();
    case kFaults:
      return change_faults();
    case kCrash:
      return crash();
    case kTogether:
      settle();
      together_ = 2 + choices_.below(4);
  }
}

void StoreRun::put() {
  Message message;
  last_id_us_ = std::max(last_id_us_ + 1, now().ms * 1000);
  for (std::size_t i = 0; i < 8; ++i) {
    message.id.bytes[i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(last_id_us_) >> (56 - 8 * i));
  }
  const auto number = ids_.size() + 1;
  message.id.bytes[14] = static_cast<std::uint8_t>(number >> 8U);
  message.id.bytes[15] = static_cast<std::uint8_t>(number);
  message.app = any_app();
  message.priority = static_cast<Priority>(1 + choices_.below(3));
  message.replace_key = std::array<const char*, 4>{"", "", "k", "l"}[choices_.below(4)];
  message.meta = "meta";
  message.body = std::string(std::array<std::size_t, 3>{4, 200, 4'000}[choices_.below(3)], 'b');
  message.accepted_at = now();
  constexpr std::array<std::int64_t, 4> kTtls{3'600'000, 3'600'000, 5'000, 60'000};
  message.expires_at = now() + std::chrono::milliseconds(kTtls[choices_.below(4)]);
  message.transient = choices_.chance(50);
  // Two puts of one app keep their order, but the model does not follow two with one key at once.
  if (!claim({"key " + message.app.hex() + message.replace_key})) return;
  std::vector<std::string> touched{message.id.hex()};
  for (const auto& [id, known] : model_.messages()) {
    const bool replaced = !message.replace_key.empty() && known.message.app == message.app &&
                          known.message.replace_key == message.replace_key;
    if (replaced) touched.push_back(id.hex());
  }
  if (!claim(touched)) return;
  ids_.push_back(message.id);
  call_put(std::move(message));
}

void StoreRun::route() {
  std::vector<ports::NewDeliveries> entries;
  const auto count = 1 + choices_.below(3);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto id = any_message();
    if (!id) return;
    const auto& known = model_.messages();
    const auto found = known.find(*id);
    if (found == known.end() || !claim({id->hex()})) continue;
    auto devices = model_.devices_of(found->second.message.app);
    std::vector<std::string> names;
    for (const auto& each : devices) names.push_back(each.hex());
    if (!claim(names)) continue;
    const bool is_part = devices.size() > 1 && choices_.chance(150);
    if (is_part) devices.resize(1 + choices_.below(static_cast<std::uint32_t>(devices.size())));
    entries.push_back({.message = *id, .user_agents = std::move(devices), .last_page = !is_part});
  }
  if (!entries.empty()) call_add(std::move(entries));
}

void StoreRun::record(DeliveryState state) {
  std::vector<DeliveryEvent> events;
  const auto count = 1 + choices_.below(3);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto id = any_message();
    if (!id) return;
    const auto found = model_.messages().find(*id);
    if (found == model_.messages().end()) continue;
    const auto& deliveries = found->second.deliveries;
    auto user_agent = any_device();
    if (!deliveries.empty() && !choices_.chance(100)) {
      const auto place = choices_.below(static_cast<std::uint32_t>(deliveries.size()));
      user_agent = std::next(deliveries.begin(), place)->first;
    }
    if (!claim({id->hex(), user_agent.hex()})) continue;
    events.push_back({*id, user_agent, state, now(), now()});
  }
  if (!events.empty()) call_record(std::move(events));
}

void StoreRun::cancel() {
  const auto id = any_message();
  if (id && model_.messages().contains(*id) && claim({id->hex()})) call_cancel(*id);
}

void StoreRun::change_registration() {
  const auto id = any_app();
  const auto user_agent = any_device();
  if (!choices_.chance(300)) {
    if (claim({id.hex(), user_agent.hex()})) call_register(id, user_agent);
    return;
  }
  // It may end any message of the device.
  settle();
  call_unregister(id, user_agent);
}

void StoreRun::change_location() {
  const auto user_agent = any_device();
  if (!claim({user_agent.hex()})) return;
  Location location{.kind = LocationKind::kWebSocket, .server = "WS1", .connection = ++connections_};
  switch (choices_.below(4)) {
    case 0:
      return call_set_location(user_agent, location);
    case 1:
      location.connection = 1 + choices_.below(static_cast<std::uint32_t>(connections_));
      return call_leave(user_agent, location);
    case 2:
      if (can_wake(user_agent)) location = {.kind = LocationKind::kSleeping, .server = "UDP1"};
      return call_set_location(user_agent, location);
    default:
      return call_set_location(user_agent, {});
  }
}

// Reads and sweeps may or may not see a change that is under way, so they wait for it.
void StoreRun::sweep() {
  settle();
  const auto before = now() + std::chrono::milliseconds(choices_.chance(300) ? -1'000 : 1'000);
  const auto found = call_unrouted({}, before, 1 + choices_.below(20));
  if (found && !found->empty() && choices_.chance(500)) call_unrouted(found->back().message, before, 20);
}

void StoreRun::purge() {
  settle();
  call_purge();
}

void StoreRun::read() {
  settle();
  const auto id = any_message();
  const bool has_message = id && model_.messages().contains(*id);
  switch (choices_.below(8)) {
    case 0:
    case 1: {
      std::optional<MessageId> after;
      if (has_message && choices_.chance(300)) after = id;
      call_pending(any_device(), after, choices_.chance(300) ? 1 + choices_.below(3) : 100);
      return;
    }
    case 2:
      if (has_message) call_status(*id);
      return;
    case 3:
      if (has_message) call_of_message(*id);
      return;
    case 4:
      if (has_message) call_fetch({*id, ids_.front(), ids_.back()});
      return;
    case 5:
      return call_locate({any_device(), any_device()});
    case 6:
      return call_nodes_of(any_app());
    default:
      return choices_.chance(500) ? call_sleepers() : call_apps_of(any_device());
  }
}

void StoreRun::background() {
  settle();
  const auto waiting = static_cast<std::uint32_t>(world_.work().waiting());
  if (waiting == 0) return;
  trace_.event("background work");
  world_.work().run(choices_.below(waiting));
  if (world_.died()) end_process(setting_.power_cuts);
}

void StoreRun::pass_time() {
  settle();
  constexpr std::array<std::uint32_t, 5> kTimesMs{0, 1, 100, 3'000, 20'000};
  const auto ms = kTimesMs[choices_.below(5)];
  if (setting_.clock_jumps && choices_.chance(200)) {
    const auto jump = choices_.chance(500) ? -5'000 : 86'400'000;
    trace_.fault("clock jump");
    world_.clock().set_ahead(std::chrono::milliseconds(jump));
    return;
  }
  trace_.event("{} ms pass", ms);
  world_.clock().advance(std::chrono::milliseconds(ms));
  world_.turn();
  if (world_.died()) end_process(setting_.power_cuts);
}

void StoreRun::change_faults() {
  if (setting_.faults.empty() || world_.faults().any() || choices_.chance(300)) {
    trace_.event("the disk works");
    return world_.faults().clear();
  }
  const auto fault = choices_.one_of(setting_.faults);
  const auto rate = std::array<std::uint32_t, 4>{50, 200, 500, 1'000}[choices_.below(4)];
  trace_.event("{}: {} in 1,000", to_string(fault), rate);
  world_.faults().set(fault, rate);
}

void StoreRun::crash() {
  const bool power = setting_.power_cuts && (!setting_.kills || choices_.chance(500));
  if (!power && !setting_.kills) return;
  if (choices_.chance(600)) {
    const auto changes = choices_.below(12);
    trace_.event("the process dies after {} changes of the disk", changes);
    return world_.die_after(changes);
  }
  end_process(power);
}

}  // namespace herald::simulation
