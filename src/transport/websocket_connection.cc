#include "transport/websocket_connection.h"

#include <string>
#include <utility>

#include "transport/connection_host.h"

namespace herald::transport {

void WebSocketConnection::take_over(Connection& connection, WebSocketAccept accept, std::span<std::uint8_t> bytes) {
  auto owned = std::unique_ptr<WebSocketConnection>(new WebSocketConnection(connection, std::move(accept)));
  WebSocketConnection& self = *owned;
  ++connection.host().open_websockets;
  connection.host().metrics.upgraded(connection.secure());
  connection.become(std::move(owned), true);
  self.handler_->on_open(self);
  if (!bytes.empty()) self.on_bytes(bytes);
}

WebSocketConnection::WebSocketConnection(Connection& connection, WebSocketAccept accept)
    : connection_(connection),
      handler_(std::move(accept.handler)),
      decoder_(WebSocketRole::kServer, accept.message_max_bytes != 0
                                           ? accept.message_max_bytes
                                           : connection.host().limits.websocket_message_max_bytes) {}

void WebSocketConnection::send_text(std::string_view text) {
  if (!open()) return;
  std::string header;
  append_frame_header(header, WebSocketOpcode::kText, text.size());
  connection_.send(header, text);
  bound_unsent();
  connection_.settle();
}

void WebSocketConnection::send_control(WebSocketOpcode opcode, std::string_view payload) {
  if (!open()) return;
  std::string frame;
  append_frame(frame, opcode, payload);
  connection_.send(frame);
  bound_unsent();
}

void WebSocketConnection::close(CloseCode code, std::string_view reason) {
  if (!open()) return;
  std::string frame;
  append_close(frame, code, reason);
  connection_.send(frame);
  closing_ = true;
  leave_open();
  connection_.settle();
}

void WebSocketConnection::on_bytes(std::span<std::uint8_t> bytes) {
  pinged_ = false;
  // A handshake's or a close's time does not grow by what the peer sends.
  if (heard_ && !closing_) connection_.renew_deadline();
  decoder_.consume(bytes, *this);
}

// What comes after close() is ignored, but for the peer's close frame.
bool WebSocketConnection::on_text(std::string_view text) {
  heard_ = true;
  if (open()) handler_->on_text(text);
  return !connection_.dead();
}

bool WebSocketConnection::on_binary(std::string_view bytes) {
  if (open()) handler_->on_binary(bytes);
  return !connection_.dead();
}

bool WebSocketConnection::on_ping(std::string_view payload) {
  send_control(WebSocketOpcode::kPong, payload);
  return !connection_.dead();
}

bool WebSocketConnection::on_pong(std::string_view /*payload*/) {
  return true;
}

void WebSocketConnection::on_close(CloseCode code, std::string_view /*reason*/) {
  peer_code_ = code;
  // RFC 6455 §5.5.1: the answer echoes the code; §7.1.1: the server ends TCP first.
  close(code, {});
  connection_.finish();
}

void WebSocketConnection::on_error(const WebSocketViolation& violation) {
  connection_.host().metrics.refused(Refusal::kBadFrame);
  close(violation.code, violation.reason);
  connection_.finish();
}

void WebSocketConnection::on_drained() {
  if (open()) handler_->on_drained();
}

Deadline WebSocketConnection::deadline() const {
  if (closing_) return Deadline::kClose;
  if (!heard_) return Deadline::kHandshake;
  return pinged_ ? Deadline::kPong : Deadline::kPing;
}

void WebSocketConnection::on_deadline(Deadline kind) {
  if (kind == Deadline::kHandshake) return close(CloseCode::kInternalError, "HandshakeTimeout");
  if (kind == Deadline::kPong) return close(CloseCode::kInternalError, "PongTimeout");
  send_control(WebSocketOpcode::kPing, {});
  pinged_ = true;
}

bool WebSocketConnection::go_away() {
  if (!open()) return false;
  close(CloseCode::kGoingAway, {});
  return true;
}

void WebSocketConnection::on_dead() {
  leave_open();
  handler_->on_close(peer_code_);
}

void WebSocketConnection::bound_unsent() {
  const auto most = connection_.host().limits.send_buffer_max_bytes;
  if (connection_.unsent_bytes() <= most) return;
  connection_.flush();
  if (connection_.dead() || connection_.unsent_bytes() <= most) return;
  connection_.host().metrics.refused(Refusal::kSlowReader);
  connection_.cut();
}

void WebSocketConnection::leave_open() {
  if (!counted_) return;
  counted_ = false;
  --connection_.host().open_websockets;
}

}  // namespace herald::transport
