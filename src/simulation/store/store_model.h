#pragma once
// What must be true of the store: plain maps of what was asked of it and what it answered. It knows no batch, no cache
// and no row. Where a fault leaves open whether something happened, it keeps both possibilities until the store shows
// one.
//
// Each function named after a call of the ports is called with the call's answer. Functions that check throw Violation.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "domain/location.h"
#include "ports/delivery_store.h"
#include "ports/directory.h"
#include "ports/message_store.h"
#include "ports/receipt_log.h"
#include "simulation/store/fact.h"

namespace herald::simulation {

// "rule: what happened". Thrown by the model and caught by the simulation; it never leaves this folder.
struct Violation {
  std::string text;
};

enum class Fate : std::uint8_t { kNone, kPending, kSent, kAcked, kDropped };  // of a delivery; kNone: not written
enum class End : std::uint8_t { kNone, kReplaced, kCancelled, kExpired, kResolved };  // of a message

struct MessageModel {
  explicit MessageModel(Message put) : message(std::move(put)) {}

  Message message;
  Fact<bool> stored{false};
  Fact<bool> routed{false};
  Fact<End> end{End::kNone};
  std::map<UserAgentId, Fact<Fate>> deliveries;
  std::optional<WallTime> earliest_end;  // it cannot have ended before
  // The most acks, and an end, that a status told: they never go back. The second of each survives a power cut too.
  std::uint64_t told_acked = 0;
  std::uint64_t synced_acked = 0;
  bool told_ended = false;
  bool synced_ended = false;
  bool may_be_removed = false;  // its time was over at a purge

  [[nodiscard]] bool may_be_resolved() const;
  [[nodiscard]] bool is_resolved() const;
  [[nodiscard]] bool may_be_outstanding(WallTime now) const;
  [[nodiscard]] bool must_be_outstanding(WallTime now) const;
  [[nodiscard]] bool may_wait_for(const UserAgentId& device, WallTime now) const;
  [[nodiscard]] bool must_wait_for(const UserAgentId& device, WallTime now) const;
};

struct LocationModel {
  std::vector<Location> now{Location{}};
  // What a failed change may still turn it into, until the row is written again. A connection without a row hides it.
  std::vector<Location> in_doubt;
  std::vector<Location> after_end{Location{}};  // of the process
  std::vector<Location> after_power_cut{Location{}};
};

class StoreModel {
 public:
  // `pending_per_device`: the limit of the store.
  explicit StoreModel(std::uint64_t pending_per_device) : pending_per_device_(pending_per_device) {}

  using Messages = std::map<MessageId, MessageModel>;
  [[nodiscard]] const Messages& messages() const { return messages_; }
  [[nodiscard]] const MessageModel& message(const MessageId& id) const { return messages_.at(id); }
  // Devices that are registered, or may be.
  [[nodiscard]] std::vector<UserAgentId> devices_of(const AppId& app) const;

  // Changes. An empty answer: the call failed, or the process ended before it was answered.
  void put(const Message& message, const Result<ports::PutOutcome>* answer);
  void cancel(const MessageId& id, WallTime now, const Result<ports::MessageStatus>* answer);
  void add(const std::vector<ports::NewDeliveries>& entries, WallTime now, const Result<ports::AddOutcome>* answer);
  void record(const std::vector<DeliveryEvent>& events, WallTime now, const Result<std::uint64_t>* answer);
  void purge(WallTime now, std::chrono::milliseconds retention, const Result<ports::PurgeOutcome>* answer);
  void register_app(const AppId& app, const UserAgentId& device, const Status* answer);
  void unregister_app(const AppId& app, const UserAgentId& device, WallTime now, const Result<bool>* answer);
  void set_location(const UserAgentId& device, const Location& location, bool can_wake, const Result<Location>* answer);
  void leave(const UserAgentId& device, const ServerId& server, std::uint64_t connection, const ServerId& sleep_server,
             bool can_wake, const Result<Location>* answer);

  // Reads, with good answers.
  void fetch(const std::vector<MessageId>& ids, WallTime now, const std::vector<MessagePtr>& found);
  void status(const MessageId& id, WallTime now, const Result<ports::MessageStatus>& found);
  void pending(const UserAgentId& device, std::optional<MessageId> after, std::size_t limit, WallTime now,
               const ports::PendingPage& page);
  void of_message(const MessageId& id, WallTime now, const ports::DeliveryPage& page);
  void unrouted(WallTime before, std::size_t limit, WallTime now, const std::vector<ports::Unrouted>& found);
  void nodes_of(const AppId& app, const ports::NodePage& page) const;
  void apps_of(const UserAgentId& device, const ports::AppPage& page) const;
  void locate(const std::vector<UserAgentId>& devices, const std::vector<Node>& nodes);
  void sleepers(const ServerId& server, std::size_t limit, WallTime now, const std::vector<Node>& nodes) const;

  // A durable call was answered well: what was told before is on the disk.
  void synced();
  // A durable call failed, and the store may still find out that it happened.
  void in_doubt();
  void killed();
  void power_cut();

 private:
  template <class Each>
  void for_each_fact(const Each& each);
  [[nodiscard]] MessageModel* find(const MessageId& id);
  void check_status(MessageModel& known, WallTime now, const ports::MessageStatus& found);
  void see_state(MessageModel& known, WallTime now, const ports::MessageStatus& found);
  void see_shown(MessageModel& known, const Delivery& shown, WallTime now);
  void add_one(MessageModel& known, const UserAgentId& device, WallTime now, std::uint64_t& least, std::uint64_t& most);
  void may_drop(const UserAgentId& device, WallTime now);
  void end_by_replacement(MessageModel& known, bool named, WallTime at, bool sure);
  [[nodiscard]] std::vector<MessageModel*> with_key(const Message& message);

  std::uint64_t pending_per_device_;
  Messages messages_;
  std::map<std::pair<AppId, UserAgentId>, Fact<bool>> registered_;
  std::map<UserAgentId, LocationModel> locations_;
};

}  // namespace herald::simulation
