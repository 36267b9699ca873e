#pragma once
// The bodies of queue messages: small, versioned, with ids and no payload (docs/queues.md has worked examples).
// Big-endian. An older reader skips what a newer writer appended.

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "domain/delivery.h"
#include "domain/ids.h"
#include "domain/message.h"

namespace herald::protocol::queue {

// On newMessages.
struct NewMessage {
  MessageId message;
  AppId app;
  Priority priority = Priority::kRealTime;
  WallTime expires_at;
};

// On a user agent server's queue: deliver this message to these devices.
struct Deliver {
  MessageId message;
  AppId app;
  Priority priority = Priority::kRealTime;
  WallTime expires_at;
  struct Target {
    UserAgentId user_agent;
    std::uint32_t shard = 0;  // the event loop that held the connection when the monitor looked
  };
  std::vector<Target> targets;
};

// On a user agent server's queue: a newer connection elsewhere took this device over.
struct TakenOver {
  UserAgentId user_agent;
  std::uint32_t shard = 0;
  std::uint64_t connection = 0;  // the old one, to be closed
};

// On deliveries.
struct Deliveries {
  std::vector<DeliveryEvent> events;
};

[[nodiscard]] std::string encode(const NewMessage& envelope);
[[nodiscard]] std::string encode(const Deliver& envelope);
[[nodiscard]] std::string encode(const TakenOver& envelope);
[[nodiscard]] std::string encode(const Deliveries& envelope);

// kInvalid: not that kind of envelope, a version this program does not read, or damaged.
[[nodiscard]] Result<NewMessage> decode_new_message(std::string_view body);
[[nodiscard]] Result<std::variant<Deliver, TakenOver>> decode_for_server(std::string_view body);
[[nodiscard]] Result<Deliveries> decode_deliveries(std::string_view body);

}  // namespace herald::protocol::queue
