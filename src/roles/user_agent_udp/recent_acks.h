#pragma once
// The deliveries that devices acked a moment ago, so that they are not given out again while the delivery manager still
// writes. Bounded: the oldest is forgotten, and then a message may be repeated, as delivery at least once allows.

#include <deque>
#include <unordered_set>
#include <utility>

#include "domain/ids.h"

namespace herald::roles::user_agent_udp {

// One loop's; not thread-safe.
class RecentAcks {
 public:
  explicit RecentAcks(std::size_t entries_max) : entries_max_(entries_max) {}

  void add(const UserAgentId& user_agent, const MessageId& message) {
    const Entry entry{user_agent, message};
    if (entries_max_ == 0 || !known_.insert(entry).second) return;
    order_.push_back(entry);
    if (order_.size() <= entries_max_) return;
    known_.erase(order_.front());
    order_.pop_front();
  }
  [[nodiscard]] bool contains(const UserAgentId& user_agent, const MessageId& message) const {
    return known_.contains({user_agent, message});
  }

 private:
  using Entry = std::pair<UserAgentId, MessageId>;
  struct EntryHash {
    std::size_t operator()(const Entry& entry) const { return IdHash{}(entry.first) * 31 + IdHash{}(entry.second); }
  };

  std::size_t entries_max_;
  std::deque<Entry> order_;
  std::unordered_set<Entry, EntryHash> known_;
};

}  // namespace herald::roles::user_agent_udp
