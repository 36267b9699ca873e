#pragma once
// The frames of a SimplePush user agent: version numbers instead of payloads (docs/protocols.md).

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/limits.h"
#include "domain/location.h"
#include "domain/message.h"

namespace herald::protocol::simplepush {

// Versions are below this.
inline constexpr std::uint64_t kVersionEnd = std::uint64_t{1} << 53;

struct Hello {
  std::string uaid;  // empty: none given, or no string
  // The channels that the device believes it has, each once; names that can't be one are left out. nullopt: not told.
  std::optional<std::vector<std::string>> channels;
  // How to wake it: a literal address, a port from 1 to 65534 and a mobile network with numbers. nullopt: not at all.
  std::optional<WakeInterface> wake;
};
struct Register {
  std::string channel;
};
struct Unregister {
  std::string channel;
};
struct Ack {
  struct Update {
    std::string channel;
    std::uint64_t version = 0;
  };
  std::vector<Update> updates;
  std::vector<std::string> refusals;  // the replies to elements that can't be read
};
struct Ping {};

using Request = std::variant<Hello, Register, Unregister, Ack, Ping>;

// A frame that is answered with an error, after which the connection is closed.
struct Rejection {
  std::string reply;
  std::string_view metric;
};

// Reads one text frame. Unknown members are ignored; an object without messageType is a ping.
[[nodiscard]] std::expected<Request, Rejection> parse_frame(std::string_view text, const Limits& limits);

// `asleep`: the device was accepted for wake-up (201 instead of 200).
[[nodiscard]] std::string hello_reply(std::string_view uaid, bool asleep);
[[nodiscard]] std::string registered_reply(std::string_view channel, std::string_view endpoint);
// 500: the store is away, or too many channels.
[[nodiscard]] std::string register_refusal(std::string_view channel, int status);
// 202: done. 500: the store is away.
[[nodiscard]] std::string unregister_reply(std::string_view channel, int status);
// The channel is not this device's; the connection stays.
[[nodiscard]] std::string unknown_channel_reply(std::string_view channel);
[[nodiscard]] std::string_view pong();
// Answers to what ends the connection.
[[nodiscard]] std::string_view error_binary();          // 463
[[nodiscard]] std::string_view error_no_uaid();         // 459: anything before hello
[[nodiscard]] std::string_view error_not_registered();  // 460: hello can't be served

// A version update as stored.
struct Update {
  std::string channel;
  std::uint64_t version = 0;
};
// Of a message of kind kSimplePush. kCorrupt: its meta or body can't be read.
[[nodiscard]] Result<Update> read_update(const Message& message);
[[nodiscard]] std::string notification_frame(const Update& update);

}  // namespace herald::protocol::simplepush
