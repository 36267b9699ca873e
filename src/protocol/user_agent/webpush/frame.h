#pragma once
// The frames of a Web Push user agent: the protocol between Firefox and Mozilla's push service (docs/protocols.md).

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/limits.h"
#include "domain/ids.h"
#include "domain/message.h"
#include "protocol/subscription/endpoint_token.h"
#include "protocol/subscription/subscription.h"

namespace herald::protocol::webpush {

// Broadcast ids and versions, each once.
using BroadcastVersions = std::vector<std::pair<std::string, std::string>>;

struct Hello {
  std::string uaid;              // empty: none given, or no string
  BroadcastVersions broadcasts;  // what the client has seen last
};
struct Register {
  subscription::ChannelId channel;
  std::optional<subscription::VapidKeyHash> key;  // the subscription is only for senders with this key
  bool bad_key = false;                           // a key was given that is no uncompressed P-256 point in base64url
};
struct Unregister {
  subscription::ChannelId channel;
  std::int64_t code = 0;  // why: 200 user or site, 201 quota, 202 permission; 0: not told
};
struct Ack {
  struct Update {
    std::optional<MessageId> message;  // nullopt: a version that this server never sent
    std::int64_t code = 100;           // 100 delivered, 101 can't be decrypted, 102 not delivered: done in any case
  };
  std::vector<Update> updates;
};
// Done, as an ack with code 102 is: the device has it and gives it up.
struct Nack {
  std::optional<MessageId> message;  // nullopt: a version that this server never sent
  std::int64_t code = 0;  // 301 exception, 302 rejection, 303 other failure in the page's handler; 0: not told
};
struct Ping {};
struct BroadcastSubscribe {
  BroadcastVersions broadcasts;
};
// KDE: hold back what matters less than this.
struct SetUrgency {
  std::optional<Urgency> least;  // nullopt: a word that this server does not know
};

using Request = std::variant<Hello, Register, Unregister, Ack, Nack, Ping, BroadcastSubscribe, SetUrgency>;

// A frame that ends the connection with 1011 and `close_reason`: "Json" for what can't be read, "SM" for what the
// protocol's states forbid.
struct Rejection {
  std::string_view close_reason;
  std::string_view metric;
};

// Reads one text frame. Unknown members are ignored.
[[nodiscard]] std::expected<Request, Rejection> parse_frame(std::string_view text, const Limits& limits);

// What a device is told of broadcasts.
struct BroadcastAnswer {
  BroadcastVersions changed;
  std::vector<std::string> unknown;
  [[nodiscard]] bool empty() const { return changed.empty() && unknown.empty(); }
};

[[nodiscard]] std::string hello_reply(std::string_view uaid, const BroadcastAnswer& broadcasts);
[[nodiscard]] std::string registered_reply(const subscription::ChannelId& channel, std::string_view endpoint);
// 400: the key can't be used. 500: the store is away, or too many channels; later may work.
[[nodiscard]] std::string register_refusal(const subscription::ChannelId& channel, int status);
[[nodiscard]] std::string unregister_reply(const subscription::ChannelId& channel, int status);
[[nodiscard]] std::string broadcast_frame(const BroadcastAnswer& broadcasts);
[[nodiscard]] std::string urgency_reply(Urgency least);
[[nodiscard]] std::string_view pong();

// The frame that delivers `message`, which must be of kind kWebPush. kCorrupt: its meta can't be read.
[[nodiscard]] Result<std::string> notification_frame(const Message& message);

}  // namespace herald::protocol::webpush
