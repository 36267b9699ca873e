// The second phase: the disk works, and every device comes and acks. Everything must drain, and nothing may be left.

#include "simulation/store/store_run.h"

namespace herald::simulation {

namespace {

constexpr int kRoundsMost = 200;
constexpr std::size_t kPage = 7;
constexpr std::chrono::milliseconds kLongestTtl{3'600'000};

}  // namespace

void StoreRun::calm() {
  trace_.event("calm");
  choices_.begin_step();
  world_.faults().clear();
  world_.live_on();
  // Longer than the store waits before it tries a disk again that failed.
  world_.clock().advance(std::chrono::seconds(20));
  if (is_damaged()) return;
  come_back();
  route_all();
  for (std::uint32_t n = 0; n < setting_.devices; ++n) drain(device(n));
  check_ended();
  empty_directory();
  purge_all();
  world_.close();
  const auto left = world_.rows_left();
  if (!left) throw Violation{"rows: they cannot be read: " + left.error().message};
  if (!left->empty() && !left->starts_with("default: "))
    throw Violation{"rows: after everything has ended there are left " + *left};
}

// A store whose disk had failed tries it again by itself, at most some seconds apart, when it has something to write.
void StoreRun::come_back() {
  constexpr int kTriesMost = 5;
  for (int i = 0; i < kTriesMost; ++i) {
    if (call_purge() && writes()) return;
    world_.clock().advance(std::chrono::seconds(10));
  }
  throw Violation{"calm: the store does not come back: " + last_error_.value_or(Error{}).message};
}

// A failure of RocksDB's background work shows with the next write.
bool StoreRun::writes() {
  call_set_location(device(0), {});
  if (last_error_) return false;
  call_set_location(device(0), {.kind = LocationKind::kSleeping, .server = "UDP1"});
  return !last_error_;
}

void StoreRun::route_all() {
  for (int round = 0; round < kRoundsMost; ++round) {
    const auto found = call_unrouted({}, now() + std::chrono::hours(48), 100);
    if (!found) throw Violation{"calm: the sweep fails: " + last_error_.value_or(Error{}).message};
    if (found->empty()) return;
    for (const auto& each : *found) {
      call_add({{.message = each.message, .user_agents = model_.devices_of(each.app), .last_page = true}});
      if (last_error_) throw Violation{"calm: routing fails: " + last_error_->message};
    }
  }
  throw Violation{"drain: the sweep finds messages for ever"};
}

void StoreRun::drain(const UserAgentId& device) {
  for (int round = 0; round < kRoundsMost; ++round) {
    const auto page = call_pending(device, {}, kPage);
    if (!page) throw Violation{"calm: pending fails: " + last_error_.value_or(Error{}).message};
    if (page->messages.empty()) return;
    std::vector<DeliveryEvent> events;
    for (const auto& message : page->messages) {
      events.push_back({message->id, device, DeliveryState::kAcked, now(), now()});
    }
    call_record(std::move(events));
    if (last_error_) throw Violation{"calm: record fails: " + last_error_->message};
  }
  throw Violation{"drain: a device has messages for ever"};
}

// Transient messages are not in pending(); they end when their time is over.
void StoreRun::check_ended() {
  for (const auto& id : ids_) {
    if (!model_.messages().contains(id)) continue;
    call_of_message(id);
    const auto found = call_status(id);
    if (!found || found->state != DeliveryState::kPending || model_.message(id).message.transient) continue;
    throw Violation{"drain: a message is outstanding after every device acked everything"};
  }
}

void StoreRun::empty_directory() {
  for (std::uint32_t n = 0; n < setting_.devices; ++n) {
    for (std::uint32_t m = 0; m < setting_.apps; ++m) call_unregister(app(m), device(n));
    call_set_location(device(n), {});
  }
}

void StoreRun::purge_all() {
  world_.clock().advance(kLongestTtl + kRetention + std::chrono::hours(25));
  for (int round = 0, idle = 0; round < kRoundsMost; ++round) {
    const auto outcome = call_purge();
    if (!outcome) throw Violation{"calm: the purge fails: " + last_error_.value_or(Error{}).message};
    idle = outcome->more || outcome->removed > 0 || outcome->expired > 0 ? 0 : idle + 1;
    if (idle == 3) return;
    // What just expired is kept for the retention, and its row is at most a second late.
    world_.clock().advance(kRetention + std::chrono::seconds(2));
  }
  throw Violation{"drain: the purge never ends"};
}

}  // namespace herald::simulation
