#pragma once
// What the documents hold, field by field (docs/mongodb.md). Times and states only ever move one way, so that every
// change is a $min, $max, $set or $unset of one document by its _id: it can be repeated, and it commutes with others.
// Private to this folder.

#include <optional>
#include <string>
#include <string_view>

#include "adapters/mongodb/bson.h"
#include "base/result.h"
#include "domain/app.h"
#include "domain/delivery.h"
#include "domain/ids.h"
#include "domain/location.h"
#include "domain/message.h"
#include "domain/server_lease.h"
#include "ports/message_store.h"

namespace herald::adapters::mongodb {

// kCorrupt: the document is of a newer version, or lacks what it must have. The message names `what`.
[[nodiscard]] Status check_document(const Row& row, const char* what);

// ---- messages

// Messages of one app with one replace key share a slot; the newest one holds it.
[[nodiscard]] std::string slot_of(const AppId& app, std::string_view replace_key);

[[nodiscard]] Document message_document(const Message& message);
// What is read of a message besides its body and meta.
inline constexpr const char* kMessageHeadFields[] = {
    "v",    "app",  "slot",   "priority", "kind", "urgency",  "transient",   "receipt",      "accepted",  "expires",
    "ends", "open", "routed", "sole",     "many", "acked_at", "replaced_at", "cancelled_at", "dropped_at"};

// A stored message. Without its body unless the whole document was read.
struct StoredMessage {
  Message message;
  bool open = false;                // not marked as ended
  bool routed = false;              // all its deliveries have been written
  bool many = false;                // it has, or may have, several deliveries
  std::optional<UserAgentId> sole;  // its only delivery's device
  WallTime ends;                    // when it expires; once ended, when it did
  std::optional<WallTime> acked_at;
  std::optional<WallTime> replaced_at;
  std::optional<WallTime> cancelled_at;
  std::optional<WallTime> dropped_at;

  // kPending, or how it ended.
  [[nodiscard]] DeliveryState state(WallTime now) const;
  [[nodiscard]] WallTime ended_at(WallTime now) const { return is_final(state(now)) ? ends : WallTime{}; }
  // What is known of its receipt without counting deliveries.
  [[nodiscard]] ports::MessageStatus status(WallTime now) const;
};
[[nodiscard]] Result<StoredMessage> read_message(const Row& row);

// The change that ends a message: `reason` is "acked_at", "replaced_at", "cancelled_at" or "dropped_at".
[[nodiscard]] Document end_of_message(const char* reason, WallTime at);

// ---- deliveries

[[nodiscard]] std::string delivery_id(const MessageId& message, const UserAgentId& user_agent);
// Finds all deliveries of a message, or those after one.
[[nodiscard]] Document deliveries_of(const MessageId& message, std::optional<UserAgentId> after = {});

[[nodiscard]] Document delivery_document(const StoredMessage& message, const UserAgentId& user_agent, bool sole,
                                         WallTime routed_at);

struct StoredDelivery {
  MessageId message;
  UserAgentId user_agent;
  AppId app;
  DeliveryState state = DeliveryState::kPending;  // kPending, kSent, kDropped or kAcked
  bool open = false;                              // neither final by itself nor ended with its message
  bool sole = false;
  WallTime expires_at;
  WallTime routed_at;
  WallTime sent_at;   // 0: not yet
  WallTime final_at;  // 0: not yet

  // As it counts if all that is known of its message is that it may have ended.
  [[nodiscard]] DeliveryState state_alone(WallTime now) const;
};
[[nodiscard]] Result<StoredDelivery> read_delivery(const Row& row);

[[nodiscard]] Document sent_change(WallTime sent_at);
[[nodiscard]] Document acked_change(WallTime sent_at, WallTime acked_at);
[[nodiscard]] Document dropped_change(WallTime at);
[[nodiscard]] Document closed_change();

// ---- apps, registrations, nodes

[[nodiscard]] Result<App> read_app(const Row& row);
[[nodiscard]] std::string registration_id(const AppId& app, const UserAgentId& user_agent);

// The change that moves a node. A wake interface without an ip takes the stored one away.
[[nodiscard]] Document location_change(const Location& location, const std::optional<WakeInterface>& wake);
[[nodiscard]] Result<Node> read_node(const Row& row);

[[nodiscard]] Result<ServerLease> read_lease(const Row& row);

// ---- ids

template <class Id>
[[nodiscard]] Result<Id> read_id(std::optional<std::string_view> hex, const char* what) {
  auto id = Id::from_hex(hex.value_or(""));
  if (!id) return fail(ErrorKind::kCorrupt, std::string("a document without a valid ") + what);
  return *id;
}

}  // namespace herald::adapters::mongodb
