#pragma once
// The frames of the 2012 flow between device and server (docs/protocols.md; the seed's wiki page of 31 July 2012).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "domain/ids.h"
#include "domain/location.h"
#include "domain/message.h"

namespace herald::protocol::flow2012 {

// How a request was spelled; the reply mirrors it.
enum class Spelling : std::uint8_t {
  kSlash,        // {"command":"register/ua"}
  kCamel,        // {"command":"registerUA"}
  kMessageType,  // {"messageType":"registerUA"}
};

struct RegisterUa {
  std::string uatoken;  // empty: missing or not a string
  bool has_interface = false;
  // Set if has_interface and ip is an IP literal and port 1 to 65535 (string or number; absent: 5000).
  std::optional<WakeInterface> interface;
};
struct RegisterWa {
  std::string uatoken;       // empty: none given; the connection's is meant
  std::string watoken;       // empty: missing, not a string, or too long
  std::string pbkbase64;     // empty: none
  bool bad_key = false;      // pbkbase64 is present and not a string, or too long
  bool bad_uatoken = false;  // uatoken is present and empty, not a string, or too long
};
struct UnregisterWa {
  std::string uatoken;  // empty: none given; the connection's is meant
  std::string watoken;
  std::string pbkbase64;
  bool bad_uatoken = false;
};
struct GetAllMessages {
  std::string uatoken;  // empty: none given
};
struct Ack {
  std::string uatoken;              // empty: none given; the connection's is meant
  std::vector<MessageId> messages;  // ids that are none are left out: an ack of something unknown is ignored
};

struct Request {
  Spelling spelling = Spelling::kSlash;
  std::variant<RegisterUa, RegisterWa, UnregisterWa, GetAllMessages, Ack> body;
};

// What to answer to a frame that can't be a request (rows S1, S3, S4, S6, S7). The connection is closed after it.
struct Rejection {
  std::string reply;
  std::string_view reason;  // for metrics: "not_json", "unknown_command", "unknown_message_type"
};

// Reads one text frame. Unknown members are ignored.
[[nodiscard]] std::expected<Request, Rejection> parse_frame(std::string_view text, const Limits& limits);

// Replies.
[[nodiscard]] std::string reply_registered_ua(
    Spelling spelling);  // OK | {"status":"REGISTERED","messageType":"registerUA"}
[[nodiscard]] std::string reply_registered_wa(Spelling spelling, std::string_view url);  // the bare URL in all forms
[[nodiscard]] std::string reply_unregistered_wa(
    Spelling spelling, std::string_view url);  // OK | {"status":"UNREGISTERED","url":…,"messageType":"unregisterWA"}
[[nodiscard]] std::string_view error_token_not_accepted();  // S5, S9
[[nodiscard]] std::string_view error_could_not_add_ua();    // S10, storage
[[nodiscard]] std::string_view error_could_not_add_wa();    // S8, storage
[[nodiscard]] std::string_view error_binary();              // S2
[[nodiscard]] std::string_view error_not_json();            // S1
[[nodiscard]] std::string_view error_no_subprotocol();      // the upgrade did not offer push-notification
[[nodiscard]] std::string_view error_not_registered();      // an ack or the like before the connection is a device

// One delivered message as a JSON object: the posted fields plus messageId and url. `message.kind` must be kFlow2012.
void append_delivery_object(std::string& out, const Message& message, std::string_view notify_url);
// A delivery frame: an array of one object.
[[nodiscard]] std::string delivery_frame(const Message& message, std::string_view notify_url);
// The answer of getAllMessages and /pull.
[[nodiscard]] std::string delivery_array(const std::vector<MessagePtr>& messages, std::string_view public_url);

// Notify token of an app: SHA-256(watoken), or SHA-256(watoken ‖ pbkbase64) if a key is given. Where the joined text
// could be split in two ways, the id is another one, so that two different pairs never have the same id
// (docs/protocols.md §2.3).
[[nodiscard]] AppId app_id(std::string_view watoken, std::string_view pbkbase64);
// <public_url>/notify/<app in hex>
[[nodiscard]] std::string notify_url(std::string_view public_url, const AppId& app);

}  // namespace herald::protocol::flow2012
