#include "transport/websocket_frame.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/encoding.h"
#include "transport/websocket_handshake.h"

namespace herald::transport {
namespace {

constexpr WebSocketMask kMask{0x37, 0xfa, 0x21, 0x3d};

std::string hex(std::string_view bytes) {
  return to_hex(as_bytes(bytes));
}

std::string frame(WebSocketOpcode opcode, std::string_view payload, std::optional<WebSocketMask> mask = std::nullopt,
                  bool last = true) {
  std::string out;
  append_frame(out, opcode, payload, mask, last);
  return out;
}

// Rfc*: the examples of RFC 6455 §5.7.
TEST(WebSocketFrame, RfcSingleUnmaskedText) {
  EXPECT_EQ(hex(frame(WebSocketOpcode::kText, "Hello")), "810548656c6c6f");
}

TEST(WebSocketFrame, RfcSingleMaskedText) {
  EXPECT_EQ(hex(frame(WebSocketOpcode::kText, "Hello", kMask)), "818537fa213d7f9f4d5158");
}

TEST(WebSocketFrame, RfcFragmentedText) {
  EXPECT_EQ(hex(frame(WebSocketOpcode::kText, "Hel", std::nullopt, false)), "010348656c");
  EXPECT_EQ(hex(frame(WebSocketOpcode::kContinuation, "lo")), "80026c6f");
}

TEST(WebSocketFrame, RfcPingAndMaskedPong) {
  EXPECT_EQ(hex(frame(WebSocketOpcode::kPing, "Hello")), "890548656c6c6f");
  EXPECT_EQ(hex(frame(WebSocketOpcode::kPong, "Hello", kMask)), "8a8537fa213d7f9f4d5158");
}

TEST(WebSocketFrame, RfcLongBinaryHeaders) {
  EXPECT_EQ(hex(frame(WebSocketOpcode::kBinary, std::string(256, 'x')).substr(0, 4)), "827e0100");
  EXPECT_EQ(hex(frame(WebSocketOpcode::kBinary, std::string(65536, 'x')).substr(0, 10)), "827f0000000000010000");
}

TEST(WebSocketFrame, LengthFormChangesAtItsBounds) {
  for (const auto& [length, header] :
       std::vector<std::pair<std::uint64_t, std::string>>{{0, "8100"},
                                                          {125, "817d"},
                                                          {126, "817e007e"},
                                                          {65535, "817effff"},
                                                          {65536, "817f0000000000010000"},
                                                          {0x7fff'ffff'ffff'ffff, "817f7fffffffffffffff"}}) {
    std::string out;
    append_frame_header(out, WebSocketOpcode::kText, length);
    EXPECT_EQ(hex(out), header);
    const auto parsed = parse_frame_header(as_bytes(out), WebSocketRole::kClient);
    ASSERT_TRUE(parsed && *parsed) << header;
    EXPECT_EQ((*parsed)->payload_bytes, length);
    EXPECT_EQ((*parsed)->header_bytes, out.size());
  }
}

TEST(WebSocketFrame, HeaderNeedsAllItsBytes) {
  for (const std::size_t payload : {std::size_t{5}, std::size_t{300}, std::size_t{70'000}}) {
    const std::string whole = frame(WebSocketOpcode::kBinary, std::string(payload, 'x'), kMask, false);
    const std::size_t header_bytes = whole.size() - payload;
    for (std::size_t have = 0; have < header_bytes; ++have) {
      const auto parsed = parse_frame_header(as_bytes(whole).first(have), WebSocketRole::kServer);
      ASSERT_TRUE(parsed) << parsed.error().reason;
      EXPECT_FALSE(*parsed) << have;
    }
    const auto parsed = parse_frame_header(as_bytes(whole), WebSocketRole::kServer);
    ASSERT_TRUE(parsed && *parsed);
    EXPECT_EQ((*parsed)->opcode, WebSocketOpcode::kBinary);
    EXPECT_FALSE((*parsed)->last);
    EXPECT_EQ((*parsed)->mask, kMask);
    EXPECT_EQ((*parsed)->header_bytes, header_bytes);
    EXPECT_EQ((*parsed)->payload_bytes, payload);
  }
}

TEST(WebSocketFrame, ReservedBitsAndOpcodesAreRefusedFromTheFirstByte) {
  for (int first = 0; first < 256; ++first) {
    const std::uint8_t byte = static_cast<std::uint8_t>(first);
    const int opcode = first & 0x0F;
    const bool control = opcode >= 8;
    const bool good =
        (first & 0x70) == 0 && (opcode <= 2 || (opcode >= 8 && opcode <= 10)) && (!control || (first & 0x80) != 0);
    EXPECT_EQ(parse_frame_header({&byte, 1}, WebSocketRole::kServer).has_value(), good) << first;
  }
}

TEST(WebSocketFrame, MaskIsRequiredFromClientsAndForbiddenFromServers) {
  const std::string bare = frame(WebSocketOpcode::kText, "x");
  const std::string masked = frame(WebSocketOpcode::kText, "x", kMask);
  EXPECT_FALSE(parse_frame_header(as_bytes(bare), WebSocketRole::kServer));
  EXPECT_TRUE(parse_frame_header(as_bytes(bare), WebSocketRole::kClient));
  EXPECT_TRUE(parse_frame_header(as_bytes(masked), WebSocketRole::kServer));
  EXPECT_FALSE(parse_frame_header(as_bytes(masked), WebSocketRole::kClient));
}

TEST(WebSocketFrame, LengthsMustBeShortestAndBelowTwoToThe63) {
  for (const char* const bad : {"827e0000", "827e007d", "827f000000000000ffff", "827f0000000000000005",
                                "827f8000000000000000", "827fffffffffffffffff"}) {
    const auto parsed = parse_frame_header(from_hex(bad).value(), WebSocketRole::kClient);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_EQ(parsed.error().code, CloseCode::kProtocolError);
  }
  EXPECT_TRUE(parse_frame_header(from_hex("827e007e").value(), WebSocketRole::kClient));
}

TEST(WebSocketFrame, MaskingIsItsOwnInverseAtEveryLength) {
  for (std::size_t length = 0; length < 40; ++length) {
    std::vector<std::uint8_t> bytes(length);
    for (std::size_t i = 0; i < length; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7);
    const auto original = bytes;
    apply_mask(bytes, kMask);
    for (std::size_t i = 0; i < length; ++i) EXPECT_EQ(bytes[i], original[i] ^ kMask[i % 4]);
    apply_mask(bytes, kMask);
    EXPECT_EQ(bytes, original);
  }
}

std::string close_frame(CloseCode code, std::string_view reason) {
  std::string out;
  append_close(out, code, reason);
  return out;
}

TEST(WebSocketFrame, CloseCarriesCodeAndReason) {
  EXPECT_EQ(hex(close_frame(CloseCode::kGoingAway, "bye")), "880503e9627965");
  EXPECT_EQ(hex(close_frame(CloseCode::kNoStatus, "unsent")), "8800");
}

TEST(WebSocketFrame, CloseReasonIsCutBetweenCharacters) {
  const std::string fits = close_frame(CloseCode::kNormal, std::string(123, 'a'));
  EXPECT_EQ(fits.size(), 2 + 125u);
  EXPECT_EQ(close_frame(CloseCode::kNormal, std::string(124, 'a')), fits);
  EXPECT_EQ(close_frame(CloseCode::kNormal, std::string(122, 'a') + "é").size(), 2 + 2 + 122u);
  EXPECT_EQ(close_frame(CloseCode::kNormal, std::string(121, 'a') + "é").size(), 2 + 2 + 123u);
}

TEST(WebSocketFrame, CloseCodesThatMayBeSent) {
  for (const std::uint16_t code : std::initializer_list<std::uint16_t>{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010,
                                                                       1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999})
    EXPECT_TRUE(is_sendable_close_code(code)) << code;
  for (const std::uint16_t code :
       std::initializer_list<std::uint16_t>{0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535})
    EXPECT_FALSE(is_sendable_close_code(code)) << code;
}

TEST(WebSocketHandshake, AcceptKeyOfTheRfc) {
  EXPECT_EQ(websocket_accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(WebSocketHandshake, KeysAreSixteenBytes) {
  SeededRandom random(1);
  const std::string key = make_websocket_key(random);
  EXPECT_TRUE(is_valid_websocket_key(key)) << key;
  EXPECT_NE(make_websocket_key(random), key);
  for (const char* const bad :
       {"", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZTE=", "AAAA", "!GhlIHNhbXBsZSBub25jZQ=="})
    EXPECT_FALSE(is_valid_websocket_key(bad)) << bad;
}

TEST(WebSocketHandshake, SubprotocolIsFoundInAnyOfTheHeaders) {
  HttpRequest request;
  request.headers = {{"Host", "push-notification"},
                     {"sec-websocket-protocol", "chat, superchat"},
                     {"Sec-WebSocket-Protocol", " push-notification\t,x"}};
  EXPECT_TRUE(offers_subprotocol(request, "push-notification"));
  EXPECT_TRUE(offers_subprotocol(request, "superchat"));
  EXPECT_FALSE(offers_subprotocol(request, "Chat"));
  EXPECT_FALSE(offers_subprotocol(request, "push"));
  EXPECT_FALSE(offers_subprotocol(HttpRequest{}, "push-notification"));
}

}  // namespace
}  // namespace herald::transport
