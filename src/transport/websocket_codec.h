#pragma once
// WebSocket bytes to messages (RFC 6455 §5), for both ends of a connection: no socket, no time, no thread of its own.
// The decoder works in the caller's buffer; only what is unfinished at the end of it is kept.

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "transport/websocket.h"
#include "transport/websocket_frame.h"
#include "transport/websocket_handshake.h"

namespace herald::transport {

// Told what the decoder found. Views are valid during the call only. A member that returns bool may return false to
// read no further: the decoder is then finished. None may destroy the decoder or call consume().
class WebSocketSink {
 public:
  virtual ~WebSocketSink() = default;
  // A whole message, fragments put together; text is valid UTF-8.
  virtual bool on_text(std::string_view text) = 0;
  virtual bool on_binary(std::string_view bytes) = 0;
  // To be answered by a pong with the same payload (§5.5.2).
  virtual bool on_ping(std::string_view payload) = 0;
  virtual bool on_pong(std::string_view payload) = 0;
  // The peer's close frame; kNoStatus if it gave no code. The decoder is finished.
  virtual void on_close(CloseCode code, std::string_view reason) = 0;
  // The peer broke a rule: what to close with is kProtocolError, kInvalidPayload (not UTF-8) or kTooBig. The decoder is
  // finished.
  virtual void on_error(const WebSocketViolation& violation) = 0;
};

// An idle decoder owns no heap memory. Movable; not thread-safe.
class WebSocketDecoder {
 public:
  // `message_max_bytes` bounds a message, all its fragments together; a larger one is refused from its frame's header.
  WebSocketDecoder(WebSocketRole role, std::uint64_t message_max_bytes);
  WebSocketDecoder(WebSocketDecoder&&) noexcept;
  WebSocketDecoder& operator=(WebSocketDecoder&&) noexcept;
  ~WebSocketDecoder();

  // Takes all of `bytes`, which is unmasked in place, and calls `sink` for each message and control frame that is now
  // complete. False: finished (close, violation, or the sink's wish); later bytes are ignored.
  bool consume(std::span<std::uint8_t> bytes, WebSocketSink& sink);

  [[nodiscard]] bool finished() const { return finished_; }
  // A frame or a fragmented message has begun to arrive and is not complete. For time-outs.
  [[nodiscard]] bool mid_message() const { return remainder_ != nullptr; }

 private:
  struct Remainder;

  bool consume_frame(std::span<std::uint8_t>& bytes, WebSocketSink& sink);
  bool continue_frame(std::span<std::uint8_t>& bytes, WebSocketSink& sink);
  [[nodiscard]] std::expected<std::optional<WebSocketFrameHeader>, WebSocketViolation> parse(
      std::span<const std::uint8_t> bytes) const;
  bool handle_frame(const WebSocketFrameHeader& header, std::span<std::uint8_t> payload, WebSocketSink& sink);
  bool handle_data(const WebSocketFrameHeader& header, std::string_view payload, WebSocketSink& sink);
  static bool handle_control(WebSocketOpcode opcode, std::string_view payload, WebSocketSink& sink);
  static bool handle_close(std::string_view payload, WebSocketSink& sink);
  static bool deliver(WebSocketOpcode opcode, std::string_view message, WebSocketSink& sink);
  static bool refuse(const WebSocketViolation& violation, WebSocketSink& sink);
  Remainder& remainder();

  std::unique_ptr<Remainder> remainder_;
  std::uint64_t message_max_bytes_;
  WebSocketRole role_;
  bool finished_ = false;
};
static_assert(sizeof(WebSocketDecoder) <= 32, "every idle connection carries one");

}  // namespace herald::transport
