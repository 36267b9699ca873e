#pragma once
// WebSocket (RFC 6455) as the roles see it. One handler per connection, on the connection's loop only.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "transport/address.h"
#include "transport/http.h"

namespace herald::transport {

// RFC 6455 §7.4.1, and those that this family of protocols uses.
enum class CloseCode : std::uint16_t {
  kNormal = 1000,
  kGoingAway = 1001,
  kProtocolError = 1002,
  kUnsupportedData = 1003,
  kNoStatus = 1005,  // never sent
  kAbnormal = 1006,  // never sent: the connection ended without a close frame
  kInvalidPayload = 1007,
  kPolicyViolation = 1008,
  kTooBig = 1009,
  kInternalError = 1011,
  kUdpWakeup = 4774,  // SimplePush: do not reconnect, wait for a datagram
};

// The sending half of one connection; valid from on_open() until on_close() returns.
class WebSocket {
 public:
  virtual ~WebSocket() = default;
  // Queues one text message (valid UTF-8). Past send_buffer_max_bytes the connection is cut and on_close follows later.
  virtual void send_text(std::string_view text) = 0;
  // Sends a close frame after what is queued, waits for the peer's up to close_timeout_ms, then ends TCP. Nothing can
  // be sent after. `reason` is cut to 123 bytes.
  virtual void close(CloseCode code, std::string_view reason = {}) = 0;
  // Bytes not yet taken by the kernel.
  [[nodiscard]] virtual std::size_t unsent_bytes() const = 0;
  [[nodiscard]] virtual SocketAddress peer() const = 0;
};

class WebSocketHandler {
 public:
  virtual ~WebSocketHandler() = default;
  virtual void on_open(WebSocket& socket) = 0;
  // A whole message, UTF-8 checked; `text` is valid during the call. Not called after close() or on_close().
  virtual void on_text(std::string_view text) = 0;
  virtual void on_binary(std::string_view bytes) = 0;
  // All queued bytes went out after some had to wait.
  virtual void on_drained() {}
  // Of a client: why the server closes, if it said so. on_close() follows.
  virtual void on_close_reason(std::string_view /*reason*/) {}
  // Exactly once, last; the handler is destroyed after it. `code`: the peer's, or kAbnormal.
  virtual void on_close(CloseCode code) = 0;
};

struct WebSocketAccept {
  std::string subprotocol;  // empty: none is selected
  std::unique_ptr<WebSocketHandler> handler;
  // The longest message; 0: websocket_message_max_bytes.
  std::size_t message_max_bytes = 0;
};

// Decides about each valid upgrade request: accept it, or answer it as plain HTTP.
class WebSocketAcceptor {
 public:
  virtual ~WebSocketAcceptor() = default;
  virtual std::variant<WebSocketAccept, HttpResponse> on_upgrade(const HttpRequest& request) = 0;
};

// True if the comma-separated Sec-WebSocket-Protocol headers of `request` offer `name`.
[[nodiscard]] bool offers_subprotocol(const HttpRequest& request, std::string_view name);

}  // namespace herald::transport
