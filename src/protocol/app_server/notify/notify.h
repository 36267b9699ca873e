#pragma once
// POST /notify/<token> of the 2012 flow: body to Message, and the replies (docs/protocols.md; the seed's wiki page).

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "base/time.h"
#include "domain/app.h"
#include "domain/ids.h"
#include "domain/message.h"

namespace herald::protocol::notify {

struct Notification {
  std::string id;  // the sender's; empty: none
  // What a signature covers: the message string decoded, or the exact text of a JSON message; if `signs_request`, the
  // lines of the request after its notify token.
  std::string signed_bytes;
  bool signs_request = false;       // "signs": "request"
  std::string signature_hex;        // empty: unsigned
  bool bad_signature_form = false;  // `signature` is there but is not a hex string
  Priority priority = Priority::kRealTime;
  WallTime expires_at;
  std::string body;  // for Message::body
};

struct Rejection {
  int status = 400;
  std::string reason;       // goes to the sender: {"status": "ERROR", "reason": …}
  std::string_view metric;  // short name for the refusal metric
};

// Reads the body (docs/protocols.md §4). expires_at is timestamp + ttl, at most `now` + limits.retention_s; ttl absent
// or 0: `now` + retention. `timestamp` in seconds or milliseconds, number or numeric string, more than a day ahead of
// `now` counts as `now`. A notification that has already expired is accepted (it is never delivered): expires_at tells.
[[nodiscard]] std::expected<Notification, Rejection> parse_notification(std::string_view body, WallTime now,
                                                                        const Limits& limits);

// Checks the signature rules S18, S19 against the app's key; nullopt: fine.
std::optional<Rejection> check_signature(const Notification& notification, const App& app, int rsa_min_bits);

// What a signature of `notification` to `app` covers (docs/protocols.md §4.1).
[[nodiscard]] std::string bytes_under_signature(const Notification& notification, const AppId& app);

// Names what was signed: under this receipt subscription the store finds the message that was accepted with it, so
// that it is accepted once. It is never all zero.
[[nodiscard]] ReceiptId name_of_signed(const Notification& notification, const AppId& app);

// "/notify/<64 hex>" → the app. `rest` is what follows "/notify" in the path, `query_token` the value of ?token= if
// any. Rows S13, S20.
[[nodiscard]] std::expected<AppId, Rejection> parse_app(std::string_view rest,
                                                        std::optional<std::string_view> query_token);

[[nodiscard]] std::string accepted_body();                      // {"status": "ACCEPTED"}
[[nodiscard]] std::string error_body(std::string_view reason);  // {"status": "ERROR", "reason": …}

}  // namespace herald::protocol::notify
