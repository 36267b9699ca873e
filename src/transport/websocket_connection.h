#pragma once
// A connection that speaks WebSocket, on the server's side: messages to and from a handler, pings, the close handshake
// and its time-outs. For transport's own sources.

#include <memory>
#include <span>
#include <string_view>

#include "transport/connection.h"
#include "transport/websocket.h"
#include "transport/websocket_codec.h"

namespace herald::transport {

class WebSocketConnection final : public ConnectionMode, public WebSocket, private WebSocketSink {
 public:
  // Makes `connection` a WebSocket, opens its handler and handles `bytes`, which came with the request. The
  // connection's former mode is destroyed.
  static void take_over(Connection& connection, WebSocketAccept accept, std::span<std::uint8_t> bytes);

  void send_text(std::string_view text) override;
  void close(CloseCode code, std::string_view reason) override;
  [[nodiscard]] std::size_t unsent_bytes() const override { return connection_.unsent_bytes(); }
  [[nodiscard]] SocketAddress peer() const override { return connection_.peer(); }

 private:
  WebSocketConnection(Connection& connection, WebSocketAccept accept);

  void on_bytes(std::span<std::uint8_t> bytes) override;
  // Not those of a peer that does not read what it is answered.
  [[nodiscard]] bool wants_bytes() const override { return closing_ || !connection_.blocked(); }
  void on_ended() override { connection_.cut(); }
  void on_drained() override;
  [[nodiscard]] Deadline deadline() const override;
  void on_deadline(Deadline kind) override;
  void on_drain() override {}
  bool go_away() override;
  void on_dead() override;

  bool on_text(std::string_view text) override;
  bool on_binary(std::string_view bytes) override;
  bool on_ping(std::string_view payload) override;
  bool on_pong(std::string_view payload) override;
  void on_close(CloseCode code, std::string_view reason) override;
  void on_error(const WebSocketViolation& violation) override;

  [[nodiscard]] bool open() const { return !closing_ && !connection_.dead(); }
  void send_control(WebSocketOpcode opcode, std::string_view payload);
  void bound_unsent();
  void leave_open();

  Connection& connection_;
  std::unique_ptr<WebSocketHandler> handler_;
  WebSocketDecoder decoder_;
  CloseCode peer_code_ = CloseCode::kAbnormal;
  bool counted_ : 1 = true;   // among the host's open ones
  bool closing_ : 1 = false;  // a close frame has been queued: nothing can be sent after it
  bool heard_ : 1 = false;    // a message came
  bool pinged_ : 1 = false;   // and nothing came since
};

}  // namespace herald::transport
