#include "app/lease_claim.h"

namespace herald::app {

LeaseClaim::Next LeaseClaim::answered(const Status& renewed, const ServerLease* holder, MonoTime now) {
  if (renewed) return Next::kHeld;
  if (renewed.error().kind != ErrorKind::kConflict) {
    reason_ = "server id " + server_ + " can't be registered: " + renewed.error().message;
    return now < give_up_at_ ? Next::kAskAgain : Next::kRefused;
  }
  reason_ = "server id " + server_ +
            " is held by another running herald; give each process its own with --server-id "
            "and --udp-server-id";
  if (holder == nullptr) return Next::kAskAgain;
  // A lease that moves has a process behind it; one that stands still ends by itself.
  if (seen_ && *seen_ != *holder) return Next::kRefused;
  seen_ = *holder;
  return Next::kAskAgain;
}

}  // namespace herald::app
