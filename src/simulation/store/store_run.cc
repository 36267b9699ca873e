#include "simulation/store/store_run.h"

#include <algorithm>

namespace herald::simulation {

namespace {

// Turns of the store within which a call must be answered.
constexpr int kTurnsMost = 2'000;
constexpr int kStartsMost = 6;

}  // namespace

StoreSetting::StoreSetting(Choices& choices) {
  limits.young_ms = std::array<std::uint64_t, 3>{2'000, 0, 200}[choices.below(3)];
  limits.young_bytes = std::array<std::uint64_t, 3>{67'108'864, 0, 4'000}[choices.below(3)];
  limits.commit_interval_us = std::array<std::uint64_t, 2>{1'000, 0}[choices.below(2)];
  limits.pending_per_device = choices.chance(200) ? 3 : 10'000;
  apps = 1 + choices.below(3);
  // More than sixteen deliveries of a message get rows of their own.
  devices = choices.chance(150) ? 20 : 1 + choices.below(4);
  kills = choices.chance(500);
  power_cuts = choices.chance(400);
  clock_jumps = choices.chance(150);
  for (std::size_t i = 0; i < kDiskFaults; ++i) {
    // A damaged block ends what the model knows, so few runs have one.
    const std::uint32_t rate = static_cast<DiskFault>(i) == DiskFault::kCorruptRead ? 40 : 250;
    if (choices.chance(rate)) faults.push_back(static_cast<DiskFault>(i));
  }
}

StoreRun::StoreRun(Choices& choices, Trace& trace)
    : choices_(choices),
      trace_(trace),
      setting_(choices),
      world_(choices, trace, setting_.limits),
      model_(setting_.limits.pending_per_device) {}

void StoreRun::run() {
  start();
  chaos();
  calm();
}

AppId StoreRun::app(std::uint32_t n) const {
  AppId id;
  id.bytes.fill(static_cast<std::uint8_t>(n + 1));
  return id;
}

UserAgentId StoreRun::device(std::uint32_t n) const {
  UserAgentId id;
  id.bytes.fill(static_cast<std::uint8_t>(n + 1));
  return id;
}

std::optional<MessageId> StoreRun::any_message() {
  if (ids_.empty()) return std::nullopt;
  constexpr std::uint32_t kNewest = 12;
  const auto back = choices_.below(std::min(kNewest, static_cast<std::uint32_t>(ids_.size())));
  return ids_[ids_.size() - 1 - back];
}

bool StoreRun::claim(std::vector<std::string> names) {
  if (std::ranges::any_of(names, [this](const auto& each) { return claimed_.contains(each); })) return false;
  claimed_.insert(names.begin(), names.end());
  return true;
}

// Only a durable call that fails, or a call that is not answered, leaves anything open.
void StoreRun::note_error(const Error& error) {
  last_error_ = error;
  if (error.kind == ErrorKind::kNotFound || error.kind == ErrorKind::kExhausted) return;
  is_in_doubt_ = true;
  if (error.kind != ErrorKind::kUnavailable && error.kind != ErrorKind::kCorrupt) {
    throw Violation{"error: of the kind " + std::string(to_string(error.kind)) + ": " + error.message};
  }
}

void StoreRun::end_call() {
  if (together_ > 0) --together_;
  if (together_ == 0) settle();
}

void StoreRun::settle() {
  together_ = 0;
  for (int turns = 0; !open_.empty(); ++turns) {
    if (turns == kTurnsMost) throw Violation{"answered: never: " + open_.front()->what};
    const bool stepped = world_.turn();
    std::erase_if(open_, [](const auto& each) { return each->answered; });
    if (world_.died()) return end_process(setting_.power_cuts && choices_.chance(500));
    // A turn may only find that it is not time yet, so time passes.
    const bool waits = !open_.empty() && world_.wait();
    if (stepped || waits || open_.empty()) continue;
    if (world_.work().waiting() == 0) throw Violation{"answered: never: " + open_.front()->what};
    world_.work().run(0);
  }
  claimed_.clear();
  if (is_in_doubt_) model_.in_doubt();
}

void StoreRun::end_process(bool power_cut) {
  trace_.fault(power_cut ? "power cut" : "kill");
  if (power_cut) {
    world_.cut_power();
  } else {
    world_.kill();
  }
  for (const auto& call : std::exchange(open_, {})) {
    if (!call->answered) call->unanswered();
  }
  claimed_.clear();
  together_ = 0;
  if (power_cut) {
    model_.power_cut();
  } else {
    model_.killed();
  }
  start();
}

// A failing disk may stop a start, but not for longer than it fails, and it must not pass for damage.
void StoreRun::start() {
  for (int starts = 0;; ++starts) {
    if (starts == kStartsMost) world_.faults().clear();
    const bool faults = world_.faults().any();
    const auto corrupt = world_.faults().struck(DiskFault::kCorruptRead);
    if (faults && choices_.chance(200)) world_.die_in_next_process(choices_.below(30));
    const auto opened = world_.open();
    if (opened) {
      trace_.event("started");
      return;
    }
    trace_.event("start failed: {}", to_string(opened.error().kind));
    if (!faults && !world_.died_last()) throw Violation{"start: the store does not open: " + opened.error().message};
    const bool may_be_damaged = world_.faults().struck(DiskFault::kCorruptRead) != corrupt;
    if (opened.error().kind != ErrorKind::kUnavailable && !may_be_damaged && !world_.died_last()) {
      throw Violation{"start: a failing disk passes for " + std::string(to_string(opened.error().kind)) + ": " +
                      opened.error().message};
    }
    model_.killed();
  }
}

}  // namespace herald::simulation
