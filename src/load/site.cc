#include "load/site.h"

namespace herald::load {

Arrival note_arrival(Site& site, const FoundDelivery& found, std::uint64_t device, MonoTime now) {
  const Stamp& stamp = found.stamp;
  const Arrival arrival = site.run.ledger.arrive(stamp.sequence, stamp.app, device, site.run.clock.wall());
  switch (arrival) {
    case Arrival::kFirst:
      site.counters.firsts.add();
      site.recorder.record(stamp.intended_ns, now.ns);
      break;
    case Arrival::kRepeat:
      site.counters.repeats.add();
      break;
    case Arrival::kLate:
      site.counters.late.add();
      break;
    case Arrival::kForeign:
      site.counters.foreign.add();
      break;
  }
  return arrival;
}

}  // namespace herald::load
