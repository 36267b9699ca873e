#include "adapters/rocksdb/cold/record_format.h"

#include "adapters/rocksdb/cold/byte_codec.h"

namespace herald::adapters {

namespace {

constexpr std::uint8_t kVersion = 1;
// Of messages and receipts that have what only Web Push knows; all others stay as they were.
constexpr std::uint8_t kWebPushVersion = 2;
constexpr std::uint8_t kTransientFlag = 1;
constexpr std::uint8_t kRoutedFlag = 1;
constexpr std::uint8_t kSpilledFlag = 2;
constexpr std::size_t kMessageFixedBytes = 63;
constexpr std::size_t kReceiptFixedBytes = 89;
constexpr std::size_t kInlineDeliveryBytes = 41;

[[nodiscard]] std::unexpected<Error> corrupt(std::string_view what) {
  return fail(ErrorKind::kCorrupt, "a stored " + std::string(what) + " is damaged");
}

// What messages and receipts have in common.
void write_header(ByteWriter& out, std::uint8_t version, const AppId& app, Priority priority, WallTime accepted_at,
                  WallTime expires_at, std::string_view replace_key) {
  out.number(version).id(app).number(static_cast<std::uint8_t>(priority)).time(accepted_at).time(expires_at);
  out.text(replace_key);
}

// Message and Receipt name these members alike. Answers the version.
template <class Record>
std::uint8_t read_header(ByteReader& in, Record& record) {
  const std::uint8_t version = in.version(kVersion, kWebPushVersion);
  record.app = in.id<AppId>();
  record.priority = in.enumerator(Priority::kRealTime, Priority::kPassive);
  record.accepted_at = in.time();
  record.expires_at = in.time();
  record.replace_key = in.text();
  return version;
}

void write_delivery(ByteWriter& out, const Delivery& delivery) {
  out.number(static_cast<std::uint8_t>(delivery.state));
  out.time(delivery.routed_at).time(delivery.sent_at).time(delivery.final_at);
}

void read_delivery(ByteReader& in, Delivery& delivery) {
  delivery.state = in.enumerator(DeliveryState::kPending, DeliveryState::kDropped);
  delivery.routed_at = in.time();
  delivery.sent_at = in.time();
  delivery.final_at = in.time();
}

[[nodiscard]] std::uint8_t version_of(const Message& message) {
  const bool plain = message.urgency == Urgency::kNormal && !message.transient && message.receipt == ReceiptId{};
  return plain ? kVersion : kWebPushVersion;
}

[[nodiscard]] std::uint8_t lane_of(Priority priority) {
  return static_cast<std::uint8_t>(static_cast<std::uint8_t>(Priority::kPassive) - static_cast<std::uint8_t>(priority));
}

[[nodiscard]] std::string concatenated(std::string_view a, std::string_view b) {
  return ByteWriter(a.size() + b.size()).raw(a).raw(b).take();
}

}  // namespace

std::string encode_message(const Message& message) {
  ByteWriter out(kMessageFixedBytes + message.replace_key.size() + message.meta.size() + message.body.size());
  const std::uint8_t version = version_of(message);
  write_header(out, version, message.app, message.priority, message.accepted_at, message.expires_at,
               message.replace_key);
  out.number(static_cast<std::uint8_t>(message.kind)).text(message.meta).text(message.body);
  if (version == kWebPushVersion) {
    out.number(static_cast<std::uint8_t>(message.urgency));
    out.number(static_cast<std::uint8_t>(message.transient ? kTransientFlag : 0)).id(message.receipt);
  }
  return out.take();
}

Result<Message> decode_message(const MessageId& id, std::string_view value) {
  ByteReader in(value);
  Message message;
  message.id = id;
  const std::uint8_t version = read_header(in, message);
  message.kind = in.enumerator(PayloadKind::kFlow2012, PayloadKind::kSimplePush);
  message.meta = in.text();
  message.body = in.text();
  if (version == kWebPushVersion) {
    message.urgency = in.enumerator(Urgency::kVeryLow, Urgency::kHigh);
    message.transient = (in.number<std::uint8_t>() & kTransientFlag) != 0;
    message.receipt = in.id<ReceiptId>();
  }
  if (!in.complete()) return corrupt("message");
  return message;
}

Result<Receipt> first_receipt(const MessageId& id, std::string_view message_value) {
  ByteReader in(message_value);
  Receipt receipt;
  receipt.id = id;
  if (read_header(in, receipt) == kWebPushVersion) {
    // What follows the body ends the value.
    constexpr std::size_t kSize = sizeof(ReceiptId::bytes);
    if (message_value.size() < kSize) return corrupt("message");
    receipt.subscription = *ReceiptId::from_bytes(as_bytes(message_value.substr(message_value.size() - kSize)));
  }
  if (!in.good()) return corrupt("message");
  return receipt;
}

Receipt first_receipt(const Message& message) {
  Receipt receipt;
  receipt.id = message.id;
  receipt.app = message.app;
  receipt.priority = message.priority;
  receipt.replace_key = message.replace_key;
  receipt.accepted_at = message.accepted_at;
  receipt.expires_at = message.expires_at;
  receipt.subscription = message.receipt;
  return receipt;
}

Receipt stored_form(const Receipt& in_flight) {
  Receipt stored;
  stored.id = in_flight.id;
  stored.app = in_flight.app;
  stored.priority = in_flight.priority;
  stored.replace_key = in_flight.replace_key;
  stored.accepted_at = in_flight.accepted_at;
  stored.expires_at = in_flight.expires_at;
  stored.subscription = in_flight.subscription;
  stored.end = in_flight.end;
  stored.ended_at = in_flight.ended_at;
  stored.routed = in_flight.routed;
  stored.recipients = in_flight.recipients;
  stored.acked = in_flight.acked;
  stored.dropped = in_flight.dropped;
  stored.spilled = in_flight.rows_written > 0 || in_flight.deliveries.size() > kInlineDeliveriesMax;
  if (!stored.spilled) stored.deliveries = in_flight.deliveries;
  return stored;
}

std::string encode_receipt(const Receipt& receipt) {
  ByteWriter out(kReceiptFixedBytes + receipt.replace_key.size() + kInlineDeliveryBytes * receipt.deliveries.size());
  const bool subscribed = receipt.subscription != ReceiptId{};
  write_header(out, subscribed ? kWebPushVersion : kVersion, receipt.app, receipt.priority, receipt.accepted_at,
               receipt.expires_at, receipt.replace_key);
  const auto flags = (receipt.routed ? kRoutedFlag : 0) | (receipt.spilled ? kSpilledFlag : 0);
  out.number(static_cast<std::uint8_t>(flags)).number(static_cast<std::uint8_t>(receipt.end)).time(receipt.ended_at);
  out.number(receipt.recipients).number(receipt.acked).number(receipt.dropped);
  if (subscribed) out.id(receipt.subscription);
  for (const auto& delivery : receipt.deliveries) {
    out.id(delivery.user_agent);
    write_delivery(out, delivery);
  }
  return out.take();
}

Result<Receipt> decode_receipt(const MessageId& id, std::string_view value) {
  ByteReader in(value);
  Receipt receipt;
  receipt.id = id;
  const std::uint8_t version = read_header(in, receipt);
  const auto flags = in.number<std::uint8_t>();
  receipt.routed = (flags & kRoutedFlag) != 0;
  receipt.spilled = (flags & kSpilledFlag) != 0;
  receipt.end = in.enumerator(DeliveryState::kPending, DeliveryState::kDropped);
  receipt.ended_at = in.time();
  receipt.recipients = in.number<std::uint64_t>();
  receipt.acked = in.number<std::uint64_t>();
  receipt.dropped = in.number<std::uint64_t>();
  if (version == kWebPushVersion) receipt.subscription = in.id<ReceiptId>();
  while (in.good() && !in.at_end()) {
    Delivery& delivery = receipt.deliveries.emplace_back();
    delivery.user_agent = in.id<UserAgentId>();
    read_delivery(in, delivery);
  }
  if (!in.complete()) return corrupt("receipt");
  return receipt;
}

std::string delivery_key(const MessageId& message, const UserAgentId& user_agent) {
  return concatenated(message.view(), user_agent.view());
}

std::string encode_delivery(const Delivery& delivery) {
  ByteWriter out;
  out.number(kVersion);
  write_delivery(out, delivery);
  return out.take();
}

Result<Delivery> decode_delivery(std::string_view key, std::string_view value) {
  ByteReader in(value);
  in.version(kVersion);
  Delivery delivery;
  read_delivery(in, delivery);
  const auto user_agent = last_id<UserAgentId>(key);
  if (!in.complete() || !user_agent) return corrupt("delivery");
  delivery.user_agent = *user_agent;
  return delivery;
}

std::string pending_lane(const UserAgentId& user_agent, Priority priority) {
  return ByteWriter(17).id(user_agent).number(lane_of(priority)).take();
}

std::string pending_key(const PendingKey& key) {
  return ByteWriter(33).id(key.user_agent).number(lane_of(key.priority)).id(key.message).take();
}

Result<PendingKey> decode_pending_key(std::string_view key) {
  ByteReader in(key);
  PendingKey decoded;
  decoded.user_agent = in.id<UserAgentId>();
  const auto lane = in.number<std::uint8_t>();
  decoded.message = in.id<MessageId>();
  if (!in.complete() || lane > lane_of(Priority::kRealTime)) return corrupt("pending key");
  decoded.priority = static_cast<Priority>(static_cast<std::uint8_t>(Priority::kPassive) - lane);
  return decoded;
}

std::string encode_pending(const PendingRecord& record) {
  return ByteWriter(41).number(kVersion).id(record.app).time(record.expires_at).take();
}

Result<PendingRecord> decode_pending(std::string_view value) {
  ByteReader in(value);
  in.version(kVersion);
  PendingRecord record;
  record.app = in.id<AppId>();
  record.expires_at = in.time();
  if (!in.complete()) return corrupt("pending delivery");
  return record;
}

std::string encode_unrouted(const UnroutedRecord& record) {
  return ByteWriter(41).number(kVersion).id(record.app).time(record.accepted_at).take();
}

Result<UnroutedRecord> decode_unrouted(std::string_view value) {
  ByteReader in(value);
  in.version(kVersion);
  UnroutedRecord record;
  record.app = in.id<AppId>();
  record.accepted_at = in.time();
  if (!in.complete()) return corrupt("unrouted message");
  return record;
}

std::string replace_key(const AppId& app, std::string_view key) {
  return concatenated(app.view(), key);
}

std::string encode_ids(const std::vector<MessageId>& ids) {
  ByteWriter out(1 + 16 * ids.size());
  out.number(kVersion);
  for (const auto& id : ids) out.id(id);
  return out.take();
}

Result<std::vector<MessageId>> decode_ids(std::string_view value) {
  ByteReader in(value);
  in.version(kVersion);
  std::vector<MessageId> ids;
  while (in.good() && !in.at_end()) ids.push_back(in.id<MessageId>());
  if (!in.complete() || ids.empty()) return corrupt("index row");
  return ids;
}

std::string ends_bound(char row, WallTime time) {
  return ByteWriter(25).number(static_cast<std::uint8_t>(row)).time(time).take();
}

std::string ends_key(const EndsKey& key) {
  return ends_bound(key.row, key.time).append(key.message.view());
}

Result<EndsKey> decode_ends_key(std::string_view key) {
  ByteReader in(key);
  EndsKey decoded;
  decoded.row = static_cast<char>(in.number<std::uint8_t>());
  decoded.time = in.time();
  decoded.message = in.id<MessageId>();
  if (!in.complete()) return corrupt("index key");
  return decoded;
}

std::string commit_number_key() {
  return "commit number";
}

std::string young_floor_key() {
  return "young floor";
}

std::string encode_young_floor(const MessageId& floor) {
  return encode_ids({floor});
}

Result<MessageId> decode_young_floor(std::string_view value) {
  const auto ids = decode_ids(value);
  if (!ids) return std::unexpected(ids.error());
  return ids->front();
}

std::string encode_app(const App& app) {
  return ByteWriter().number(kVersion).number(static_cast<std::uint8_t>(app.kind)).text(app.public_key_pem).take();
}

Result<App> decode_app(const AppId& id, std::string_view value) {
  ByteReader in(value);
  in.version(kVersion);
  App app;
  app.id = id;
  app.kind = in.enumerator(PayloadKind{0}, PayloadKind::kSimplePush);
  app.public_key_pem = in.text();
  if (!in.complete()) return corrupt("app");
  return app;
}

std::string app_node_key(const AppId& app, const UserAgentId& user_agent) {
  return concatenated(app.view(), user_agent.view());
}

std::string node_app_key(const UserAgentId& user_agent, const AppId& app) {
  return concatenated(user_agent.view(), app.view());
}

std::string receipt_message_key(const ReceiptId& receipt, const MessageId& message) {
  return concatenated(receipt.view(), message.view());
}

std::string app_size_key(const AppId& app) {
  return concatenated("app size ", app.view());
}

std::string encode_presence() {
  return ByteWriter().number(kVersion).take();
}

std::string encode_node(const NodeRecord& node) {
  ByteWriter out;
  out.number(kVersion).number(static_cast<std::uint8_t>(node.location.kind)).text(node.location.server);
  out.number(node.location.shard).number(node.location.connection).number(node.apps);
  if (node.wake) out.text(node.wake->ip).number(node.wake->port);
  return out.take();
}

Result<NodeRecord> decode_node(std::string_view value) {
  ByteReader in(value);
  in.version(kVersion);
  NodeRecord node;
  node.location.kind = in.enumerator(LocationKind::kDisconnected, LocationKind::kSleeping);
  node.location.server = in.text();
  node.location.shard = in.number<std::uint32_t>();
  node.location.connection = in.number<std::uint64_t>();
  node.apps = in.number<std::uint32_t>();
  if (in.good() && !in.at_end()) {
    node.wake.emplace();
    node.wake->ip = in.text();
    node.wake->port = in.number<std::uint16_t>();
  }
  if (!in.complete()) return corrupt("node");
  return node;
}

std::string sleeper_prefix(std::string_view server) {
  return concatenated(server, std::string_view("\0", 1));
}

std::string sleeper_key(std::string_view server, const UserAgentId& user_agent) {
  return sleeper_prefix(server).append(user_agent.view());
}

std::string encode_count(std::uint64_t count) {
  return ByteWriter(9).number(kVersion).number(count).take();
}

Result<std::uint64_t> decode_count(std::string_view value) {
  ByteReader in(value);
  in.version(kVersion);
  const auto count = in.number<std::uint64_t>();
  if (!in.complete()) return corrupt("count");
  return count;
}

}  // namespace herald::adapters
