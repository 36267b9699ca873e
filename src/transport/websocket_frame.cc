#include "transport/websocket_frame.h"

#include <cstring>

namespace herald::transport {
namespace {

constexpr std::uint8_t kFin = 0x80;
constexpr std::uint8_t kReserved = 0x70;
constexpr std::uint8_t kOpcodeBits = 0x0F;
constexpr std::uint8_t kMasked = 0x80;
constexpr std::uint8_t kLengthBits = 0x7F;
constexpr std::uint8_t kLength16 = 126;
constexpr std::uint8_t kLength64 = 127;

std::unexpected<WebSocketViolation> violation(std::string_view reason) {
  return std::unexpected(WebSocketViolation{CloseCode::kProtocolError, reason});
}

bool is_known(std::uint8_t opcode) {
  return opcode <= 0x2 || (opcode >= 0x8 && opcode <= 0xA);
}

// What is wrong with the first byte; empty: nothing.
std::string_view first_byte_fault(std::uint8_t first) {
  const std::uint8_t opcode = first & kOpcodeBits;
  if ((first & kReserved) != 0) return "a reserved bit is set";
  if (!is_known(opcode)) return "unknown opcode";
  if (is_control(WebSocketOpcode{opcode}) && (first & kFin) == 0) return "a control frame is fragmented";
  return {};
}

// The same for the second, which follows a valid `first`.
std::string_view second_byte_fault(std::uint8_t first, std::uint8_t second, WebSocketRole reader) {
  const bool masked = (second & kMasked) != 0;
  if (masked && reader == WebSocketRole::kClient) return "a server must not mask";
  if (!masked && reader == WebSocketRole::kServer) return "a client must mask";
  if (is_control(WebSocketOpcode{static_cast<std::uint8_t>(first & kOpcodeBits)}) &&
      (second & kLengthBits) > kControlPayloadMaxBytes)
    return "a control frame is too long";
  return {};
}

std::uint64_t read_big_endian(std::span<const std::uint8_t> bytes) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

void append_big_endian(std::string& out, std::uint64_t value, int bytes) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift & 0xFF));
}

std::size_t extended_length_bytes(std::uint8_t short_length) {
  if (short_length == kLength64) return 8;
  return short_length == kLength16 ? 2 : 0;
}

bool is_shortest_form(std::uint64_t length, std::size_t extended_bytes) {
  if (extended_bytes == 8) return length > 0xFFFF;
  return extended_bytes == 0 || length >= kLength16;
}

void append_header(std::string& out, WebSocketOpcode opcode, bool last, bool masked, std::uint64_t payload_bytes) {
  const auto mask_bit = masked ? kMasked : std::uint8_t{0};
  out.push_back(static_cast<char>(static_cast<std::uint8_t>(opcode) | (last ? kFin : 0)));
  if (payload_bytes < kLength16) {
    out.push_back(static_cast<char>(mask_bit | payload_bytes));
  } else if (payload_bytes <= 0xFFFF) {
    out.push_back(static_cast<char>(mask_bit | kLength16));
    append_big_endian(out, payload_bytes, 2);
  } else {
    out.push_back(static_cast<char>(mask_bit | kLength64));
    append_big_endian(out, payload_bytes, 8);
  }
}

// The longest prefix of `text` that fits and does not end inside a character.
std::string_view cut_utf8(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  std::size_t end = max_bytes;
  while (end > 0 && (static_cast<std::uint8_t>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

}  // namespace

std::expected<std::optional<WebSocketFrameHeader>, WebSocketViolation> parse_frame_header(
    std::span<const std::uint8_t> bytes, WebSocketRole reader) {
  if (bytes.empty()) return std::nullopt;
  if (const auto fault = first_byte_fault(bytes[0]); !fault.empty()) return violation(fault);
  if (bytes.size() < 2) return std::nullopt;
  if (const auto fault = second_byte_fault(bytes[0], bytes[1], reader); !fault.empty()) return violation(fault);

  const bool masked = (bytes[1] & kMasked) != 0;
  const std::uint8_t short_length = bytes[1] & kLengthBits;
  const std::size_t extended = extended_length_bytes(short_length);
  if (bytes.size() < 2 + extended) return std::nullopt;
  const std::uint64_t length = extended == 0 ? short_length : read_big_endian(bytes.subspan(2, extended));
  if (!is_shortest_form(length, extended)) return violation("a length is not in its shortest form");
  if (length >> 63 != 0) return violation("a length has its highest bit set");

  WebSocketFrameHeader header;
  header.opcode = WebSocketOpcode{static_cast<std::uint8_t>(bytes[0] & kOpcodeBits)};
  header.last = (bytes[0] & kFin) != 0;
  header.header_bytes = static_cast<std::uint8_t>(2 + extended + (masked ? header.mask.size() : 0));
  header.payload_bytes = length;
  if (bytes.size() < header.header_bytes) return std::nullopt;
  if (masked) std::memcpy(header.mask.data(), &bytes[2 + extended], header.mask.size());
  return header;
}

void apply_mask(std::span<std::uint8_t> bytes, const WebSocketMask& mask) {
  std::uint64_t wide_mask = 0;
  std::memcpy(&wide_mask, mask.data(), mask.size());
  std::memcpy(reinterpret_cast<std::uint8_t*>(&wide_mask) + mask.size(), mask.data(), mask.size());
  std::size_t i = 0;
  for (; i + sizeof wide_mask <= bytes.size(); i += sizeof wide_mask) {
    std::uint64_t word = 0;
    std::memcpy(&word, &bytes[i], sizeof word);
    word ^= wide_mask;
    std::memcpy(&bytes[i], &word, sizeof word);
  }
  for (; i < bytes.size(); ++i) bytes[i] ^= mask[i % mask.size()];
}

void append_frame(std::string& out, WebSocketOpcode opcode, std::string_view payload,
                  const std::optional<WebSocketMask>& mask, bool last) {
  append_header(out, opcode, last, mask.has_value(), payload.size());
  if (mask) out.append(reinterpret_cast<const char*>(mask->data()), mask->size());
  const std::size_t start = out.size();
  out.append(payload);
  if (mask) apply_mask({reinterpret_cast<std::uint8_t*>(out.data()) + start, payload.size()}, *mask);
}

void append_frame_header(std::string& out, WebSocketOpcode opcode, std::uint64_t payload_bytes) {
  append_header(out, opcode, true, false, payload_bytes);
}

void append_close(std::string& out, CloseCode code, std::string_view reason, const std::optional<WebSocketMask>& mask) {
  std::string payload;
  if (code != CloseCode::kNoStatus) {
    append_big_endian(payload, static_cast<std::uint16_t>(code), 2);
    payload.append(cut_utf8(reason, kCloseReasonMaxBytes));
  }
  append_frame(out, WebSocketOpcode::kClose, payload, mask);
}

bool is_sendable_close_code(std::uint16_t code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

}  // namespace herald::transport
