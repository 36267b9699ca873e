#include "domain/fair_share.h"

#include <algorithm>
#include <iterator>

namespace herald {

void FairShare::offer(const MessagePtr& message) {
  Share& share = shares_[message->app];
  if (share.closed) return;
  if (messages_.size() >= places_ && !make_room(share.places)) {
    share.closed = true;
    return;
  }
  ++share.places;
  messages_.push_back(message);
}

bool FairShare::make_room(std::size_t places) {
  const auto most = std::ranges::max_element(shares_, {}, [](const auto& entry) { return entry.second.places; });
  if (most->second.places < places + 2) return false;
  const auto newest = std::ranges::find(messages_.rbegin(), messages_.rend(), most->first,
                                        [](const MessagePtr& message) -> const AppId& { return message->app; });
  messages_.erase(std::next(newest).base());
  --most->second.places;
  most->second.closed = true;
  return true;
}

bool FairShare::settled() const {
  if (messages_.size() < places_) return false;
  return std::ranges::all_of(shares_, [](const auto& entry) { return entry.second.places <= 1; });
}

}  // namespace herald
