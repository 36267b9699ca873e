#pragma once
// Keys and values of the embedded store as bytes: docs/on-disk-format.md, format version 2. Numbers are big-endian, so
// that the order of keys is the order of their parts. Each value starts with its own version. Pure functions.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "domain/app.h"
#include "domain/delivery.h"
#include "domain/location.h"
#include "domain/message.h"

namespace herald::adapters {

// The version of the whole folder; a folder with a greater one is not opened, one with version 1 is taken over.
inline constexpr std::uint32_t kFormatVersion = 2;
// A message for more devices than these keeps its deliveries in rows of their own.
inline constexpr std::size_t kInlineDeliveriesMax = 16;

// What is known of a message besides its body; outlives the body until its retention is over.
struct Receipt {
  MessageId id;
  AppId app;
  Priority priority = Priority::kRealTime;
  std::string replace_key;
  WallTime accepted_at;
  WallTime expires_at;
  ReceiptId subscription{};                     // all zero: none
  DeliveryState end = DeliveryState::kPending;  // kPending: not ended
  WallTime ended_at;
  bool routed = false;
  bool spilled = false;  // the deliveries are in rows of their own, `deliveries` is empty
  std::uint64_t recipients = 0;
  std::uint64_t acked = 0;
  std::uint64_t dropped = 0;
  std::vector<Delivery> deliveries;  // sorted by user agent
  // Not stored. In flight: no row but the message's own is written (state/in_flight.h), except that this many of the
  // first deliveries have rows already (Spill), and this many acked ones (Transaction::keep_ack()).
  bool in_flight = false;
  std::size_t rows_written = 0;
  std::size_t ack_rows = 0;
  // In the transaction's list of what an operation changed.
  bool is_changed = false;
};

struct NodeRecord {
  Location location;
  std::optional<WakeInterface> wake;
  std::uint32_t apps = 0;  // how many it registered for
};

struct PendingKey {
  UserAgentId user_agent;
  Priority priority = Priority::kRealTime;
  MessageId message;
};
struct PendingRecord {
  AppId app;
  WallTime expires_at;
};
struct UnroutedRecord {
  AppId app;
  WallTime accepted_at;
};

// Decoders answer kCorrupt for anything the encoders did not write, or a version they do not know.

[[nodiscard]] std::string encode_message(const Message& message);
[[nodiscard]] Result<Message> decode_message(const MessageId& id, std::string_view value);
// The receipt of a message that has none stored yet, from its value; does not read the body.
[[nodiscard]] Result<Receipt> first_receipt(const MessageId& id, std::string_view message_value);
[[nodiscard]] Receipt first_receipt(const Message& message);
// The receipt of a message in flight as its row will have it: one of many devices keeps no deliveries of its own.
[[nodiscard]] Receipt stored_form(const Receipt& in_flight);

[[nodiscard]] std::string encode_receipt(const Receipt& receipt);
[[nodiscard]] Result<Receipt> decode_receipt(const MessageId& id, std::string_view value);

[[nodiscard]] std::string delivery_key(const MessageId& message, const UserAgentId& user_agent);
[[nodiscard]] std::string encode_delivery(const Delivery& delivery);
[[nodiscard]] Result<Delivery> decode_delivery(std::string_view key, std::string_view value);

// user agent ‖ lane ‖ message: a lower lane is a lower priority, so the first key is the first to be dropped.
[[nodiscard]] std::string pending_key(const PendingKey& key);
[[nodiscard]] std::string pending_lane(const UserAgentId& user_agent, Priority priority);
[[nodiscard]] Result<PendingKey> decode_pending_key(std::string_view key);
[[nodiscard]] std::string encode_pending(const PendingRecord& record);
[[nodiscard]] Result<PendingRecord> decode_pending(std::string_view value);

[[nodiscard]] std::string encode_unrouted(const UnroutedRecord& record);
[[nodiscard]] Result<UnroutedRecord> decode_unrouted(std::string_view value);

[[nodiscard]] std::string replace_key(const AppId& app, std::string_view key);
// One id, or the ids that one index row stands for.
[[nodiscard]] std::string encode_ids(const std::vector<MessageId>& ids);
[[nodiscard]] Result<std::vector<MessageId>> decode_ids(std::string_view value);

// 'E': when an outstanding message expires, one row each. 'R': when the receipts named in the value ended.
inline constexpr char kExpiryRow = 'E';
inline constexpr char kEndedRow = 'R';
struct EndsKey {
  char row = kExpiryRow;
  WallTime time;
  MessageId message;
};
[[nodiscard]] std::string ends_key(const EndsKey& key);
[[nodiscard]] std::string ends_bound(char row, WallTime time);
[[nodiscard]] Result<EndsKey> decode_ends_key(std::string_view key);

// The row that counts commits, so that after a failed one the store knows whether the database has it.
[[nodiscard]] std::string commit_number_key();

// The row that says from which id on messages may have no other row than their own; absent: all.
[[nodiscard]] std::string young_floor_key();
[[nodiscard]] std::string encode_young_floor(const MessageId& floor);
[[nodiscard]] Result<MessageId> decode_young_floor(std::string_view value);

[[nodiscard]] std::string encode_app(const App& app);
[[nodiscard]] Result<App> decode_app(const AppId& id, std::string_view value);
[[nodiscard]] std::string app_node_key(const AppId& app, const UserAgentId& user_agent);
[[nodiscard]] std::string node_app_key(const UserAgentId& user_agent, const AppId& app);
[[nodiscard]] std::string app_size_key(const AppId& app);
[[nodiscard]] std::string receipt_message_key(const ReceiptId& receipt, const MessageId& message);
// A row whose presence says all.
[[nodiscard]] std::string encode_presence();

[[nodiscard]] std::string encode_node(const NodeRecord& node);
[[nodiscard]] Result<NodeRecord> decode_node(std::string_view value);
// server ‖ 0 ‖ user agent.
[[nodiscard]] std::string sleeper_prefix(std::string_view server);
[[nodiscard]] std::string sleeper_key(std::string_view server, const UserAgentId& user_agent);

[[nodiscard]] std::string encode_count(std::uint64_t count);
[[nodiscard]] Result<std::uint64_t> decode_count(std::string_view value);

// The id that ends a key. kCorrupt: the key is shorter than an id.
template <class Id>
[[nodiscard]] Result<Id> last_id(std::string_view key) {
  constexpr std::size_t kSize = sizeof(Id::bytes);
  if (key.size() < kSize) return fail(ErrorKind::kCorrupt, "a stored key is too short");
  return Id::from_bytes(as_bytes(key.substr(key.size() - kSize)));
}

}  // namespace herald::adapters
