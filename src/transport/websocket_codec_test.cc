#include "transport/websocket_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/encoding.h"

namespace herald::transport {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr WebSocketMask kMask{0x11, 0x22, 0x33, 0x44};
constexpr std::uint64_t kMessageMaxBytes = 1000;

// Writes down what it is told, one line an event.
class Recorder final : public WebSocketSink {
 public:
  bool on_text(std::string_view text) override { return note("text", text); }
  bool on_binary(std::string_view bytes) override { return note("binary", bytes); }
  bool on_ping(std::string_view payload) override { return note("ping", payload); }
  bool on_pong(std::string_view payload) override { return note("pong", payload); }
  void on_close(CloseCode code, std::string_view reason) override {
    note("close " + std::to_string(static_cast<int>(code)), reason);
  }
  void on_error(const WebSocketViolation& violation) override {
    note("error", std::to_string(static_cast<int>(violation.code)));
  }

  std::vector<std::string> events;
  std::string stop_at;  // the event that is answered by false

 private:
  bool note(const std::string& kind, std::string_view content) {
    events.push_back(kind + " " + std::string(content));
    return events.back() != stop_at;
  }
};

// What a client would send; a server's decoder is the one under test unless said otherwise.
class Bytes {
 public:
  Bytes& add(WebSocketOpcode opcode, std::string_view payload, bool last = true) {
    append_frame(bytes_, opcode, payload, kMask, last);
    return *this;
  }
  Bytes& text(std::string_view payload, bool last = true) { return add(WebSocketOpcode::kText, payload, last); }
  Bytes& more(std::string_view payload, bool last = true) { return add(WebSocketOpcode::kContinuation, payload, last); }
  Bytes& ping(std::string_view payload) { return add(WebSocketOpcode::kPing, payload); }
  Bytes& close(std::string_view payload) { return add(WebSocketOpcode::kClose, payload); }
  Bytes& raw(std::string_view hex) {
    const auto decoded = from_hex(hex);
    bytes_.append(as_text(decoded.value()));
    return *this;
  }
  [[nodiscard]] const std::string& str() const { return bytes_; }

