#include "transport/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>

#include "transport/server_fixture_test.h"

namespace herald::transport {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string get(std::string_view path, std::string_view fields = "") {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n";
}

std::string post(std::string_view path, std::string_view body) {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + std::string(body);
}

class HttpServerTest : public ServerFixture {};

// What the kernel holds for the peers of connections to that port: tx_queue of /proc/net/tcp.
std::size_t kernel_bytes_of(std::uint16_t port) {
  std::ifstream table("/proc/net/tcp");
  std::string line;
  std::size_t bytes = 0;
  while (std::getline(table, line)) {
    unsigned local = 0;
    unsigned state = 0;
    unsigned queued = 0;
    const int read = std::sscanf(line.c_str(), " %*u: %*x:%x %*x:%*x %x %x:", &local, &state, &queued);
    constexpr unsigned kEstablished = 1;
    if (read == 3 && local == port && state == kEstablished) bytes += queued;
  }
  return bytes;
}

TEST_F(HttpServerTest, AnswersOverOneConnectionAgainAndAgain) {
  TestSocket client(address());
  const std::string first = exchange(client, get("/one"), "/one");
  EXPECT_THAT(first, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(first, HasSubstr("Content-Length: 4\r\n"));
  EXPECT_THAT(first, HasSubstr("Date: Tue, 14 Nov 2023 22:13:20 GMT\r\n"));
  EXPECT_THAT(first, HasSubstr("Content-Type: text/plain; charset=utf-8\r\n"));
  EXPECT_THAT(first, Not(HasSubstr("Connection:")));
  EXPECT_THAT(exchange(client, post("/echo", "hello"), "hello"), EndsWith("\r\n\r\nhello"));
  EXPECT_EQ(counted("herald_http_requests_total", "2xx"), 2U);
  EXPECT_EQ(counted("herald_connections", "http false"), 1U);
}

TEST_F(HttpServerTest, HandlesARequestThatComesByteByByte) {
  TestSocket client(address());
  for (const char c : post("/echo", "slow but sure")) {
    client.send({&c, 1});
    loop.run_once(0ms);
  }
  EXPECT_THAT(exchange(client, "", "sure"), EndsWith("slow but sure"));
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInOrderOneAtATime) {
  TestSocket client(address());
  client.send(get("/later") + get("/two") + get("/later") + get("/four"));
  run_until([&] { return handler.later.size() == 1; });
  settle();
  EXPECT_THAT(handler.seen, ElementsAre("GET /later"));
  client.send(get("/five"));
  settle();
  handler.later[0].send(text_response(200, "first"));
  run_until([&] { return handler.later.size() == 2; });
  handler.later[1].send(text_response(200, "third"));
  const std::string all = exchange(client, "", "/five");
  EXPECT_LT(all.find("first"), all.find("/two"));
  EXPECT_LT(all.find("/two"), all.find("third"));
  EXPECT_LT(all.find("third"), all.find("/four"));
  EXPECT_LT(all.find("/four"), all.find("/five"));
}

TEST_F(HttpServerTest, AsksForTheBodyIfThePeerWaits) {
  TestSocket client(address());
  EXPECT_EQ(exchange(client, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n",
                     "100 Continue\r\n\r\n"),
            "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_THAT(exchange(client, "ok", "\r\n\r\nok"), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(HttpServerTest, RefusesABodyThatIsTooBigBeforeItComes) {
  limits.http_body_max_bytes = 1024;
  TestSocket client(address());
  EXPECT_THAT(exchange(client, post("/echo", std::string(1024, 'x')), "xx"), StartsWith("HTTP/1.1 200"));
  client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1025\r\nExpect: 100-continue\r\n\r\n");
  const std::string answer = read_to_end(client);
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 413 Content Too Large\r\n"));
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_EQ(counted("herald_refusals_total", "body_too_large"), 1U);
}

TEST_F(HttpServerTest, APeerThatStillSendsCanReadWhyItWasRefused) {
  limits.http_body_max_bytes = 1024;
  TestSocket client(address());
  client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n");
  for (int i = 0; i < 10; ++i) {
    client.send(std::string(10000, 'x'));
    settle();
  }
  EXPECT_THAT(read_to_end(client), EndsWith("Body too big\n"));
  EXPECT_FALSE(client.reset);
}

TEST_F(HttpServerTest, EndsTheConnectionAfterAnErrorAndReadsNoMore) {
  TestSocket client(address());
  client.send("GET / HTTP/9.9\r\nHost: h\r\n\r\n" + get("/never"));
  EXPECT_THAT(read_to_end(client), StartsWith("HTTP/1.1 505 "));
  EXPECT_TRUE(handler.seen.empty());
  client.finish();
  run_until([&] { return server().open_connections() == 0; });
}

TEST_F(HttpServerTest, ALingeringPeerIsCutAfterTheCloseTimeout) {
  TestSocket client(address());
  client.send("nonsense\r\n\r\n");
  read_to_end(client);
  advance(limits.close_timeout_ms * 1ms - 100ms);
  EXPECT_EQ(server().open_connections(), 1U);
  advance(200ms);
  EXPECT_EQ(server().open_connections(), 0U);
}

TEST_F(HttpServerTest, AnswersHeadAsGetWithoutTheBody) {
  TestSocket client(address());
  client.send("HEAD /abc HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const std::string answer = read_to_end(client);
  EXPECT_THAT(answer, HasSubstr("Content-Length: 4\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
  EXPECT_THAT(handler.seen, ElementsAre("GET /abc"));
}

TEST_F(HttpServerTest, ServesHttp10) {
  TestSocket client(address());
  EXPECT_THAT(exchange(client, "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "/a"),
              HasSubstr("Connection: keep-alive\r\n"));
  client.send("GET /b HTTP/1.0\r\n\r\n");
  EXPECT_THAT(read_to_end(client), HasSubstr("Connection: close\r\n"));
}

TEST_F(HttpServerTest, AnswersAPeerThatHasFinishedSending) {
  TestSocket client(address());
  client.send(get("/later") + get("/two"));
  client.finish();
  run_until([&] { return handler.later.size() == 1; });
  settle();
  handler.later[0].send(text_response(200, "first"));
  const std::string all = read_to_end(client);
  EXPECT_THAT(all, HasSubstr("first"));
  EXPECT_THAT(all, EndsWith("/two"));
  settle();
  EXPECT_EQ(server().open_connections(), 0U);
}

TEST_F(HttpServerTest, AResponderThatIsDroppedAnswers500) {
  TestSocket client(address());
  client.send(get("/later"));
  run_until([&] { return handler.later.size() == 1; });
  handler.later.clear();
  EXPECT_THAT(exchange(client, "", "Internal error"), StartsWith("HTTP/1.1 500 "));
}

TEST_F(HttpServerTest, AnAnswerToAPeerThatIsGoneIsDropped) {
  {
    TestSocket client(address());
    client.send(get("/later"));
    run_until([&] { return handler.later.size() == 1; });
    const linger now{.l_onoff = 1, .l_linger = 0};
    setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
  run_until([&] { return server().open_connections() == 0; });
  handler.later[0].send(text_response(200, "late"));
  settle();
}

TEST_F(HttpServerTest, ASlowRequestIsAnsweredWith408) {
  TestSocket client(address());
  client.send("GET / HTTP/1.1\r\n");
  advance(limits.http_request_timeout_ms * 1ms - 100ms);
  client.send("Host: h\r\n");
  settle();
  client.poll();
  EXPECT_EQ(client.received, "");
  advance(200ms);
  EXPECT_THAT(read_to_end(client), StartsWith("HTTP/1.1 408 Request Timeout\r\n"));
  EXPECT_EQ(counted("herald_refusals_total", "timeout"), 1U);
}

TEST_F(HttpServerTest, EachRequestHasItsOwnTime) {
  TestSocket client(address());
  const auto most = limits.http_request_timeout_ms * 1ms;
  client.send("GET /a HTTP/1.1\r\n");
  advance(most - 1000ms);
  EXPECT_THAT(exchange(client, "Host: h\r\n\r\nGET /b HTTP/1.1\r\n", "/a"), StartsWith("HTTP/1.1 200"));
  advance(most - 1000ms);
  EXPECT_THAT(exchange(client, "Host: h\r\n\r\n", "/b"), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, AnIdleConnectionIsEnded) {
  TestSocket client(address());
  exchange(client, get("/a"), "/a");
  advance(limits.http_idle_timeout_ms * 15ms / 16);
  exchange(client, get("/b"), "/b");
  advance(limits.http_idle_timeout_ms * 15ms / 16 - 100ms);
  client.poll();
  EXPECT_FALSE(client.ended);
  advance(limits.http_idle_timeout_ms * 1ms / 8);
  EXPECT_EQ(read_to_end(client), "");
}

TEST_F(HttpServerTest, ARequestBeingAnsweredHasNoTimeout) {
  TestSocket client(address());
  client.send(get("/later"));
  run_until([&] { return handler.later.size() == 1; });
  advance(10min);
  handler.later[0].send(text_response(200, "at last"));
  EXPECT_THAT(exchange(client, "", "at last"), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, SendsALargeResponseAsFastAsItIsRead) {
  TestSocket client(address(), 4096);
  client.send(get("/big") + get("/after"));
  settle();
  const std::string all = exchange(client, "", "\r\n\r\n/after");
  EXPECT_EQ(std::ranges::count(all, 'b'), 1024 * 1024);
}

TEST_F(HttpServerTest, APeerThatDoesNotReadIsCut) {
  TestSocket client(address(), 4096);
  std::string many;
  for (int i = 0; i < 50; ++i) many += get("/big");
  client.send(many);
  settle();
  // What it does not read is not made for it either.
  EXPECT_LT(handler.seen.size(), 50U);
  advance(limits.write_timeout_ms * 1ms - 100ms);
  EXPECT_EQ(server().open_connections(), 1U);
  advance(200ms);
  EXPECT_EQ(server().open_connections(), 0U);
  EXPECT_EQ(counted("herald_refusals_total", "slow_reader"), 1U);
}

TEST_F(HttpServerTest, BoundsHowManyConnectionsOfAnAddressDoNotRead) {
  limits.unread_connections_per_address = 2;
  std::vector<std::unique_ptr<TestSocket>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<TestSocket>(address(), 4096));
    clients.back()->send(get("/big"));
    settle();
    EXPECT_EQ(server().open_connections(), std::min<std::size_t>(clients.size(), 2));
  }
  EXPECT_EQ(counted("herald_refusals_total", "slow_reader"), 1U);
  TestSocket reader(address());
  EXPECT_THAT(exchange(reader, get("/in"), "/in"), StartsWith("HTTP/1.1 200")) << "who reads is served";
  EXPECT_EQ(std::ranges::count(exchange(*clients[0], get("/after"), "\r\n\r\n/after"), 'b'), 1024 * 1024);
  TestSocket next(address(), 4096);
  next.send(get("/big"));
  settle();
  EXPECT_EQ(server().open_connections(), 4U) << "one that reads again makes room";
}

TEST_F(HttpServerTest, TheKernelHoldsABoundedPartOfAnAnswer) {
  limits.kernel_send_buffer_max_bytes = 16'384;
  limits.send_buffer_max_bytes = 64UL * 1024 * 1024;
  TestSocket client(address(), 4096);
  client.send(get("/big"));
  settle();
  EXPECT_LE(kernel_bytes_of(address().port), 16'384U);
  EXPECT_GT(kernel_bytes_of(address().port), 0U);
}

TEST_F(HttpServerTest, APeerWhoseSystemAcknowledgesNothingIsCutByTheKernel) {
  limits.unacknowledged_timeout_ms = 1'234;
  address();
  unsigned timeout_ms = 0;
  socklen_t size = sizeof timeout_ms;
  ASSERT_EQ(getsockopt(server().listening_descriptors().at(0), IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, &size), 0);
  EXPECT_EQ(timeout_ms, 1'234U) << "accepted sockets inherit it";
}

TEST_F(HttpServerTest, BoundsTheConnectionsOfAnAddress) {
  limits.connections_per_address = 2;
  TestSocket one(address());
  auto two = std::make_unique<TestSocket>(address());
  TestSocket three(address());
  EXPECT_EQ(read_to_end(three), "");
  EXPECT_EQ(server().open_connections(), 2U);
  EXPECT_EQ(counted("herald_refusals_total", "per_address"), 1U);
  two.reset();
  run_until([&] { return server().open_connections() == 1; });
  TestSocket four(address());
  EXPECT_THAT(exchange(four, get("/in"), "/in"), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, WithoutDescriptorsItWaitsAndThenGoesOn) {
  TestSocket client(address());
  client.send(get("/patience"));
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const int next = dup(client.fd);
  close(next);
  const rlimit none{.rlim_cur = static_cast<rlim_t>(next), .rlim_max = before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &none);
  settle();
  setrlimit(RLIMIT_NOFILE, &before);
  // Many turns of the loop, one attempt.
  EXPECT_EQ(counted("herald_refusals_total", "descriptors"), 1U);
  EXPECT_EQ(server().open_connections(), 0U);
  advance(150ms);
  EXPECT_THAT(exchange(client, "", "/patience"), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, KeepsDescriptorsFreeOfConnections) {
  limits.descriptors_reserved = 16;
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const int next = dup(0);
  close(next);
  // For the listener, and both ends of one connection.
  const int usable = next + 3;
  const rlimit tight{.rlim_cur = static_cast<rlim_t>(std::min(usable + 16, 2 * usable)), .rlim_max = before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &tight);
  {
    TestSocket first(address());
    EXPECT_THAT(exchange(first, get("/first"), "/first"), StartsWith("HTTP/1.1 200"));
    TestSocket second(address());
    EXPECT_EQ(read_to_end(second), "");
    EXPECT_EQ(counted("herald_refusals_total", "descriptors"), 1U);
    EXPECT_EQ(server().open_connections(), 1U);
    const int file = dup(0);
    EXPECT_GE(file, 0) << "the rest of the process opens what it needs";
    close(file);
  }
  run_until([&] { return server().open_connections() == 0; });
  TestSocket third(address());
  EXPECT_THAT(exchange(third, get("/third"), "/third"), StartsWith("HTTP/1.1 200"));
  setrlimit(RLIMIT_NOFILE, &before);
}

TEST_F(HttpServerTest, DrainingEndsConnectionsAfterTheirResponse) {
  TestSocket idle(address());
  TestSocket busy(address());
  exchange(idle, get("/a"), "/a");
  busy.send(get("/later"));
  run_until([&] { return handler.later.size() == 1; });
  server().stop_accepting();
  EXPECT_EQ(read_to_end(idle), "");
  handler.later[0].send(text_response(200, "done"));
  const std::string answer = read_to_end(busy);
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(answer, EndsWith("done"));
  idle.finish();
  busy.finish();
  run_until([&] { return server().open_connections() == 0; });
}

TEST_F(HttpServerTest, AbortingCutsEverything) {
  TestSocket one(address());
  TestSocket two(address());
  exchange(one, get("/a"), "/a");
  exchange(two, get("/a"), "/a");
  server().abort_all();
  read_to_end(one);
  read_to_end(two);
  EXPECT_EQ(server().open_connections(), 0U);
  EXPECT_EQ(counted("herald_connections", "http false"), 0U);
}

TEST_F(HttpServerTest, TwoLoopsMayShareAPort) {
  EventLoop other(clock);
  NullLog log;
  NullMetrics metrics;
  const auto second = HttpServer::create(other, {&handler, nullptr}, limits, log, metrics, make_connection_counts());
  EXPECT_EQ(second->listen(address(), nullptr).value(), address());
}

TEST_F(HttpServerTest, SaysThatAnAddressIsNotOurs) {
  const auto foreign = server().listen(SocketAddress::parse("192.0.2.1:1").value(), nullptr);
  ASSERT_FALSE(foreign.has_value());
  EXPECT_EQ(foreign.error().kind, ErrorKind::kUnavailable);
}

TEST_F(HttpServerTest, ServesIpv6) {
  const auto at = server().listen(SocketAddress::parse("[::1]:0").value(), nullptr);
  ASSERT_TRUE(at.has_value()) << at.error().message;
  TestSocket client(*at);
  EXPECT_THAT(exchange(client, get("/six"), "/six"), StartsWith("HTTP/1.1 200"));
}

}  // namespace
}  // namespace herald::transport
