#pragma once
// The store of deliveries: which message waits for which user agent, and what became of it. The rules of
// message_store.h on threads, order and errors hold here too.

#include <cstdint>
#include <optional>
#include <vector>

#include "base/executor.h"
#include "base/result.h"
#include "base/time.h"
#include "domain/delivery.h"
#include "domain/ids.h"
#include "domain/message.h"

namespace herald::ports {

// The deliveries that one page of an app's devices makes of one message.
struct NewDeliveries {
  MessageId message;
  std::vector<UserAgentId> user_agents;
  bool last_page = true;  // marks the message as routed
};

struct AddOutcome {
  std::uint64_t added = 0;
  std::uint64_t dropped = 0;  // deliveries that pending_per_device pushed out
};

// The next pending messages of a device, oldest first.
struct PendingPage {
  std::vector<MessagePtr> messages;
  bool more = false;  // there are further ones after the last of these
};

// One page of a receipt's deliveries.
struct DeliveryPage {
  std::vector<Delivery> deliveries;  // in the order of their user agents' ids
  bool more = false;
};

class DeliveryStore {
 public:
  virtual ~DeliveryStore() = default;

  // Writes a pending delivery for each user agent of each entry. A delivery that exists keeps its state, so the call is
  // safe to repeat. A message that has ended by now gets none. If a device's pending deliveries pass
  // `pending_per_device`, the oldest of the lowest priority become kDropped.
  virtual void add(std::vector<NewDeliveries> entries, WallTime now, Reply<Result<AddOutcome>> reply) = 0;

  // Up to `limit` deliverable messages that are pending or sent for `user_agent`, with ids greater than `after`,
  // oldest first. What has ended or expired at `now` is left out, and so are transient messages.
  virtual void pending(UserAgentId user_agent, std::optional<MessageId> after, std::size_t limit, WallTime now,
                       Reply<Result<PendingPage>> reply) = 0;

  // Records what became of deliveries (kSent, kAcked), by domain/delivery.h's may_follow(). An event for a delivery
  // that does not exist is ignored: acking needs being a recipient. Answers how many changed a state.
  virtual void record(std::vector<DeliveryEvent> events, Reply<Result<std::uint64_t>> reply) = 0;

  // A page of the deliveries of `message`, after user agent `after`.
  virtual void of_message(MessageId message, std::optional<UserAgentId> after, std::size_t limit, WallTime now,
                          Reply<Result<DeliveryPage>> reply) = 0;

  // How often, since the start, changes that were answered may have been lost by a failed commit, or what was read was
  // out of date. What a role remembers of it may be wrong once this has grown: it reads the store again. Any thread.
  [[nodiscard]] virtual std::uint64_t losses() const { return 0; }
};

}  // namespace herald::ports