 private:
  std::string bytes_;
};

std::vector<std::string> decode_in_pieces(std::string bytes, std::size_t piece_bytes, WebSocketRole role) {
  WebSocketDecoder decoder(role, kMessageMaxBytes);
  Recorder recorder;
  std::span<std::uint8_t> rest(reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size());
  while (!rest.empty()) {
    const auto piece = rest.first(std::min(piece_bytes, rest.size()));
    decoder.consume(piece, recorder);
    rest = rest.subspan(piece.size());
  }
  return recorder.events;
}

// Decodes `bytes` whole, byte by byte, and in pieces of every size between: all must tell the same.
std::vector<std::string> decode(const std::string& bytes, WebSocketRole role = WebSocketRole::kServer) {
  const auto whole = decode_in_pieces(bytes, bytes.size(), role);
  for (std::size_t piece = 1; piece < std::min<std::size_t>(bytes.size(), 64); ++piece)
    EXPECT_EQ(decode_in_pieces(bytes, piece, role), whole) << "in pieces of " << piece;
  return whole;
}

std::vector<std::string> decode(const Bytes& bytes) {
  return decode(bytes.str());
}

TEST(WebSocketDecoder, RfcExamplesAsAClientReadsThem) {
  const auto examples = from_hex(
      "810548656c6c6f"  // text
      "010348656c"
      "80026c6f"          // the same in fragments
      "890548656c6c6f");  // ping
  EXPECT_THAT(decode(std::string(as_text(examples.value())), WebSocketRole::kClient),
              ElementsAre("text Hello", "text Hello", "ping Hello"));
}

TEST(WebSocketDecoder, RfcExamplesAsAServerReadsThem) {
  EXPECT_THAT(decode(Bytes().raw("818537fa213d7f9f4d5158").raw("8a8537fa213d7f9f4d5158")),
              ElementsAre("text Hello", "pong Hello"));
}

TEST(WebSocketDecoder, ManyFramesInOneBuffer) {
  Bytes bytes;
  bytes.text("a").text("").add(WebSocketOpcode::kBinary, "\xff\xfe").ping("").text("z");
  EXPECT_THAT(decode(bytes), ElementsAre("text a", "text ", "binary \xff\xfe", "ping ", "text z"));
}

TEST(WebSocketDecoder, EveryLengthForm) {
  for (const std::size_t length : {125, 126, 300, 1000}) {
    const std::string payload(length, 'm');
    EXPECT_THAT(decode(Bytes().text(payload).text("next")), ElementsAre("text " + payload, "text next"));
  }
  WebSocketDecoder decoder(WebSocketRole::kServer, 100'000);
  Recorder recorder;
  std::string bytes = Bytes().text(std::string(70'000, 'm')).str();
  EXPECT_TRUE(decoder.consume({reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()}, recorder));
  EXPECT_THAT(recorder.events, ElementsAre("text " + std::string(70'000, 'm')));
}

TEST(WebSocketDecoder, AWholeMessageIsHandedOutWithoutACopy) {
  class Where final : public WebSocketSink {
   public:
    bool on_text(std::string_view text) override {
      at = text.data();
      return true;
    }
    bool on_binary(std::string_view) override { return true; }
    bool on_ping(std::string_view) override { return true; }
    bool on_pong(std::string_view) override { return true; }
    void on_close(CloseCode, std::string_view) override {}
    void on_error(const WebSocketViolation&) override {}
    const char* at = nullptr;
  };
  std::string bytes = Bytes().text("in place").str();
  WebSocketDecoder decoder(WebSocketRole::kServer, kMessageMaxBytes);
  Where where;
  decoder.consume({reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()}, where);
  EXPECT_EQ(where.at, bytes.data() + 6);
  EXPECT_FALSE(decoder.mid_message());
}

TEST(WebSocketDecoder, KeepsSomethingOnlyWhileAMessageIsUnfinished) {
  std::string bytes = Bytes().text("ab", false).ping("p").more("cd").str();
  WebSocketDecoder decoder(WebSocketRole::kServer, kMessageMaxBytes);
  Recorder recorder;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    EXPECT_EQ(decoder.mid_message(), i != 0) << i;
    decoder.consume({reinterpret_cast<std::uint8_t*>(&bytes[i]), 1}, recorder);
  }
  EXPECT_FALSE(decoder.mid_message());
  EXPECT_THAT(recorder.events, ElementsAre("ping p", "text abcd"));
}

TEST(WebSocketDecoder, FragmentsWithControlFramesBetween) {
  Bytes bytes;
  bytes.text("one ", false).ping("1").more("two ", false).add(WebSocketOpcode::kPong, "2").more("").text("next");
  EXPECT_THAT(decode(bytes), ElementsAre("ping 1", "pong 2", "text one two ", "text next"));
}

TEST(WebSocketDecoder, CloseEndsReadingEvenInsideAMessage) {
  EXPECT_THAT(decode(Bytes().text("half", false).close("\x03\xe9going").text("late")), ElementsAre("close 1001 going"));
}

TEST(WebSocketDecoder, CloseWithoutACode) {
  EXPECT_THAT(decode(Bytes().close("")), ElementsAre("close 1005 "));
}

TEST(WebSocketDecoder, CloseWithAnApplicationsCode) {
  EXPECT_THAT(decode(Bytes().close("\x0f\xa0")), ElementsAre("close 4000 "));
}

// Service restart, try again later, bad gateway: registered after the RFC.
TEST(WebSocketDecoder, CloseWithARegisteredCode) {
  for (const std::uint16_t code : std::initializer_list<std::uint16_t>{1012, 1013, 1014}) {
    const std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
    EXPECT_THAT(decode(Bytes().close(payload)), ElementsAre("close " + std::to_string(code) + " "));
  }
}

TEST(WebSocketDecoder, BadClosePayloads) {
  EXPECT_THAT(decode(Bytes().close("\x03")), ElementsAre("error 1002"));
  for (const std::uint16_t code :
       std::initializer_list<std::uint16_t>{0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000}) {
    const std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
    EXPECT_THAT(decode(Bytes().close(payload)), ElementsAre("error 1002")) << code;
  }
  EXPECT_THAT(decode(Bytes().close("\x03\xe8\xff")), ElementsAre("error 1007"));
}

TEST(WebSocketDecoder, MaskingRules) {
  std::string bare;
  append_frame(bare, WebSocketOpcode::kText, "x");
  EXPECT_THAT(decode(bare, WebSocketRole::kServer), ElementsAre("error 1002"));
  EXPECT_THAT(decode(Bytes().text("x").str(), WebSocketRole::kClient), ElementsAre("error 1002"));
}

TEST(WebSocketDecoder, BrokenHeaders) {
  for (const char* const bad : {"c180", "a180", "9180", "8380", "8780", "8b80", "8f80", "0980", "89fe007e", "81fe0001",
                                "81ff000000000000ffff", "81ff8000000000000000"})
    EXPECT_THAT(decode(Bytes().text("before").raw(bad).text("after")), ElementsAre("text before", "error 1002")) << bad;
}

TEST(WebSocketDecoder, ControlPayloadMayHave125BytesButNoMore) {
  const std::string most(125, 'p');
  EXPECT_THAT(decode(Bytes().ping(most)), ElementsAre("ping " + most));
  EXPECT_THAT(decode(Bytes().ping(most + "p")), ElementsAre("error 1002"));
}

TEST(WebSocketDecoder, FragmentationRules) {
  EXPECT_THAT(decode(Bytes().more("lost")), ElementsAre("error 1002"));
  EXPECT_THAT(decode(Bytes().more("lost", false)), ElementsAre("error 1002"));
  EXPECT_THAT(decode(Bytes().text("a", false).text("b")), ElementsAre("error 1002"));
  EXPECT_THAT(decode(Bytes().text("a", false).add(WebSocketOpcode::kBinary, "b")), ElementsAre("error 1002"));
  EXPECT_THAT(decode(Bytes().text("a", false).more("b").more("c")), ElementsAre("text ab", "error 1002"));
}

TEST(WebSocketDecoder, TextIsUtf8OverFragments) {
  EXPECT_THAT(decode(Bytes().text("\xe2\x82", false).more("\xac")), ElementsAre("text €"));
  EXPECT_THAT(decode(Bytes().text("\xe2\x82", false).more("")), ElementsAre("error 1007"));
  EXPECT_THAT(decode(Bytes().text("\xc0\x80")), ElementsAre("error 1007"));
  EXPECT_THAT(decode(Bytes().text("\xed\xa0\x80")), ElementsAre("error 1007"));
  EXPECT_THAT(decode(Bytes().add(WebSocketOpcode::kBinary, "\xc0", false).more("\x80")),
              ElementsAre("binary \xc0\x80"));
}

TEST(WebSocketDecoder, TooBigIsRefusedFromTheHeaderAlone) {
  EXPECT_THAT(decode(Bytes().raw("81fe03e911223344")), ElementsAre("error 1009"));
  EXPECT_THAT(decode(Bytes().raw("81fe03e811223344")), IsEmpty());
  EXPECT_THAT(decode(Bytes().raw("82ff7fffffffffffffff11223344")), ElementsAre("error 1009"));
}

TEST(WebSocketDecoder, FragmentsTogetherAreBounded) {
  EXPECT_THAT(decode(Bytes().text(std::string(600, 'a'), false).more(std::string(400, 'a'))),
              ElementsAre("text " + std::string(1000, 'a')));
  EXPECT_THAT(decode(Bytes().text(std::string(600, 'a'), false).raw("80fe019111223344")), ElementsAre("error 1009"));
}

TEST(WebSocketDecoder, TheSinkMayStopReading) {
  std::string bytes = Bytes().text("a").text("stop").text("b").str();
  WebSocketDecoder decoder(WebSocketRole::kServer, kMessageMaxBytes);
  Recorder recorder;
  recorder.stop_at = "text stop";
  EXPECT_FALSE(decoder.consume({reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()}, recorder));
  EXPECT_TRUE(decoder.finished());
  EXPECT_FALSE(decoder.consume({reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()}, recorder));
  EXPECT_THAT(recorder.events, ElementsAre("text a", "text stop"));
}

}  // namespace
}  // namespace herald::transport
