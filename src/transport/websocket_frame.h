#pragma once
// One WebSocket frame (RFC 6455 §5.2): its header read and checked, its bytes written.

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "transport/websocket.h"

namespace herald::transport {

// Which end this is. A server reads masked frames and writes bare ones, a client the reverse (RFC 6455 §5.1).
enum class WebSocketRole : std::uint8_t { kServer, kClient };

// RFC 6455 §5.2.
enum class WebSocketOpcode : std::uint8_t {
  kContinuation = 0x0,
  kText = 0x1,
  kBinary = 0x2,
  kClose = 0x8,
  kPing = 0x9,
  kPong = 0xA,
};

[[nodiscard]] constexpr bool is_control(WebSocketOpcode opcode) {
  return (static_cast<std::uint8_t>(opcode) & 0x8) != 0;
}

using WebSocketMask = std::array<std::uint8_t, 4>;

// The most payload bytes of a control frame (§5.5), and the most bytes of a close reason: the rest of such a payload.
inline constexpr std::size_t kControlPayloadMaxBytes = 125;
inline constexpr std::size_t kCloseReasonMaxBytes = kControlPayloadMaxBytes - 2;

struct WebSocketFrameHeader {
  WebSocketOpcode opcode = WebSocketOpcode::kContinuation;
  bool last = false;     // FIN
  WebSocketMask mask{};  // zero if not masked
  std::uint8_t header_bytes = 0;
  std::uint64_t payload_bytes = 0;
};

// A broken rule: the close code to answer with, and a constant phrase.
struct WebSocketViolation {
  CloseCode code = CloseCode::kProtocolError;
  std::string_view reason;
};

// Reads the header at the start of `bytes`, as `reader` must. nullopt: more bytes are needed. A violation is found with
// the first byte that shows it: reserved bits, unknown opcode, mask missing or forbidden, a control frame that is long
// or fragmented, a length not in its shortest form, or of 2^63 and above.
[[nodiscard]] std::expected<std::optional<WebSocketFrameHeader>, WebSocketViolation> parse_frame_header(
    std::span<const std::uint8_t> bytes, WebSocketRole reader);

// XORs `bytes` with `mask`, starting at its first byte (§5.3).
void apply_mask(std::span<std::uint8_t> bytes, const WebSocketMask& mask);

// Appends one frame. `mask` is required from a client and forbidden from a server. `last` false: more fragments follow.
void append_frame(std::string& out, WebSocketOpcode opcode, std::string_view payload,
                  const std::optional<WebSocketMask>& mask = std::nullopt, bool last = true);
// Appends only the header of an unmasked whole frame; its payload must follow.
void append_frame_header(std::string& out, WebSocketOpcode opcode, std::uint64_t payload_bytes);
// Appends a close frame. kNoStatus: without a code. `reason` (UTF-8) is cut to kCloseReasonMaxBytes between characters.
void append_close(std::string& out, CloseCode code, std::string_view reason,
                  const std::optional<WebSocketMask>& mask = std::nullopt);

// True if a peer may send `code` in a close frame: 1000–1003, 1007–1011 and 3000–4999 (§7.4), and
// 1012–1014, which IANA registered later.
[[nodiscard]] bool is_sendable_close_code(std::uint16_t code);

}  // namespace herald::transport
