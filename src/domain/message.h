#pragma once
// A notification as every role and store sees it, whatever protocol brought it.

#include <cstdint>
#include <memory>
#include <string>

#include "base/time.h"
#include "domain/ids.h"

namespace herald {

// 1 = real time: deliver and wake now. 2 = deliver now if connected; wakes are gathered. 3 = deliver when connected or
// when something else wakes the device.
enum class Priority : std::uint8_t { kRealTime = 1, kGathered = 2, kPassive = 3 };

// How much a Web Push message matters (RFC 8030 §5.3). It also decides Message::priority, see priority_of().
enum class Urgency : std::uint8_t { kVeryLow = 0, kLow = 1, kNormal = 2, kHigh = 3 };

// high wakes; normal is delivered at once to whoever is connected, and gathers wakes; the rest waits for company.
[[nodiscard]] constexpr Priority priority_of(Urgency urgency) {
  if (urgency == Urgency::kHigh) return Priority::kRealTime;
  return urgency == Urgency::kNormal ? Priority::kGathered : Priority::kPassive;
}

// How `body` is to be read, and by which generation it is delivered.
enum class PayloadKind : std::uint8_t {
  kFlow2012 = 1,    // body: the posted JSON object, compact, without messageId and url
  kWebPush = 2,     // body: the encrypted octets as posted; meta: the encoding headers
  kSimplePush = 3,  // body: the version number in decimal
};

struct Message {
  MessageId id;
  AppId app;
  Priority priority = Priority::kRealTime;
  PayloadKind kind = PayloadKind::kFlow2012;
  // The sender's own id (2012) or Topic (Web Push). A later message of the same app with the same one replaces this
  // message. Empty: never replaced.
  std::string replace_key;
  std::string meta;
  std::string body;
  WallTime accepted_at;
  // From this instant on it is never delivered.
  WallTime expires_at;
  Urgency urgency = Urgency::kNormal;
  // Only for devices that are connected when it is routed (Web Push TTL 0): DeliveryStore::pending() leaves it out.
  bool transient = false;
  // The receipt subscription that tells what became of it (ports/receipt_log.h); all zero: none.
  ReceiptId receipt{};
};

using MessagePtr = std::shared_ptr<const Message>;

[[nodiscard]] inline bool is_expired(const Message& message, WallTime now) {
  return now >= message.expires_at;
}

}  // namespace herald
