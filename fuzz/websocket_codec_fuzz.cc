// However WebSocket bytes are cut into pieces, the decoder must find the same messages in them, within its limit, and
// read its own writing back. The first byte chooses the end (bit 0) and the size of the pieces.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "base/encoding.h"
#include "transport/websocket_codec.h"

namespace {

using namespace herald::transport;

constexpr std::uint64_t kMessageMaxBytes = 300;

// Writes each event down, and the frames that would cause it.
class Recorder final : public WebSocketSink {
 public:
  explicit Recorder(WebSocketRole reader) {
    if (reader == WebSocketRole::kServer) mask_ = WebSocketMask{1, 2, 3, 250};
  }
  bool on_text(std::string_view text) override {
    HERALD_CHECK(herald::is_valid_utf8(text), "a text that is not UTF-8");
    return note(WebSocketOpcode::kText, text);
  }
  bool on_binary(std::string_view bytes) override { return note(WebSocketOpcode::kBinary, bytes); }
  bool on_ping(std::string_view payload) override { return note(WebSocketOpcode::kPing, payload); }
  bool on_pong(std::string_view payload) override { return note(WebSocketOpcode::kPong, payload); }
  void on_close(CloseCode code, std::string_view reason) override {
    found += "close " + std::to_string(static_cast<int>(code)) + std::string(reason);
    append_close(written, code, reason, mask_);
  }
  void on_error(const WebSocketViolation& violation) override {
    refused = "refused " + std::to_string(static_cast<int>(violation.code)) + std::string(violation.reason);
  }

  std::string found;
  std::string refused;
  std::string written;

 private:
  bool note(WebSocketOpcode opcode, std::string_view content) {
    HERALD_CHECK(content.size() <= kMessageMaxBytes, "a message past the limit");
    found += std::to_string(static_cast<int>(opcode)) + " " + std::to_string(content.size()) + std::string(content);
    append_frame(written, opcode, content, mask_);
    return true;
  }
  std::optional<WebSocketMask> mask_;
};

Recorder read_all(std::string bytes, WebSocketRole role, std::size_t step) {
  WebSocketDecoder decoder(role, kMessageMaxBytes);
  Recorder recorder(role);
  std::span<std::uint8_t> rest(reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size());
  while (!rest.empty()) {
    const auto piece = rest.first(std::min(step, rest.size()));
    const bool goes_on = decoder.consume(piece, recorder);
    HERALD_CHECK(goes_on != decoder.finished(), "the decoder contradicts itself");
    rest = rest.subspan(piece.size());
  }
  return recorder;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const WebSocketRole role = (data[0] & 1) != 0 ? WebSocketRole::kClient : WebSocketRole::kServer;
  const std::size_t step = 1 + (data[0] >> 1);
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);

  const Recorder whole = read_all(bytes, role, std::max<std::size_t>(bytes.size(), 1));
  const Recorder pieces = read_all(bytes, role, step);
  HERALD_CHECK(whole.found == pieces.found, "the pieces say something else than the whole");
  HERALD_CHECK(whole.refused == pieces.refused, "the pieces are refused otherwise than the whole");

  const Recorder again = read_all(whole.written, role, step);
  HERALD_CHECK(again.found == whole.found && again.refused.empty(), "what was written reads differently");
  return 0;
}
