#include "transport/http_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "transport/server_fixture_test.h"

namespace herald::transport {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view kGet = "GET /later HTTP/1.1\r\nHost: h\r\n\r\n";

class HttpStreamTest : public ServerFixture {
 protected:
  // Sends `request` and begins a response in parts.
  HttpStream begin(TestSocket& client, std::string_view request = kGet) {
    client.send(request);
    run_until([&] { return !handler.later.empty(); });
    HttpStream stream = answer();
    settle();
    return stream;
  }
  HttpStream answer() {
    HttpResponder responder = std::move(handler.later.front());
    handler.later.clear();
    return responder.stream(text_response(200, ""), {[this] { ++drained; }, [this] { ++ended; }});
  }
  // Everything that came since.
  std::string read(TestSocket& client) {
    settle();
    client.poll();
    return std::exchange(client.received, {});
  }
  // Sends until the kernel takes no more.
  static void fill(HttpStream& stream) {
    while (stream.open() && !stream.blocked()) stream.send(std::string(16'000, 'x'));
  }

  int drained = 0;
  int ended = 0;
};

TEST_F(HttpStreamTest, SendsPartsAsTheyComeInChunks) {
  TestSocket client(address());
  HttpStream stream = begin(client);
  const std::string head = read(client);
  EXPECT_THAT(head, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(head, HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_THAT(head, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(head, Not(HasSubstr("Content-Length")));
  EXPECT_THAT(head, EndsWith("\r\n\r\n"));
  stream.send("one");
  EXPECT_EQ(read(client), "3\r\none\r\n");
  stream.send("");
  stream.send(std::string(26, 'z'));
  EXPECT_EQ(read(client), "1a\r\n" + std::string(26, 'z') + "\r\n");
  stream.finish();
  EXPECT_FALSE(stream.open());
  EXPECT_EQ(read_to_end(client), "0\r\n\r\n");
  EXPECT_FALSE(client.reset);
  client.finish();
  run_until([&] { return server().open_connections() == 0; });
  EXPECT_EQ(ended, 0) << "who finishes need not be told";
  EXPECT_EQ(counted("herald_http_requests_total", "2xx"), 1U);
}

TEST_F(HttpStreamTest, APeerOfHttp10ReadsUntilTheEnd) {
  TestSocket client(address());
  HttpStream stream = begin(client, "GET /later HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const std::string head = read(client);
  EXPECT_THAT(head, Not(HasSubstr("Transfer-Encoding")));
  EXPECT_THAT(head, HasSubstr("Connection: close\r\n"));
  stream.send("one");
  EXPECT_EQ(read(client), "one");
  stream.finish();
  EXPECT_EQ(read_to_end(client), "");
}

TEST_F(HttpStreamTest, HeadGetsNoParts) {
  TestSocket client(address());
  HttpStream stream = begin(client, "HEAD /later HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_FALSE(stream.open());
  stream.send("one");
  EXPECT_THAT(read_to_end(client), EndsWith("\r\n\r\n"));
}

TEST_F(HttpStreamTest, IsTheLastResponseOnItsConnection) {
  TestSocket client(address());
  HttpStream stream = begin(client, std::string(kGet) + "GET /pipelined HTTP/1.1\r\nHost: h\r\n\r\n");
  client.send("GET /after HTTP/1.1\r\nHost: h\r\n\r\n");
  stream.send("one");
  EXPECT_THAT(read(client), EndsWith("one\r\n"));
  stream.finish();
  client.send("GET /last HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(read_to_end(client), "0\r\n\r\n");
  EXPECT_THAT(handler.seen, ElementsAre("GET /later"));
}

TEST_F(HttpStreamTest, WaitsForItsTurnBehindEarlierRequests) {
  TestSocket client(address());
  client.send("GET /first HTTP/1.1\r\nHost: h\r\n\r\n" + std::string(kGet));
  run_until([&] { return !handler.later.empty(); });
  HttpStream stream = answer();
  stream.send("one");
  const std::string all = read(client);
  EXPECT_LT(all.find("/first"), all.find("chunked"));
  EXPECT_THAT(all, EndsWith("\r\n3\r\none\r\n"));
}

TEST_F(HttpStreamTest, HasNoTimeoutWhileNothingWaits) {
  TestSocket client(address());
  HttpStream stream = begin(client);
  advance(1h);
  stream.send("still there");
  EXPECT_THAT(read(client), EndsWith("still there\r\n"));
}

TEST_F(HttpStreamTest, TellsWhenThePeerHasGone) {
  auto client = std::make_unique<TestSocket>(address());
  HttpStream stream = begin(*client);
  client.reset();
  run_until([&] { return ended == 1; });
  EXPECT_FALSE(stream.open());
  stream.send("late");
  stream.finish();
  settle();
  EXPECT_EQ(ended, 1);
  EXPECT_EQ(server().open_connections(), 0U);
}

TEST_F(HttpStreamTest, TellsWhenThePeerResets) {
  auto client = std::make_unique<TestSocket>(address());
  HttpStream stream = begin(*client);
  const linger now{.l_onoff = 1, .l_linger = 0};
  setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  client.reset();
  run_until([&] { return ended == 1; });
}

TEST_F(HttpStreamTest, APeerThatHadFinishedSendingGetsNoStream) {
  TestSocket client(address());
  client.send("GET /later HTTP/1.1\r\nHost: h\r\n\r\nGET /later HTTP/1.1\r\nHost: h\r\n\r\n");
  client.finish();
  run_until([&] { return !handler.later.empty(); });
  settle();
  handler.later.front().send(text_response(200, "first"));
  run_until([&] { return handler.later.size() == 2; });
  HttpResponder second = std::move(handler.later.back());
  const HttpStream stream = second.stream(text_response(200, ""), {{}, [this] { ++ended; }});
  // Its end was seen only after the first answer, so it may have begun.
  run_until([&] { return !stream.open() && server().open_connections() == 0; });
}

TEST_F(HttpStreamTest, TellsWhenAPeerThatWasBehindHasCaughtUp) {
  TestSocket client(address(), 4096);
  HttpStream stream = begin(client);
  fill(stream);
  ASSERT_TRUE(stream.open());
  EXPECT_EQ(drained, 0);
  run_until([&] {
    client.poll();
    return drained == 1;
  });
  EXPECT_FALSE(stream.blocked());
  stream.send("and on");
  EXPECT_THAT(exchange(client, "", "and on\r\n"), EndsWith("6\r\nand on\r\n"));
}

TEST_F(HttpStreamTest, MayBeDroppedWhenItIsToldThatThePeerHasCaughtUp) {
  TestSocket client(address(), 4096);
  client.send(kGet);
  run_until([&] { return !handler.later.empty(); });
  HttpStream stream;
  stream = handler.later.front().stream(text_response(200, ""), {[&] {
                                                                   ++drained;
                                                                   stream = HttpStream();
                                                                 },
                                                                 {}});
  fill(stream);
  run_until([&] {
    client.poll();
    return drained == 1;
  });
  read_to_end(client);
  EXPECT_EQ(server().open_connections(), 0U);
}

TEST_F(HttpStreamTest, APeerThatFallsTooFarBehindIsCutAndCounted) {
  limits.send_buffer_max_bytes = 64 * 1024;
  TestSocket client(address(), 4096);
  HttpStream stream = begin(client);
  fill(stream);
  const std::string part(1024, 'x');
  for (int i = 0; i < 32; ++i) stream.send(part);
  ASSERT_TRUE(stream.open()) << "within the bound";
  EXPECT_EQ(counted("herald_refusals_total", "slow_reader"), 0U);
  for (int i = 0; i < 40; ++i) stream.send(part);
  EXPECT_FALSE(stream.open()) << "past it";
  EXPECT_EQ(ended, 0) << "not inside send()";
  settle();
  EXPECT_EQ(ended, 1);
  EXPECT_EQ(counted("herald_refusals_total", "slow_reader"), 1U);
  EXPECT_EQ(server().open_connections(), 0U);
}

TEST_F(HttpStreamTest, APeerThatReadsNothingIsCutInTime) {
  TestSocket client(address(), 4096);
  HttpStream stream = begin(client);
  fill(stream);
  settle();
  advance(limits.write_timeout_ms * 1ms - 100ms);
  EXPECT_TRUE(stream.open());
  advance(200ms);
  EXPECT_EQ(ended, 1);
  EXPECT_EQ(counted("herald_refusals_total", "slow_reader"), 1U);
}

TEST_F(HttpStreamTest, ADrainCompletesIt) {
  TestSocket client(address());
  HttpStream stream = begin(client);
  stream.send("one");
  server().stop_accepting();
  EXPECT_EQ(ended, 1);
  EXPECT_FALSE(stream.open());
  EXPECT_THAT(read_to_end(client), EndsWith("3\r\none\r\n0\r\n\r\n"));
}

TEST_F(HttpStreamTest, NoneBeginsAfterADrain) {
  TestSocket client(address());
  client.send(kGet);
  run_until([&] { return !handler.later.empty(); });
  server().stop_accepting();
  const HttpStream stream = answer();
  EXPECT_FALSE(stream.open());
  EXPECT_THAT(read_to_end(client), EndsWith("\r\n\r\n0\r\n\r\n"));
}

TEST_F(HttpStreamTest, AnAbortCutsIt) {
  TestSocket client(address());
  HttpStream stream = begin(client);
  server().abort_all();
  EXPECT_FALSE(stream.open());
  EXPECT_THAT(read_to_end(client), Not(HasSubstr("0\r\n\r\n")));
  EXPECT_EQ(ended, 1);
}

TEST_F(HttpStreamTest, OneThatIsDroppedDoesNotLookComplete) {
  TestSocket client(address());
  {
    HttpStream stream = begin(client);
    stream.send("one");
  }
  EXPECT_THAT(read_to_end(client), Not(HasSubstr("0\r\n\r\n")));
  EXPECT_EQ(ended, 0);
}

TEST_F(HttpStreamTest, OutlivesTheServer) {
  TestSocket client(address());
  HttpStream stream = begin(client);
  destroy_server();
  EXPECT_EQ(ended, 1);
  EXPECT_FALSE(stream.open());
  stream.send("nobody");
}

TEST_F(HttpStreamTest, AResponderWithoutAConnectionStreamsNowhere) {
  HttpResponder responder({}, 1);
  const HttpStream stream = responder.stream(text_response(200, ""), {});
  EXPECT_FALSE(stream.open());
  EXPECT_FALSE(stream.blocked());
}

}  // namespace
}  // namespace herald::transport
