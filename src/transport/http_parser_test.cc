#include "transport/http_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>

namespace herald::transport {
namespace {

using State = HttpParser::State;
using testing::ElementsAre;
using testing::Pair;

constexpr std::uint64_t kHeaderMax = 1024;
constexpr std::uint64_t kBodyMax = 64;

// What a request means, copied out of the parser.
struct Outcome {
  State state = State::kNeedMore;
  int status = 0;
  std::size_t consumed = 0;
  std::string method, target, path, query, body;
  std::vector<std::pair<std::string, std::string>> headers;
  bool keep_alive = false;

  bool operator==(const Outcome&) const = default;
};

Outcome outcome_of(HttpParser& parser, State state, std::size_t consumed) {
  Outcome out{.state = state,
              .status = {},
              .consumed = consumed,
              .method = {},
              .target = {},
              .path = {},
              .query = {},
              .body = {},
              .headers = {}};
  if (state == State::kFailed) out.status = parser.failure().status;
  if (state != State::kComplete) return out;
  const HttpRequest& request = parser.request();
  out.method = request.method;
  out.target = request.target;
  out.path = request.path;
  out.query = request.query;
  out.body = request.body;
  for (const auto& [name, value] : request.headers) out.headers.emplace_back(name, value);
  out.keep_alive = parser.keep_alive();
  return out;
}

// Feeds `bytes` in steps; each step is a buffer of its own that is gone before the next one.
Outcome parse_in_steps(const std::string& bytes, std::size_t step) {
  HttpParser parser(kHeaderMax, kBodyMax);
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    const auto part = std::make_unique<std::string>(bytes.substr(at, step));
    const auto progress = parser.feed(*part);
    if (progress.state == State::kNeedMore) {
      EXPECT_EQ(progress.consumed, part->size());
      continue;
    }
    return outcome_of(parser, progress.state, progress.state == State::kFailed ? 0 : at + progress.consumed);
  }
  return outcome_of(parser, State::kNeedMore, bytes.size());
}

// However the bytes arrive, the meaning is the same.
Outcome parse(const std::string& bytes) {
  const Outcome whole = parse_in_steps(bytes, bytes.size());
  EXPECT_EQ(parse_in_steps(bytes, 1), whole) << bytes;
  EXPECT_EQ(parse_in_steps(bytes, 7), whole) << bytes;
  return whole;
}

int refused(const std::string& bytes) {
  const Outcome out = parse(bytes);
  EXPECT_EQ(out.state, State::kFailed) << bytes;
  return out.status;
}

std::string get(const std::string& fields) {
  return "GET / HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n";
}

std::string chunked_post(const std::string& body) {
  return "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + body;
}

TEST(HttpParserTest, ReadsARequestWithoutABody) {
  const Outcome out = parse("GET /a/b?x=1&y=2 HTTP/1.1\r\nHost: example\r\nX-Empty:\r\nX-Spaced: \t v w \t\r\n\r\n");
  EXPECT_EQ(out.state, State::kComplete);
  EXPECT_EQ(out.method, "GET");
  EXPECT_EQ(out.target, "/a/b?x=1&y=2");
  EXPECT_EQ(out.path, "/a/b");
  EXPECT_EQ(out.query, "x=1&y=2");
  EXPECT_THAT(out.headers, ElementsAre(Pair("Host", "example"), Pair("X-Empty", ""), Pair("X-Spaced", "v w")));
  EXPECT_EQ(out.body, "");
  EXPECT_TRUE(out.keep_alive);
}

TEST(HttpParserTest, ReadsASizedBodyAndLeavesTheNextRequest) {
  const std::string first = "POST /n HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello";
  const Outcome out = parse(first + "GET / HTTP/1.1\r\n");
  EXPECT_EQ(out.state, State::kComplete);
  EXPECT_EQ(out.body, "hello");
  EXPECT_EQ(out.consumed, first.size());
}

TEST(HttpParserTest, NeedsTheWholeBody) {
  EXPECT_EQ(parse("POST /n HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhell").state, State::kNeedMore);
  EXPECT_EQ(parse(chunked_post("5\r\nhello\r\n0\r\n")).state, State::kNeedMore);
}

TEST(HttpParserTest, PutsChunksTogether) {
  const std::string first =
      chunked_post("5;ext=\"v\"\r\nhello\r\n1\r\n \r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n");
  const Outcome out = parse(first + "GET");
  EXPECT_EQ(out.state, State::kComplete);
  EXPECT_EQ(out.body, "hello 0123456789");
  EXPECT_EQ(out.consumed, first.size());
  EXPECT_THAT(out.headers, ElementsAre(Pair("Host", "h"), Pair("Transfer-Encoding", "chunked")));
}

TEST(HttpParserTest, AnEmptyBodyIsComplete) {
  EXPECT_EQ(parse("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n").state, State::kComplete);
  EXPECT_EQ(parse(chunked_post("0\r\n\r\n")).state, State::kComplete);
}

TEST(HttpParserTest, SkipsEmptyLinesBeforeARequest) {
  const Outcome out = parse("\r\n\r\n" + get(""));
  EXPECT_EQ(out.state, State::kComplete);
  EXPECT_EQ(out.consumed, get("").size() + 4);
}

TEST(HttpParserTest, ReadsTheFormsOfATarget) {
  EXPECT_EQ(parse("GET http://h:1/p?q HTTP/1.1\r\nHost: h\r\n\r\n").path, "/p");
  EXPECT_EQ(parse("GET http://h:1/p?q HTTP/1.1\r\nHost: h\r\n\r\n").query, "q");
  EXPECT_EQ(parse("GET http://h:1 HTTP/1.1\r\nHost: h\r\n\r\n").path, "/");
  EXPECT_EQ(parse("GET http://h?q HTTP/1.1\r\nHost: h\r\n\r\n").path, "/");
  EXPECT_EQ(parse("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").path, "*");
  EXPECT_EQ(refused("GET p HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
}

TEST(HttpParserTest, KnowsWhenAConnectionMayStay) {
  EXPECT_TRUE(parse(get("")).keep_alive);
  EXPECT_FALSE(parse(get("Connection: close\r\n")).keep_alive);
  EXPECT_FALSE(parse("GET / HTTP/1.0\r\n\r\n").keep_alive);
  EXPECT_TRUE(parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keep_alive);
}

TEST(HttpParserTest, ExpectsContinueUntilTheBodyBegins) {
  HttpParser parser(kHeaderMax, kBodyMax);
  const std::string header = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
  EXPECT_EQ(parser.feed(header).state, State::kNeedMore);
  EXPECT_TRUE(parser.awaits_continue());
  EXPECT_EQ(parser.feed("a").state, State::kNeedMore);
  EXPECT_FALSE(parser.awaits_continue());
  EXPECT_EQ(parser.feed("b").state, State::kComplete);
  EXPECT_FALSE(parser.awaits_continue());
  EXPECT_EQ(refused(get("Expect: miracles\r\n")), 417);
}

TEST(HttpParserTest, ReadsTheNextRequestAfterReset) {
  HttpParser parser(kHeaderMax, kBodyMax);
  const std::string first = chunked_post("3\r\nabc\r\n0\r\n\r\n");
  EXPECT_EQ(parser.feed(first).state, State::kComplete);
  parser.reset();
  const std::string second = get("X: y\r\n");
  EXPECT_EQ(parser.feed(second).state, State::kComplete);
  EXPECT_EQ(parser.request().method, "GET");
  EXPECT_EQ(parser.request().body, "");
  EXPECT_EQ(parser.request().headers.size(), 2U);
}

// RFC 9112 §11.2: what two readers could split differently is refused.
TEST(HttpParserTest, RefusesSmuggling) {
  const std::string post = "POST / HTTP/1.1\r\nHost: h\r\n";
  EXPECT_EQ(refused(post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400);
  EXPECT_EQ(refused(post + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"), 400);
  EXPECT_EQ(refused(post + "Transfer-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"), 400);
  EXPECT_EQ(refused(post + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"), 400);
  EXPECT_EQ(refused(post + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"), 400);
  EXPECT_EQ(refused(post + "Content-Length: 3, 3\r\n\r\nabc"), 400);
  EXPECT_EQ(refused(post + "Content-Length: +3\r\n\r\nabc"), 400);
  EXPECT_EQ(refused(post + "Content-Length: 0x3\r\n\r\nabc"), 400);
  EXPECT_EQ(refused(post + "Content-Length: 18446744073709551617\r\n\r\na"), 400);
  EXPECT_EQ(refused(post + "Content-Length:\r\n\r\n"), 400);
  EXPECT_EQ(refused(post + "Content-Length : 3\r\n\r\nabc"), 400);
  EXPECT_EQ(refused(post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400);
  EXPECT_EQ(refused(post + "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400);
  EXPECT_EQ(refused("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400);
}

TEST(HttpParserTest, RefusesUnknownTransferCodings) {
  const std::string post = "POST / HTTP/1.1\r\nHost: h\r\n";
  EXPECT_EQ(refused(post + "Transfer-Encoding: gzip\r\n\r\n"), 501);
  EXPECT_EQ(refused(post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), 501);
  EXPECT_EQ(refused(post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"), 501);
  EXPECT_EQ(parse(post + "Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\n").state, State::kComplete);
}

TEST(HttpParserTest, RefusesBadChunks) {
  EXPECT_EQ(refused(chunked_post("x\r\n")), 400);
  EXPECT_EQ(refused(chunked_post("-1\r\n")), 400);
  EXPECT_EQ(refused(chunked_post("\r\n")), 400);
  EXPECT_EQ(refused(chunked_post("11111111111111111\r\n")), 413);
  EXPECT_EQ(refused(chunked_post("1 x\r\na\r\n0\r\n\r\n")), 400);
  EXPECT_EQ(refused(chunked_post("1\r\nab\r\n0\r\n\r\n")), 400);
  EXPECT_EQ(refused(chunked_post("1;" + std::string(kHeaderMax + 1, 'e'))), 431);
  EXPECT_EQ(refused(chunked_post("0\r\nT: " + std::string(kHeaderMax, 't'))), 431);
}

TEST(HttpParserTest, RefusesBadHeaders) {
  using namespace std::string_literals;
  EXPECT_EQ(refused("GET / HTTP/1.1\nHost: h\n\n"), 400);
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: h\n\r\n"), 400);
  EXPECT_EQ(refused(get("X: a\r\n b\r\n")), 400);
  EXPECT_EQ(refused(get("X: a\r\n\tb\r\n")), 400);
  EXPECT_EQ(refused(get("X: a\0b\r\n"s)), 400);
  EXPECT_EQ(refused(get("X: a\001b\r\n"s)), 400);
  EXPECT_EQ(refused(get("X: a\rb\r\n")), 400);
  EXPECT_EQ(refused(get("X: a\177b\r\n"s)), 400);
  EXPECT_EQ(refused(get("No colon\r\n")), 400);
  EXPECT_EQ(refused(get("X Y: a\r\n")), 400);
  EXPECT_EQ(refused(get(": a\r\n")), 400);
  EXPECT_EQ(refused("GET\r\n\r\n"), 400);
  EXPECT_EQ(refused("GET /\r\n\r\n"), 400);
  EXPECT_EQ(refused("GET /a b HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(refused("GET /\0 HTTP/1.1\r\nHost: h\r\n\r\n"s), 400);
  EXPECT_EQ(refused("\x16\x03\x01\x02"s), 400);
}

TEST(HttpParserTest, RefusesOtherVersions) {
  EXPECT_EQ(refused("GET / HTTP/2.0\r\nHost: h\r\n\r\n"), 505);
  EXPECT_EQ(refused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505);
  EXPECT_EQ(refused("GET / HTTP/0.9\r\nHost: h\r\n\r\n"), 505);
  EXPECT_EQ(refused("GET / HTTP/11\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(refused("GET / http/1.1\r\nHost: h\r\n\r\n"), 400);
}

TEST(HttpParserTest, ALaterMinorVersionIsSpokenAs11) {
  const Outcome out = parse("POST /a HTTP/1.2\r\nHost: h\r\nX: HTTP/1.2\r\nContent-Length: 2\r\n\r\nhi");
  EXPECT_EQ(out.state, State::kComplete);
  EXPECT_EQ(out.path, "/a");
  EXPECT_EQ(out.body, "hi");
  EXPECT_THAT(out.headers, testing::Contains(Pair("X", "HTTP/1.2")));
  EXPECT_TRUE(out.keep_alive);
  EXPECT_EQ(parse("GET / HTTP/1.9\r\nHost: h\r\n\r\n").state, State::kComplete);
  EXPECT_EQ(refused("GET / HTTP/1.2\r\n\r\n"), 400) << "Host is required as in 1.1";
  EXPECT_EQ(refused("GET / HTTP/1.10\r\nHost: h\r\n\r\n"), 400);
}

TEST(HttpParserTest, ChecksTheHost) {
  for (const char* host : {"a b", "a@b", "[::1", "a:99999", "<a>"}) {
    EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n"), 400) << host;
    EXPECT_EQ(refused("GET / HTTP/1.0\r\nHost: " + std::string(host) + "\r\n\r\n"), 400) << host;
    EXPECT_EQ(refused("GET http://" + std::string(host) + "/ HTTP/1.1\r\nHost: h\r\n\r\n"), 400) << host;
  }
  for (const char* host : {"", "h", "push.example.com:8443", "[::1]:80", "a_b"}) {
    EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n").state, State::kComplete) << host;
  }
}

TEST(HttpParserTest, ATargetHasOneForm) {
  for (const char* target : {"//wpush/v1/a_b?x=/", "/wpush/v1/a_b/?x=/", "/wpush/v1/a%5Fb?x=/", "/./wpush/v1/a_b?x=/",
                             "http://h//wpush/v1/a%5fb/?x=/"}) {
    const Outcome out = parse("GET " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(out.path, "/wpush/v1/a_b") << target;
    EXPECT_EQ(out.query, "x=/") << target;
    EXPECT_EQ(out.target, target);
  }
  EXPECT_EQ(parse("POST //a HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nb").path, "/a");
  for (const char* target : {"/%", "/a%2", "/a%zz", "/a#b", "*", "ftp://h/", "http:///a"}) {
    EXPECT_EQ(refused("GET " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n\r\n"), 400) << target;
  }
}

TEST(HttpParserTest, HasNoTunnels) {
  EXPECT_EQ(refused("CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n"), 501);
  EXPECT_EQ(refused("CONNECT / HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
}

TEST(HttpParserTest, TrailersAreFields) {
  EXPECT_EQ(parse(chunked_post("0\r\nX-Sum: 1\r\nEmpty:\r\n\r\n")).state, State::kComplete);
  for (const char* trailer :
       {"no colon", ": no name", "spa ce: x", "X : y", " folded", "\tX: y", "X\x01: y", "X: \x01"}) {
    EXPECT_EQ(refused(chunked_post("0\r\nA: b\r\n" + std::string(trailer) + "\r\n\r\n")), 400) << trailer;
  }
}

TEST(HttpParserTest, RequiresOneHost) {
  EXPECT_EQ(refused("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), 400);
  EXPECT_EQ(parse("GET / HTTP/1.0\r\n\r\n").state, State::kComplete);
}

// RFC 9112 §6.3: neither Content-Length nor Transfer-Encoding means no body; curl -X POST sends neither.
TEST(HttpParserTest, ARequestWithoutLengthHasNoBody) {
  for (const std::string method : {"POST", "PUT", "DELETE"}) {
    const std::string request = method + " / HTTP/1.1\r\nHost: h\r\n\r\n";
    const auto parsed = parse(request + "GET ");
    EXPECT_EQ(parsed.state, State::kComplete) << method;
    EXPECT_EQ(parsed.consumed, request.size()) << method;
    EXPECT_EQ(parsed.body, "") << method;
  }
}

TEST(HttpParserTest, BoundsTheHeader) {
  const std::size_t rest = get("X: \r\n").size();
  EXPECT_EQ(parse(get("X: " + std::string(kHeaderMax - rest, 'x') + "\r\n")).state, State::kComplete);
  EXPECT_EQ(refused(get("X: " + std::string(kHeaderMax - rest + 1, 'x') + "\r\n")), 431);
  const std::string line = "GET / HTTP/1.1\r\n";
  const std::string longest = "GET /" + std::string(kHeaderMax - line.size(), 'x') + " HTTP/1.1\r\n";
  EXPECT_EQ(refused(longest + "Host: h\r\n\r\n"), 431) << "the request line alone has room";
  EXPECT_EQ(refused("GET /x" + longest.substr(5) + "Host: h\r\n\r\n"), 414);
  EXPECT_EQ(refused("GET /" + std::string(kHeaderMax, 'x')), 414);
  EXPECT_EQ(refused("GET /" + std::string(4 * kHeaderMax, 'x') + " HTTP/1.1\r\nHost: h\r\n\r\n"), 414);
  EXPECT_EQ(refused("\r\n\r\nGET /" + std::string(kHeaderMax, 'x')), 414);
  EXPECT_EQ(refused(std::string(kHeaderMax, 'G')), 431);
}

TEST(HttpParserTest, BoundsASizedBodyBeforeItComes) {
  const std::string post = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ";
  EXPECT_EQ(parse(post + "64\r\n\r\n" + std::string(64, 'b')).state, State::kComplete);
  EXPECT_EQ(refused(post + "65\r\n\r\n"), 413);
}

TEST(HttpParserTest, BoundsAChunkedBodyAsSoonAsItPasses) {
  const std::string chunk = "20\r\n" + std::string(32, 'b') + "\r\n";
  EXPECT_EQ(parse(chunked_post(chunk + chunk + "0\r\n\r\n")).body.size(), 64U);
  EXPECT_EQ(refused(chunked_post(chunk + chunk + "1\r\n")), 413);
  EXPECT_EQ(refused(chunked_post("41\r\n")), 413);
}

TEST(HttpParserTest, ABodysLimitMayDependOnItsPath) {
  const auto status = [](std::string_view head, std::size_t bytes) {
    HttpParser parser(kHeaderMax, [](std::string_view path) { return path == "/long" ? 200U : 100U; });
    const bool sized = head.ends_with("Content-Length: ");
    const std::string body(bytes, 'x');
    std::ostringstream text;
    text << head;
    if (sized) text << bytes << "\r\n\r\n" << body;
    if (!sized) text << "\r\n\r\n" << std::hex << bytes << "\r\n" << body << "\r\n0\r\n\r\n";
    const auto progress = parser.feed(text.str());
    return progress.state == State::kFailed ? parser.failure().status : 0;
  };
  for (const std::string framing : {"Content-Length: ", "Transfer-Encoding: chunked"}) {
    const std::string fields = " HTTP/1.1\r\nHost: h\r\n" + framing;
    EXPECT_EQ(status("POST /short" + fields, 100), 0) << framing;
    EXPECT_EQ(status("POST /short" + fields, 101), 413) << framing;
    EXPECT_EQ(status("POST /long?short" + fields, 200), 0) << framing;
    EXPECT_EQ(status("POST /long?short" + fields, 201), 413) << framing;
  }
}

}  // namespace
}  // namespace herald::transport
