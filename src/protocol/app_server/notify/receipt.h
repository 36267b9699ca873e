#pragma once
// The receipt: GET <notify URL>/messages/<id>. Devices appear as per-app pseudonyms, never as UA tokens.

#include <string>
#include <vector>

#include "domain/delivery.h"
#include "domain/ids.h"
#include "domain/message.h"

namespace herald::protocol::notify {

// What a receipt shows of the message itself (ports::MessageStatus without the port).
struct ReceiptHead {
  MessageId id;
  std::string sender_id;
  Priority priority = Priority::kRealTime;
  WallTime accepted_at;
  WallTime expires_at;
  bool routed = false;
  DeliveryState state = DeliveryState::kPending;
  WallTime ended_at;
  std::uint64_t recipients = 0;
  std::uint64_t acked = 0;
};

// {"messageId","id","state","priority","acceptedAt","expiresAt","routed","endedAt"?,"recipients","acked","deliveries":[{"device","state","routedAt","sentAt"?,"endedAt"?}],"next"?}
// Times are RFC 3339 UTC with milliseconds. `app` makes the pseudonyms: the first 16 hex digits of HMAC-SHA256(app,
// user agent id).
[[nodiscard]] std::string receipt_body(const AppId& app, const ReceiptHead& head,
                                       const std::vector<Delivery>& deliveries, std::string_view next_cursor);
[[nodiscard]] std::string pseudonym(const AppId& app, const UserAgentId& user_agent);
[[nodiscard]] std::string rfc3339(WallTime time);

}  // namespace herald::protocol::notify
