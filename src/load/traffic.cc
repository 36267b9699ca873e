#include "load/traffic.h"

namespace herald::load {

namespace {

// The mix of a day of real life, of a thousand.
constexpr unsigned kReusesId = 200;
constexpr unsigned kShortLived = 50;
constexpr unsigned kGathered = 200;
constexpr unsigned kPassive = 100;
constexpr std::uint64_t kIdsPerApp = 2;
constexpr std::uint64_t kShortTtlS = 2;
constexpr std::uint64_t kLongTtlS = 3'600;

}  // namespace

std::uint64_t apps_of_loop(std::uint64_t apps, std::uint64_t loop, std::uint64_t loops) {
  return apps > loop ? (apps - loop - 1) / loops + 1 : 0;
}

Traffic::Traffic(Site& site, SenderPool& senders, std::vector<const Counters*> all)
    : site_(site),
      senders_(senders),
      all_(std::move(all)),
      apps_(apps_of_loop(site.plan().apps, site.number, site.plan().loops)),
      timer_(site.loop) {
  senders_.on_settled([this](std::uint64_t sequence, Outcome outcome) { note_settled(sequence, outcome); });
}

void Traffic::start(const TrafficOrder& order) {
  posted_ = 0;
  order_.reset();
  schedule_.reset();
  if (apps_ == 0) return;
  order_ = order;
  if (order.rate > 0) schedule_.emplace(site_.run.clock.mono(), order.rate);
  pump();
}

bool Traffic::window_full() const {
  if (order_->in_flight == 0) return false;
  std::uint64_t owed = 0;
  std::uint64_t arrived = 0;
  for (const Counters* counters : all_) {
    owed += counters->owed.get();
    arrived += counters->firsts.get();
  }
  return owed >= arrived + order_->in_flight;
}

// True if a message is to be posted now; ends the order if there is none to come.
bool Traffic::due(MonoTime now) {
  const MonoTime intended = schedule_ ? schedule_->next() : now;
  const bool over =
      (order_->count != 0 && posted_ >= order_->count) || (order_->end.ns != 0 && intended >= order_->end);
  if (over) {
    order_.reset();
    return false;
  }
  if (!schedule_) return !window_full();
  if (intended <= now) return true;
  timer_.arm(intended);
  return false;
}

void Traffic::pump() {
  if (!order_) return senders_.flush();
  const MonoTime now = site_.run.clock.mono();
  while (order_ && senders_.has_room() && due(now)) {
    post_one(schedule_ ? schedule_->next().ns : now.ns);
    if (schedule_) schedule_->take();
  }
  senders_.flush();
}

void Traffic::post_one(std::int64_t intended_ns) {
  Posting posting;
  posting.app = static_cast<std::uint32_t>(site_.number + posted_ % apps_ * site_.plan().loops);
  posting.intended_ns = intended_ns;
  ++posted_;
  std::string id;
  std::uint64_t slot = 0;
  if (order_->real_life) dress_for_real_life(posting, id, slot);
  const std::uint64_t sequence = senders_.post(posting);
  site_.counters.owed.add(site_.run.ledger.devices_of(posting.app));
  if (id.empty()) return;
  Reused& reused = reused_[slot];
  reused.sequence = sequence;
  reused.under_way = true;
  slot_under_way_[sequence] = slot;
}

void Traffic::dress_for_real_life(Posting& posting, std::string& id, std::uint64_t& slot) {
  posting.ttl_s = kLongTtlS;
  if (site_.chance(kShortLived)) posting.ttl_s = kShortTtlS;
  posting.priority = site_.chance(kPassive) ? 3 : site_.chance(kGathered) ? 2 : 1;
  if (!site_.chance(kReusesId)) return;
  slot = posting.app * kIdsPerApp + site_.random() % kIdsPerApp;
  Reused& reused = reused_[slot];
  // Two POSTs on two connections may overtake one another: what replaces what is only known once the first is answered.
  if (reused.under_way) return;
  id = "n" + std::to_string(slot % kIdsPerApp) + "-" + std::to_string(reused.generation);
  posting.id = id;
  posting.replaces = reused.accepted ? reused.sequence + 1 : 0;
}

void Traffic::note_settled(std::uint64_t sequence, Outcome outcome) {
  const auto found = slot_under_way_.find(sequence);
  if (found == slot_under_way_.end()) return;
  Reused& reused = reused_[found->second];
  reused.under_way = false;
  reused.accepted = outcome == Outcome::kAccepted;
  // Whether the server knows this id now is open: use it no more.
  if (outcome != Outcome::kAccepted) ++reused.generation;
  slot_under_way_.erase(found);
}

}  // namespace herald::load
