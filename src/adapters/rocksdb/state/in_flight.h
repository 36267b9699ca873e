#pragma once
// The messages in flight: those of the last seconds whose routing is kept in memory. The database holds such a
// message's own row and nothing else, so most messages, which are acknowledged at once, never cost the rows of their
// indexes. A crash takes what stands here back to "not routed". Memory only; used by the committing thread. Private to
// the adapter.

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

struct InFlightMessage {
  MessagePtr message;
  Receipt receipt;  // in_flight; holds all its deliveries, however many
  MonoTime since;
};

class InFlight {
 public:
  // Memory of a delivery with its place among what waits, about.
  static constexpr std::size_t kDeliveryBytes = sizeof(Delivery) + 130;

  // Null: not in flight. A message that has ended stays until the commit of its end. References stay valid until
  // erase().
  [[nodiscard]] InFlightMessage* find(const MessageId& id) const { return messages_.find(id); }
  // The id must be greater than every id before: see can_insert().
  InFlightMessage& insert(MessagePtr message, MonoTime now);
  // False: it is not greater than all that were inserted, or passed over, before.
  [[nodiscard]] bool can_insert(const MessageId& id) const { return !last_ || *last_ < id; }
  // Nothing up to `id` can be inserted any more.
  void pass_over(const MessageId& id);
  // Takes the message out; what waits for its devices is not touched.
  void erase(const MessageId& id);

  // Ids in the order of their age; may name what is not there any more.
  [[nodiscard]] const std::deque<MessageId>& order() const { return order_; }
  // Forgets the oldest ids that are not there any more.
  void trim();
  // Every message in flight has an id of at least this.
  [[nodiscard]] MessageId floor();
  [[nodiscard]] std::size_t size() const { return messages_.size(); }
  // About what they take of memory; 0: none is in flight.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] static std::size_t bytes_of(const InFlightMessage& in_flight);

  // A delivery of the message, at its place in the order of user agents. Each keeps bytes() true.
  void insert_delivery(InFlightMessage& in_flight, std::size_t place, const Delivery& delivery);
  void erase_delivery(InFlightMessage& in_flight, std::size_t place);

  // What waits for a device, as far as it has no row.
  void add_pending(const PendingKey& key);
  // False: it was not there.
  bool remove_pending(const PendingKey& key);
  [[nodiscard]] std::size_t pending_count(const UserAgentId& user_agent) const;
  // In no order.
  [[nodiscard]] std::vector<PendingKey> pending_of(const UserAgentId& user_agent) const;
  // The first to be dropped: the oldest of the lowest priority.
  [[nodiscard]] std::optional<PendingKey> first_pending(const UserAgentId& user_agent) const;

  // The rules of the ports, for messages in flight.
  // Deliverable messages that wait for the device, after `after`, oldest first.
  [[nodiscard]] std::vector<MessagePtr> waiting(const UserAgentId& user_agent, const std::optional<MessageId>& after,
                                                WallTime now) const;
  [[nodiscard]] std::vector<ports::Unrouted> unrouted(const std::optional<MessageId>& after, WallTime before,
                                                      std::size_t limit) const;
  // Up to `limit` that have expired and not ended.
  [[nodiscard]] std::vector<MessageId> expired(WallTime now, std::size_t limit) const;

 private:
  struct Waiting {
    Priority priority;
    MessageId message;
  };

  StableMap<MessageId, InFlightMessage, IdHash> messages_;
  std::deque<MessageId> order_;  // ascending; may name what was erased
  std::optional<MessageId> last_;
  // Most devices wait for one at a time.
  boost::unordered_flat_map<UserAgentId, boost::container::small_vector<Waiting, 1>, IdHash> waiting_;
  std::size_t bytes_ = 0;
};

}  // namespace herald::adapters
