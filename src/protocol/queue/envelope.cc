#include "protocol/queue/envelope.h"

#include "protocol/queue/byte_codec.h"

namespace herald::protocol::queue {
namespace {

constexpr std::uint8_t kVersion = 1;

enum class Kind : std::uint8_t { kNewMessage = 'N', kDeliver = 'D', kTakenOver = 'T', kDeliveries = 'E' };

constexpr std::size_t kHeaderSize = 4;  // kind, version, size of the fixed part
constexpr std::size_t kListHeaderSize = 6;
constexpr std::size_t kNewMessageSize = 16 + 32 + 1 + 8;
constexpr std::size_t kTakenOverSize = 16 + 4 + 8;
constexpr std::size_t kTargetSize = 16 + 4;
constexpr std::size_t kEventSize = 16 + 16 + 1 + 8 + 8;

std::unexpected<Error> damaged() {
  return fail(ErrorKind::kInvalid, "a damaged queue envelope");
}

void write_header(ByteWriter& out, Kind kind, std::size_t fixed_size) {
  out.number(static_cast<std::uint8_t>(kind), 1);
  out.number(kVersion, 1);
  out.number(fixed_size, 2);
}

void write_list_header(ByteWriter& out, std::size_t entry_size, std::size_t count) {
  out.number(entry_size, 2);
  out.number(count, 4);
}

// The fixed part of an envelope of `kind`.
Result<ByteReader> read_header(ByteReader& in, Kind kind) {
  const auto found = static_cast<Kind>(in.number(1));
  const std::uint64_t version = in.number(1);
  const std::size_t fixed_size = in.number(2);
  ByteReader fixed = in.part(fixed_size);
  if (!in.ok()) return damaged();
  if (found != kind) return fail(ErrorKind::kInvalid, "a queue envelope of another kind");
  if (version != kVersion) return fail(ErrorKind::kInvalid, "a queue envelope of a version this program does not read");
  return fixed;
}

// Calls `read_entry` with a reader of each entry; false if the list is cut short or an entry is smaller than it reads.
template <class ReadEntry>
bool read_list(ByteReader& in, ReadEntry read_entry) {
  const std::size_t entry_size = in.number(2);
  const std::uint64_t count = in.number(4);
  if (!in.ok() || count * entry_size > in.left() || (count > 0 && entry_size == 0)) return false;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (!read_entry(in.part(entry_size))) return false;
  }
  return true;
}

void write_time(ByteWriter& out, WallTime time) {
  out.number(static_cast<std::uint64_t>(time.ms), 8);
}

WallTime read_time(ByteReader& in) {
  return WallTime{static_cast<std::int64_t>(in.number(8))};
}

bool is_priority(std::uint64_t value) {
  return value >= 1 && value <= 3;
}

void write_message(ByteWriter& out, const NewMessage& message) {
  out.id(message.message);
  out.id(message.app);
  out.number(static_cast<std::uint8_t>(message.priority), 1);
  write_time(out, message.expires_at);
}

Result<NewMessage> read_message(ByteReader fixed) {
  NewMessage out;
  out.message = fixed.id<MessageId>();
  out.app = fixed.id<AppId>();
  const std::uint64_t priority = fixed.number(1);
  out.expires_at = read_time(fixed);
  if (!fixed.ok() || !is_priority(priority)) return damaged();
  out.priority = static_cast<Priority>(priority);
  return out;
}

Result<Deliver> decode_deliver(std::string_view body) {
  ByteReader in(body);
  const auto fixed = read_header(in, Kind::kDeliver);
  if (!fixed) return std::unexpected(fixed.error());
  const auto head = read_message(*fixed);
  if (!head) return std::unexpected(head.error());
  Deliver out{head->message, head->app, head->priority, head->expires_at, {}};
  const bool whole = read_list(in, [&out](ByteReader entry) {
    const auto user_agent = entry.id<UserAgentId>();
    out.targets.push_back({user_agent, static_cast<std::uint32_t>(entry.number(4))});
    return entry.ok();
  });
  if (!whole) return damaged();
  return out;
}

Result<TakenOver> decode_taken_over(std::string_view body) {
  ByteReader in(body);
  auto fixed = read_header(in, Kind::kTakenOver);
  if (!fixed) return std::unexpected(fixed.error());
  TakenOver out;
  out.user_agent = fixed->id<UserAgentId>();
  out.shard = static_cast<std::uint32_t>(fixed->number(4));
  out.connection = fixed->number(8);
  if (!fixed->ok()) return damaged();
  return out;
}

void write_event(ByteWriter& out, const DeliveryEvent& event) {
  out.id(event.message);
  out.id(event.user_agent);
  out.number(static_cast<std::uint8_t>(event.state), 1);
  write_time(out, event.sent_at);
  write_time(out, event.at);
}

bool read_event(ByteReader entry, std::vector<DeliveryEvent>& events) {
  DeliveryEvent event;
  event.message = entry.id<MessageId>();
  event.user_agent = entry.id<UserAgentId>();
  event.state = static_cast<DeliveryState>(entry.number(1));
  event.sent_at = read_time(entry);
  event.at = read_time(entry);
  if (event.state != DeliveryState::kSent && event.state != DeliveryState::kAcked) return false;
  events.push_back(event);
  return entry.ok();
}

}  // namespace

