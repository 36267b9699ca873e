#include "transport/websocket_codec.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"

namespace herald::transport {
namespace {

std::unexpected<WebSocketViolation> violation(CloseCode code, std::string_view reason) {
  return std::unexpected(WebSocketViolation{code, reason});
}

std::size_t frame_bytes(const WebSocketFrameHeader& header) {
  return header.header_bytes + static_cast<std::size_t>(header.payload_bytes);
}

std::span<std::uint8_t> writable_bytes(std::string& text) {
  return {reinterpret_cast<std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

struct WebSocketDecoder::Remainder {
  std::string partial_frame;  // header and payload as they came, still masked
  std::string message;        // of the fragments so far, unmasked; never above message_max_bytes
  WebSocketOpcode opcode = WebSocketOpcode::kText;
  bool fragmented = false;  // `message` waits for a continuation

  [[nodiscard]] bool empty() const { return partial_frame.empty() && !fragmented; }
};

WebSocketDecoder::WebSocketDecoder(WebSocketRole role, std::uint64_t message_max_bytes)
    : message_max_bytes_(message_max_bytes), role_(role) {}
WebSocketDecoder::WebSocketDecoder(WebSocketDecoder&&) noexcept = default;
WebSocketDecoder& WebSocketDecoder::operator=(WebSocketDecoder&&) noexcept = default;
WebSocketDecoder::~WebSocketDecoder() = default;

bool WebSocketDecoder::consume(std::span<std::uint8_t> bytes, WebSocketSink& sink) {
  while (!finished_ && !bytes.empty()) {
    const bool partial = remainder_ && !remainder_->partial_frame.empty();
    finished_ = !(partial ? continue_frame(bytes, sink) : consume_frame(bytes, sink));
    if (finished_ || (remainder_ && remainder_->empty())) remainder_.reset();
  }
  return !finished_;
}

// Takes the next frame from the front of `bytes`, or all of them into the remainder.
bool WebSocketDecoder::consume_frame(std::span<std::uint8_t>& bytes, WebSocketSink& sink) {
  const auto header = parse(bytes);
  if (!header) return refuse(header.error(), sink);
  if (!*header || frame_bytes(**header) > bytes.size()) {
    const auto rest = std::exchange(bytes, {});
    remainder().partial_frame.assign(as_text(rest));
    return true;
  }
  const auto frame = bytes.first(frame_bytes(**header));
  bytes = bytes.subspan(frame.size());
  return handle_frame(**header, frame.subspan((*header)->header_bytes), sink);
}

// Moves bytes from the front of `bytes` to the partial frame until it is whole: its header byte by byte, as its length
// is not known before.
bool WebSocketDecoder::continue_frame(std::span<std::uint8_t>& bytes, WebSocketSink& sink) {
  std::string& partial = remainder_->partial_frame;
  for (;;) {
    const auto header = parse(as_bytes(partial));
    if (!header) return refuse(header.error(), sink);
    const std::size_t wanted = *header ? frame_bytes(**header) - partial.size() : 1;
    if (wanted == 0) {
      std::string frame = std::exchange(partial, {});
      return handle_frame(**header, writable_bytes(frame).subspan((*header)->header_bytes), sink);
    }
    if (bytes.empty()) return true;
    const auto taken = bytes.first(std::min(wanted, bytes.size()));
    partial.append(as_text(taken));
    bytes = bytes.subspan(taken.size());
  }
}

// The rules that need to know what came before, after those of the header alone.
std::expected<std::optional<WebSocketFrameHeader>, WebSocketViolation> WebSocketDecoder::parse(
    std::span<const std::uint8_t> bytes) const {
  const auto header = parse_frame_header(bytes, role_);
  if (!header || !*header || is_control((*header)->opcode)) return header;
  const bool fragmented = remainder_ && remainder_->fragmented;
  const bool continues = (*header)->opcode == WebSocketOpcode::kContinuation;
  if (continues && !fragmented) return violation(CloseCode::kProtocolError, "a continuation of nothing");
  if (fragmented && !continues) return violation(CloseCode::kProtocolError, "a new message inside a fragmented one");
  const std::uint64_t collected_bytes = fragmented ? remainder_->message.size() : 0;
  if ((*header)->payload_bytes > message_max_bytes_ - collected_bytes)
    return violation(CloseCode::kTooBig, "the message is too big");
  return header;
}

bool WebSocketDecoder::handle_frame(const WebSocketFrameHeader& header, std::span<std::uint8_t> payload,
                                    WebSocketSink& sink) {
  if (role_ == WebSocketRole::kServer) apply_mask(payload, header.mask);
  const std::string_view content = as_text(payload);
  return is_control(header.opcode) ? handle_control(header.opcode, content, sink) : handle_data(header, content, sink);
}

bool WebSocketDecoder::handle_data(const WebSocketFrameHeader& header, std::string_view payload, WebSocketSink& sink) {
  const bool fragmented = remainder_ && remainder_->fragmented;
  if (header.last && !fragmented) return deliver(header.opcode, payload, sink);
  Remainder& kept = remainder();
  if (!fragmented) kept.opcode = header.opcode;
  kept.fragmented = !header.last;
  kept.message.append(payload);
  if (!header.last) return true;
  const std::string message = std::exchange(kept.message, {});
  return deliver(kept.opcode, message, sink);
}

bool WebSocketDecoder::deliver(WebSocketOpcode opcode, std::string_view message, WebSocketSink& sink) {
  if (opcode == WebSocketOpcode::kBinary) return sink.on_binary(message);
  if (!is_valid_utf8(message)) return refuse({CloseCode::kInvalidPayload, "a text is not UTF-8"}, sink);
  return sink.on_text(message);
}

bool WebSocketDecoder::handle_control(WebSocketOpcode opcode, std::string_view payload, WebSocketSink& sink) {
  if (opcode == WebSocketOpcode::kPing) return sink.on_ping(payload);
  if (opcode == WebSocketOpcode::kPong) return sink.on_pong(payload);
  return handle_close(payload, sink);
}

bool WebSocketDecoder::handle_close(std::string_view payload, WebSocketSink& sink) {
  if (payload.empty()) {
    sink.on_close(CloseCode::kNoStatus, {});
    return false;
  }
  if (payload.size() == 1) return refuse({CloseCode::kProtocolError, "half a close code"}, sink);
  const ByteView bytes = as_bytes(payload);
  const auto code = static_cast<std::uint16_t>(bytes[0] << 8 | bytes[1]);
  const std::string_view reason = payload.substr(2);
  if (!is_sendable_close_code(code)) return refuse({CloseCode::kProtocolError, "a close code out of range"}, sink);
  if (!is_valid_utf8(reason)) return refuse({CloseCode::kInvalidPayload, "a close reason is not UTF-8"}, sink);
  sink.on_close(CloseCode{code}, reason);
  return false;
}

bool WebSocketDecoder::refuse(const WebSocketViolation& violation, WebSocketSink& sink) {
  sink.on_error(violation);
  return false;
}

WebSocketDecoder::Remainder& WebSocketDecoder::remainder() {
  if (!remainder_) remainder_ = std::make_unique<Remainder>();
  return *remainder_;
}

}  // namespace herald::transport
