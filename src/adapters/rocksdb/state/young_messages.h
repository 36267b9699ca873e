#pragma once
// The messages of the last seconds whose routing is kept in memory: of them the store holds the message's own row and
// nothing else, so that most, which are acked at once, never cost the rows of their indexes. What a crash takes from
// here it takes back to "not routed". Used by the committing thread only. Private to this folder.

#include <boost/container/small_vector.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

#include "adapters/rocksdb/cold/record_format.h"
#include "adapters/rocksdb/state/stable_map.h"
#include "base/time.h"
#include "domain/message.h"
#include "ports/message_store.h"

namespace herald::adapters {

struct YoungMessage {
  MessagePtr message;
  Receipt receipt;  // young; holds all its deliveries, however many
  MonoTime since;
};

class YoungMessages {
 public:
  // A delivery with its place among what waits, about.
  static constexpr std::size_t kDeliveryBytes = sizeof(Delivery) + 130;

  // Null: not young, or it ended and is on its way out. References stay valid until erase() or clear().
  [[nodiscard]] YoungMessage* find(const MessageId& id);
  // The id must be greater than every id before: see can_insert().
  YoungMessage& insert(MessagePtr message, MonoTime now);
  // False: it is not greater than all that were inserted, or passed over, before.
  [[nodiscard]] bool can_insert(const MessageId& id) const { return !last_ || *last_ < id; }
  // Nothing up to `id` can be inserted any more.
  void pass_over(const MessageId& id);
  void erase(const MessageId& id);
  void clear();

  // The one with the least id; null: there is none.
  [[nodiscard]] YoungMessage* oldest();
  // Every young message has an id of at least this.
  [[nodiscard]] MessageId floor();
  // In the order of their age; may name what is not there any more.
  [[nodiscard]] std::vector<MessageId> ids() const { return {order_.begin(), order_.end()}; }
  // About what they take of memory.
  [[nodiscard]] std::size_t bytes() const;
  // A delivery was added to a young receipt.
  void count_delivery() { ++deliveries_; }

  // What waits for a device, as far as it has no row.
  void add_pending(const PendingKey& key);
  void remove_pending(const PendingKey& key);
  [[nodiscard]] std::size_t pending_count(const UserAgentId& user_agent) const;
  // In no order.
  [[nodiscard]] std::vector<PendingKey> pending_of(const UserAgentId& user_agent) const;
  // The first to be dropped: the oldest of the lowest priority.
  [[nodiscard]] std::optional<PendingKey> first_pending(const UserAgentId& user_agent) const;

  // The rules of the ports, for what is young.
  // Deliverable messages that wait for the device, after `after`, oldest first.
  [[nodiscard]] std::vector<MessagePtr> waiting(const UserAgentId& user_agent, const std::optional<MessageId>& after,
                                                WallTime now);
  [[nodiscard]] std::vector<ports::Unrouted> unrouted(const std::optional<MessageId>& after, WallTime before,
                                                      std::size_t limit);
  // Up to `limit` that have expired and not ended.
  [[nodiscard]] std::vector<MessageId> expired(WallTime now, std::size_t limit);

 private:
  struct Waiting {
    Priority priority;
    MessageId message;
  };

  StableMap<MessageId, YoungMessage, IdHash> messages_;
  std::deque<MessageId> order_;  // ascending; may name what was erased
  std::optional<MessageId> last_;
  // Most devices wait for one at a time.
  boost::unordered_flat_map<UserAgentId, boost::container::small_vector<Waiting, 1>, IdHash> waiting_;
  std::size_t text_bytes_ = 0;
  std::size_t deliveries_ = 0;
};

}  // namespace herald::adapters
