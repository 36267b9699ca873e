#pragma once
// What the parts of one loop share.

#include <cstdint>
#include <random>

#include "load/app_table.h"
#include "load/counters.h"
#include "load/ledger.h"
#include "load/link.h"
#include "load/plan.h"
#include "load/recorder.h"
#include "load/webpush.h"
#include "transport/event_loop.h"

namespace herald::load {

// Of one run, shared by its loops.
struct Run {
  const Plan& plan;
  const Target& target;
  Ledger& ledger;
  AppTable& apps;
  const Clock& clock;
  WebPushSender* webpush = nullptr;  // null: the 2012 flow
};

// Of one loop. All references outlive it.
struct Site {
  const Run& run;
  std::size_t number;  // of the loop, and of its book in the ledger
  transport::EventLoop& loop;
  LinkMaker& links;
  Counters& counters;
  Recorder& recorder;
  std::minstd_rand random;  // for choices that need not be secret; seeded by run and number

  [[nodiscard]] const Plan& plan() const { return run.plan; }
  // True in `per_mille` of a thousand calls.
  [[nodiscard]] bool chance(unsigned per_mille) { return random() % 1000 < per_mille; }
};

// Notes the arrival of `found` at device `device`; answers what it was.
Arrival note_arrival(Site& site, const FoundDelivery& found, std::uint64_t device, MonoTime now);

}  // namespace herald::load
