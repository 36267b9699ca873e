#include "transport/client_response.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace herald::transport {
namespace {

constexpr std::uint64_t kBodyMaxBytes = 100;

struct Outcome {
  Result<ClientResponse> response = fail(ErrorKind::kInternal, "not complete");
  std::string rest;
};

// Feeds `bytes` in pieces; if that does not complete the response, the connection ends.
Outcome parse_in_pieces(std::string_view bytes, std::size_t piece_bytes, bool to_head) {
  ClientResponseParser parser(to_head, kBodyMaxBytes);
  bool complete = false;
  while (!bytes.empty() && !complete) {
    const auto consumed = parser.consume(bytes.substr(0, piece_bytes));
    if (!consumed) return {std::unexpected(consumed.error()), {}};
    complete = *consumed;
    bytes.remove_prefix(std::min(piece_bytes, bytes.size()));
  }
  if (!complete) {
    if (const Status ended = parser.end(); !ended) return {std::unexpected(ended.error()), {}};
  }
  return {parser.take_response(), parser.take_rest() + std::string(bytes)};
}

// Whole and byte by byte: both must give the same.
Outcome parse(std::string_view bytes, bool to_head = false) {
  const Outcome whole = parse_in_pieces(bytes, std::max<std::size_t>(bytes.size(), 1), to_head);
  const Outcome trickled = parse_in_pieces(bytes, 1, to_head);
  EXPECT_EQ(whole.response.has_value(), trickled.response.has_value()) << bytes;
  if (whole.response && trickled.response) {
    EXPECT_EQ(whole.response->status, trickled.response->status);
    EXPECT_EQ(whole.response->headers, trickled.response->headers);
    EXPECT_EQ(whole.response->body, trickled.response->body);
    EXPECT_EQ(whole.rest, trickled.rest);
  } else if (!whole.response && !trickled.response) {
    EXPECT_EQ(whole.response.error().kind, trickled.response.error().kind) << bytes;
  }
  return whole;
}

ErrorKind error_of(std::string_view bytes) {
  const Outcome outcome = parse(bytes);
  EXPECT_FALSE(outcome.response) << bytes;
  return outcome.response ? ErrorKind::kInternal : outcome.response.error().kind;
}

TEST(ClientResponse, ContentLength) {
  const Outcome got = parse("HTTP/1.1 201 Created\r\nContent-Length: 5\r\nX-a:  b \r\nx-A: c\r\n\r\nhellorest");
  ASSERT_TRUE(got.response);
  EXPECT_EQ(got.response->status, 201);
  EXPECT_EQ(got.response->body, "hello");
  EXPECT_EQ(got.response->header("x-a"), "b");
  EXPECT_EQ(got.response->header("nothing"), std::nullopt);
  EXPECT_EQ(got.response->headers.size(), 3u);
  EXPECT_EQ(got.rest, "rest");
}

TEST(ClientResponse, Chunked) {
  const Outcome got = parse(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n");
  ASSERT_TRUE(got.response) << got.response.error().message;
  EXPECT_EQ(got.response->body, "abc0123456789");
}

TEST(ClientResponse, UntilTheEndOfTheConnection) {
  const Outcome got = parse("HTTP/1.0 200 OK\r\n\r\neverything");
  ASSERT_TRUE(got.response);
  EXPECT_EQ(got.response->body, "everything");
}

TEST(ClientResponse, WithoutABody) {
  EXPECT_EQ(parse("HTTP/1.1 204 No Content\r\n\r\nrest").rest, "rest");
  EXPECT_EQ(parse("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n").response->body, "");
  EXPECT_EQ(parse("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", true).response->status, 200);
}

TEST(ClientResponse, InterimOnesAreSkipped) {
  const Outcome got = parse(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 202 "
      "Accepted\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(got.response);
  EXPECT_EQ(got.response->status, 202);
  EXPECT_FALSE(got.response->header("Link"));
}

TEST(ClientResponse, SwitchingProtocolsLeavesTheRestAlone) {
  const Outcome got = parse("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x02hi");
  ASSERT_TRUE(got.response);
  EXPECT_EQ(got.response->status, 101);
  EXPECT_EQ(got.rest, "\x81\x02hi");
}

TEST(ClientResponse, CutShort) {
  for (const char* const bytes : {"", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nA: b\r\n", "HTTP/1.1 100 Continue\r\n\r\n",
                                  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
                                  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"})
    EXPECT_EQ(error_of(bytes), ErrorKind::kUnavailable) << bytes;
}

TEST(ClientResponse, NotHttp) {
  for (const char* const bytes :
       {"SSH-2.0-OpenSSH\r\n\r\n", "HTTP/2 200\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"})
    EXPECT_EQ(error_of(bytes), ErrorKind::kInvalid) << bytes;
}

TEST(ClientResponse, BodiesAreBounded) {
  const std::string most(kBodyMaxBytes, 'b');
  EXPECT_TRUE(parse("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + most).response);
  EXPECT_TRUE(parse("HTTP/1.1 200 OK\r\n\r\n" + most).response);
  EXPECT_EQ(error_of("HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n"), ErrorKind::kTooLarge);
  EXPECT_EQ(error_of("HTTP/1.1 200 OK\r\n\r\n" + most + "b"), ErrorKind::kTooLarge);
  EXPECT_EQ(error_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" + most + "b\r\n0\r\n\r\n"),
            ErrorKind::kTooLarge);
}

TEST(ClientResponse, HeadersAreBounded) {
  EXPECT_EQ(error_of("HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n"), ErrorKind::kInvalid);
}

}  // namespace
}  // namespace herald::transport
