#include "adapters/mongodb/documents.h"

#include <bit>
#include <limits>

#include "adapters/mongodb/schema.h"

namespace herald::adapters::mongodb {

namespace {

// The order in which states override each other; what is stored as a delivery's state.
enum Rank : std::int64_t { kRankPending = 0, kRankSent = 1, kRankDropped = 2, kRankAcked = 3 };

constexpr std::size_t kAppHexSize = 64;
constexpr std::size_t kIdHexSize = 32;

[[nodiscard]] std::unexpected<Error> damaged(const char* what) {
  return fail(ErrorKind::kCorrupt, std::string("damaged ") + what);
}

[[nodiscard]] WallTime time_or_never(const Row& row, const char* key) {
  return row.time(key).value_or(WallTime{});
}

[[nodiscard]] DeliveryState state_of_rank(std::int64_t rank) {
  if (rank == kRankSent) return DeliveryState::kSent;
  if (rank == kRankDropped) return DeliveryState::kDropped;
  return rank == kRankAcked ? DeliveryState::kAcked : DeliveryState::kPending;
}

}  // namespace

Status check_document(const Row& row, const char* what) {
  const auto version = row.number("v").value_or(kVersion);
  if (version <= kVersion) return {};
  return fail(ErrorKind::kCorrupt,
              std::string(what) + " has version " + std::to_string(version) + ", which a newer herald wrote");
}

std::string slot_of(const AppId& app, std::string_view replace_key) {
  return app.hex().append(":").append(replace_key);
}

Document message_document(const Message& message) {
  Document d;
  d.text("_id", message.id.hex()).number("v", kVersion).text("app", message.app.hex());
  if (!message.replace_key.empty()) d.text("slot", slot_of(message.app, message.replace_key));
  d.number("priority", static_cast<std::int64_t>(message.priority));
  d.number("kind", static_cast<std::int64_t>(message.kind));
  if (message.urgency != Urgency::kNormal) d.number("urgency", static_cast<std::int64_t>(message.urgency));
  if (message.transient) d.flag("transient", true);
  if (message.receipt != ReceiptId{}) d.text("receipt", message.receipt.hex()).text("log", message.receipt.hex());
  if (!message.meta.empty()) d.bytes("meta", message.meta);
  d.bytes("body", message.body).time("accepted", message.accepted_at).time("expires", message.expires_at);
  d.time("ends", message.expires_at).flag("open", true).flag("unrouted", true);
  return d;
}

Result<StoredMessage> read_message(const Row& row) {
  if (auto known = check_document(row, "a message"); !known) return std::unexpected(known.error());
  const auto id = read_id<MessageId>(row.text("_id"), "message id");
  const auto app = read_id<AppId>(row.text("app"), "app id");
  const auto priority = row.number("priority");
  const auto kind = row.number("kind");
  const auto accepted = row.time("accepted");
  const auto expires = row.time("expires");
  const auto urgency = row.number("urgency").value_or(static_cast<std::int64_t>(Urgency::kNormal));
  if (!id || !app || !accepted || !expires || !priority || !kind) return damaged("message");
  if (*priority < 1 || *priority > 3 || *kind < 1 || *kind > 3 || urgency < 0 || urgency > 3) return damaged("message");
  StoredMessage stored;
  Message& message = stored.message;
  message.id = *id;
  message.app = *app;
  message.priority = static_cast<Priority>(*priority);
  message.kind = static_cast<PayloadKind>(*kind);
  message.urgency = static_cast<Urgency>(urgency);
  const auto slot = row.text("slot").value_or("");
  if (slot.size() > kAppHexSize) message.replace_key = slot.substr(kAppHexSize + 1);
  message.meta = row.bytes("meta").value_or("");
  message.body = row.bytes("body").value_or("");
  message.accepted_at = *accepted;
  message.expires_at = *expires;
  message.transient = row.flag("transient");
  message.receipt = ReceiptId::from_hex(row.text("receipt").value_or("")).value_or(ReceiptId{});
  stored.open = row.flag("open");
  stored.routed = row.flag("routed");
  stored.many = row.flag("many");
  if (const auto sole = UserAgentId::from_hex(row.text("sole").value_or(""))) stored.sole = *sole;
  stored.ends = row.time("ends").value_or(*expires);
  stored.acked_at = row.time("acked_at");
  stored.replaced_at = row.time("replaced_at");
  stored.cancelled_at = row.time("cancelled_at");
  stored.dropped_at = row.time("dropped_at");
  return stored;
}

DeliveryState StoredMessage::state(WallTime now) const {
  if (acked_at) return DeliveryState::kAcked;
  struct End {
    std::optional<WallTime> at;
    DeliveryState state;
  };
  const End ends_known[] = {
      {replaced_at, DeliveryState::kReplaced},
      {cancelled_at, DeliveryState::kCancelled},
      {dropped_at, DeliveryState::kDropped},
      {now >= message.expires_at ? std::optional(message.expires_at) : std::nullopt, DeliveryState::kExpired}};
  DeliveryState first = DeliveryState::kPending;
  WallTime earliest{std::numeric_limits<std::int64_t>::max()};
  for (const auto& end : ends_known) {
    if (!end.at || *end.at >= earliest) continue;
    earliest = *end.at;
    first = end.state;
  }
  return first;
}

ports::MessageStatus StoredMessage::status(WallTime now) const {
  return {.id = message.id,
          .app = message.app,
          .priority = message.priority,
          .replace_key = message.replace_key,
          .accepted_at = message.accepted_at,
          .expires_at = message.expires_at,
          .routed = routed,
          .state = state(now),
          .ended_at = ended_at(now),
          .recipients = sole ? 1U : 0U,
          .acked = sole && acked_at ? 1U : 0U,
          .receipt = message.receipt};
}

Document end_of_message(const char* reason, WallTime at) {
  Document first;
  first.time(reason, at).time("ends", at);
  Document gone;
  gone.text("open", "").text("unrouted", "").text("body", "").text("meta", "");
  Document change;
  change.document("$min", first).document("$unset", gone);
  return change;
}

std::string delivery_id(const MessageId& message, const UserAgentId& user_agent) {
  return message.hex().append(":").append(user_agent.hex());
}

Document deliveries_of(const MessageId& message, std::optional<UserAgentId> after) {
  Document range;
  // ';' follows ':' in the order of bytes.
  range.text("$gt", after ? delivery_id(message, *after) : message.hex() + ":").text("$lt", message.hex() + ";");
  return document_of("_id", range);
}

Document delivery_document(const StoredMessage& message, const UserAgentId& user_agent, bool sole, WallTime routed_at) {
  Document d;
  d.text("_id", delivery_id(message.message.id, user_agent)).number("v", kVersion);
  d.text("ua", user_agent.hex()).text("app", message.message.app.hex());
  d.number("priority", static_cast<std::int64_t>(message.message.priority));
  if (message.message.transient) d.flag("transient", true);
  d.number("state", kRankPending).flag("open", true);
  if (sole) d.flag("sole", true);
  d.time("routed_at", routed_at).time("expires", message.message.expires_at);
  return d;
}

Result<StoredDelivery> read_delivery(const Row& row) {
  if (auto known = check_document(row, "a delivery"); !known) return std::unexpected(known.error());
  const auto id = row.text("_id").value_or("");
  const auto message = read_id<MessageId>(id.substr(0, kIdHexSize), "message id");
  const auto user_agent = read_id<UserAgentId>(row.text("ua"), "user agent id");
  const auto rank = row.number("state");
  if (!message || !user_agent || !rank || *rank < kRankPending || *rank > kRankAcked) return damaged("delivery");
  StoredDelivery d;
  d.message = *message;
  d.user_agent = *user_agent;
  d.app = AppId::from_hex(row.text("app").value_or("")).value_or(AppId{});
  d.state = state_of_rank(*rank);
  d.open = row.flag("open");
  d.sole = row.flag("sole");
  d.expires_at = time_or_never(row, "expires");
  d.routed_at = time_or_never(row, "routed_at");
  d.sent_at = time_or_never(row, "sent_at");
  if (d.state == DeliveryState::kAcked) d.final_at = time_or_never(row, "acked_at");
  if (d.state == DeliveryState::kDropped) d.final_at = time_or_never(row, "dropped_at");
  return d;
}

DeliveryState StoredDelivery::state_alone(WallTime now) const {
  if (is_final(state)) return state;
  // Replaced or cancelled: which of them makes no difference to what may follow.
  if (!open) return DeliveryState::kCancelled;
  return now >= expires_at ? DeliveryState::kExpired : state;
}

Document sent_change(WallTime sent_at) {
  Document change;
  change.document("$max", number_of("state", kRankSent)).document("$min", time_of("sent_at", sent_at));
  return change;
}

Document acked_change(WallTime sent_at, WallTime acked_at) {
  Document first = time_of("acked_at", acked_at);
  if (sent_at != WallTime{}) first.time("sent_at", sent_at);
  Document change;
  change.document("$max", number_of("state", kRankAcked)).document("$min", first);
  change.document("$unset", text_of("open", ""));
  return change;
}

Document dropped_change(WallTime at) {
  Document change;
  change.document("$max", number_of("state", kRankDropped)).document("$min", time_of("dropped_at", at));
  change.document("$unset", text_of("open", ""));
  return change;
}

Document closed_change() {
  return document_of("$unset", text_of("open", ""));
}

Result<App> read_app(const Row& row) {
  if (auto known = check_document(row, "an app"); !known) return std::unexpected(known.error());
  const auto id = read_id<AppId>(row.text("_id"), "app id");
  const auto kind = row.number("kind").value_or(0);
  if (!id || kind < 1 || kind > 3) return damaged("app");
  return App{*id, static_cast<PayloadKind>(kind), std::string(row.text("key").value_or(""))};
}

std::string registration_id(const AppId& app, const UserAgentId& user_agent) {
  return app.hex().append(":").append(user_agent.hex());
}

Document location_change(const Location& location, const std::optional<WakeInterface>& wake) {
  Document set;
  Document unset;
  set.number("v", kVersion).number("kind", static_cast<std::int64_t>(location.kind)).text("server", location.server);
  set.number("shard", location.shard).number("connection", std::bit_cast<std::int64_t>(location.connection));
  if (location.order != 0) set.number("order", static_cast<std::int64_t>(location.order));
  if (location.kind == LocationKind::kSleeping) {
    set.text("sleeps", location.server);
  } else {
    unset.text("sleeps", "");
  }
  if (wake && !wake->ip.empty()) {
    set.text("wake_ip", wake->ip).number("wake_port", wake->port);
  } else if (wake) {
    unset.text("wake_ip", "").text("wake_port", "");
  }
  Document change;
  change.document("$set", set);
  if (!unset.empty()) change.document("$unset", unset);
  return change;
}

Result<Node> read_node(const Row& row) {
  if (auto known = check_document(row, "a node"); !known) return std::unexpected(known.error());
  const auto id = read_id<UserAgentId>(row.text("_id"), "user agent id");
  const auto kind = row.number("kind").value_or(0);
  if (!id || kind < 0 || kind > 2) return damaged("node");
  Node node{.user_agent = *id, .location = {}, .wake = {}};
  node.location.kind = static_cast<LocationKind>(kind);
  node.location.server = row.text("server").value_or("");
  node.location.shard = static_cast<std::uint32_t>(row.number("shard").value_or(0));
  node.location.connection = std::bit_cast<std::uint64_t>(row.number("connection").value_or(0));
  node.location.order = static_cast<std::uint64_t>(row.number("order").value_or(0));
  if (const auto ip = row.text("wake_ip")) {
    node.wake = WakeInterface{std::string(*ip), static_cast<std::uint16_t>(row.number("wake_port").value_or(0))};
  }
  return node;
}

Result<ServerLease> read_lease(const Row& row) {
  if (auto known = check_document(row, "a server's lease"); !known) return std::unexpected(known.error());
  const auto server = row.text("_id");
  const auto kind = row.number("kind").value_or(0);
  const auto until = row.time("until");
  if (!server || !until || kind < 1 || kind > 2) return damaged("server's lease");
  return ServerLease{.server = std::string(*server),
                     .kind = static_cast<LocationKind>(kind),
                     .holder = std::string(row.text("holder").value_or("")),
                     .until = *until};
}

}  // namespace herald::adapters::mongodb
