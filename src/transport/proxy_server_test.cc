// Connections that begin with a PROXY protocol header.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "transport/server_fixture_test.h"

namespace herald::transport {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view kAsk = "GET /peer HTTP/1.1\r\nHost: h\r\n\r\n";
constexpr std::string_view kHeader = "PROXY TCP4 192.0.2.7 192.0.2.1 4711 443\r\n";
const std::string kBinary = "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\2\7\xc0\0\2\1\x12\x67\x01\xbb"s;

class ProxyServerTest : public ServerFixture {
 protected:
  ProxyServerTest() { proxies = {Network::parse("127.0.0.1").value()}; }
};

TEST_F(ProxyServerTest, ThePeerIsWhoTheProxyNames) {
  for (const std::string& header : {std::string(kHeader), kBinary}) {
    TestSocket socket(address());
    EXPECT_THAT(exchange(socket, header + std::string(kAsk), "from "), HasSubstr("from 192.0.2.7:4711"));
    EXPECT_THAT(exchange(socket, kAsk, "from "), HasSubstr("from 192.0.2.7:4711")) << "the whole connection";
  }
}

TEST_F(ProxyServerTest, ItMayComeByteByByte) {
  for (const std::string& header : {std::string(kHeader), kBinary}) {
    TestSocket socket(address());
    for (const char byte : header) {
      socket.send({&byte, 1});
      settle();
    }
    EXPECT_THAT(exchange(socket, kAsk, "from "), HasSubstr("from 192.0.2.7:4711"));
  }
}

TEST_F(ProxyServerTest, AProxyMayBeginWithoutOne) {
  for (const std::string_view method : {"GET", "POST", "PUT", "PROPFIND"}) {
    TestSocket socket(address());
    const std::string request = std::string(method) + " /peer HTTP/1.1\r\nHost: h\r\n\r\n";
    EXPECT_THAT(exchange(socket, request, "from "), HasSubstr("from 127.0.0.1:"));
    TestSocket slow(address());
    for (const char byte : request) {
      slow.send({&byte, 1});
      settle();
    }
    EXPECT_THAT(exchange(slow, "", "from "), HasSubstr("from 127.0.0.1:"));
  }
}

TEST_F(ProxyServerTest, TheProxysOwnConnectionsKeepItsAddress) {
  const std::string local = "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"s;
  for (const std::string& header : {"PROXY UNKNOWN\r\n"s, local}) {
    TestSocket socket(address());
    EXPECT_THAT(exchange(socket, header + std::string(kAsk), "from "), HasSubstr("from 127.0.0.1:"));
  }
}

TEST_F(ProxyServerTest, OfOthersItIsNotRead) {
  proxies = {Network::parse("192.0.2.0/24").value()};
  for (const std::string& header : {std::string(kHeader), kBinary}) {
    TestSocket socket(address());
    socket.send(header + std::string(kAsk));
    EXPECT_THAT(read_to_end(socket), StartsWith("HTTP/1.1 400 "));
  }
  EXPECT_TRUE(handler.seen.empty());
}

TEST_F(ProxyServerTest, AMalformedOneClosesWithoutAnAnswer) {
  for (const std::string& header :
       {"PROXY TCP4 192.0.2.7\r\n"s, "PROXY "s + std::string(200, 'x'), "\r\n\r\n\0\r\nQUIT\n\x31\x11\0\x0c"s}) {
    TestSocket socket(address());
    socket.send(header + std::string(kAsk));
    EXPECT_EQ(read_to_end(socket), "");
  }
  EXPECT_EQ(counted("herald_refusals_total", "proxy_header"), 3U);
  EXPECT_TRUE(handler.seen.empty());
}

TEST_F(ProxyServerTest, ATruncatedOneCloses) {
  TestSocket socket(address());
  socket.send(kHeader.substr(0, 20));
  settle();
  socket.finish();
  EXPECT_EQ(read_to_end(socket), "");
  EXPECT_EQ(counted("herald_refusals_total", "proxy_header"), 1U);
  TestSocket check(address());
  check.finish();
  EXPECT_EQ(read_to_end(check), "");
  EXPECT_EQ(counted("herald_refusals_total", "proxy_header"), 1U) << "one that only connects is a health check";
  EXPECT_EQ(server().open_connections(), 0U);
}

TEST_F(ProxyServerTest, ItMustComeInTime) {
  limits.handshake_timeout_ms = 1'000;
  for (const std::string_view begun : {std::string_view(), kHeader.substr(0, 20)}) {
    TestSocket socket(address());
    socket.send(begun);
    settle();
    advance(999ms);
    socket.poll();
    EXPECT_FALSE(socket.ended);
    advance(300ms);
    EXPECT_EQ(read_to_end(socket), "");
  }
  EXPECT_EQ(counted("herald_refusals_total", "proxy_header"), 2U);
}

TEST_F(ProxyServerTest, AHeaderHasALimit) {
  limits.proxy_header_max_bytes = 216;
  const auto header = [](std::size_t size) {
    const std::size_t filler = size - kBinary.size() - 3;
    std::string out = kBinary + "\x04\0"s + static_cast<char>(filler) + std::string(filler, 'x');
    out[15] = static_cast<char>(size - 16);
    return out;
  };
  TestSocket socket(address());
  EXPECT_THAT(exchange(socket, header(216) + std::string(kAsk), "from "), HasSubstr("from 192.0.2.7:4711"));
  TestSocket longer(address());
  longer.send(header(217) + std::string(kAsk));
  EXPECT_EQ(read_to_end(longer), "");
}

TEST_F(ProxyServerTest, ConnectionsCountForWhoTheProxyNames) {
  limits.connections_per_address = 2;
  std::vector<std::unique_ptr<TestSocket>> open;
  for (int n = 0; n < 2; ++n) {
    open.push_back(std::make_unique<TestSocket>(address()));
    EXPECT_THAT(exchange(*open.back(), std::string(kHeader) + std::string(kAsk), "from "), HasSubstr("192.0.2.7"));
  }
  TestSocket third(address());
  third.send(kHeader);
  EXPECT_EQ(read_to_end(third), "");
  EXPECT_EQ(counted("herald_refusals_total", "per_address"), 1U);
  TestSocket other(address());
  EXPECT_THAT(exchange(other, "PROXY TCP4 192.0.2.8 192.0.2.1 1 2\r\n" + std::string(kAsk), "from "),
              HasSubstr("from 192.0.2.8:1"));
  open.clear();
  settle();
  TestSocket later(address());
  EXPECT_THAT(exchange(later, std::string(kHeader) + std::string(kAsk), "from "), HasSubstr("192.0.2.7"));
}

}  // namespace
}  // namespace herald::transport