std::string encode(const NewMessage& envelope) {
  ByteWriter out(kHeaderSize + kNewMessageSize);
  write_header(out, Kind::kNewMessage, kNewMessageSize);
  write_message(out, envelope);
  return std::move(out).take();
}

std::string encode(const Deliver& envelope) {
  ByteWriter out(kHeaderSize + kNewMessageSize + kListHeaderSize + envelope.targets.size() * kTargetSize);
  write_header(out, Kind::kDeliver, kNewMessageSize);
  write_message(out, {envelope.message, envelope.app, envelope.priority, envelope.expires_at});
  write_list_header(out, kTargetSize, envelope.targets.size());
  for (const Deliver::Target& target : envelope.targets) {
    out.id(target.user_agent);
    out.number(target.shard, 4);
  }
  return std::move(out).take();
}

std::string encode(const TakenOver& envelope) {
  ByteWriter out(kHeaderSize + kTakenOverSize);
  write_header(out, Kind::kTakenOver, kTakenOverSize);
  out.id(envelope.user_agent);
  out.number(envelope.shard, 4);
  out.number(envelope.connection, 8);
  return std::move(out).take();
}

std::string encode(const Deliveries& envelope) {
  ByteWriter out(kHeaderSize + kListHeaderSize + envelope.events.size() * kEventSize);
  write_header(out, Kind::kDeliveries, 0);
  write_list_header(out, kEventSize, envelope.events.size());
  for (const DeliveryEvent& event : envelope.events) write_event(out, event);
  return std::move(out).take();
}

Result<NewMessage> decode_new_message(std::string_view body) {
  ByteReader in(body);
  const auto fixed = read_header(in, Kind::kNewMessage);
  if (!fixed) return std::unexpected(fixed.error());
  return read_message(*fixed);
}

Result<std::variant<Deliver, TakenOver>> decode_for_server(std::string_view body) {
  if (body.starts_with(static_cast<char>(Kind::kTakenOver))) return decode_taken_over(body);
  return decode_deliver(body);
}

Result<Deliveries> decode_deliveries(std::string_view body) {
  ByteReader in(body);
  if (const auto fixed = read_header(in, Kind::kDeliveries); !fixed) return std::unexpected(fixed.error());
  Deliveries out;
  if (!read_list(in, [&out](ByteReader entry) { return read_event(entry, out.events); })) return damaged();
  return out;
}

}  // namespace herald::protocol::queue
