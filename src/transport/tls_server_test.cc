// TLS on the server's side, over loopback, with OpenSSL as the client.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <chrono>

#include "transport/server_fixture_test.h"
#include "transport/tls_certificate_test.h"
#include "transport/websocket_frame.h"

namespace herald::transport {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

// Speaks TLS over a TestSocket; every step gives the server's loop a turn.
class TlsClient {
 public:
  TlsClient(const SocketAddress& to, std::function<void()> turn, int version = TLS1_3_VERSION)
      : turn_(std::move(turn)),
        socket(to),
        context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free),
        ssl_(nullptr, SSL_free) {
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context_.get(), version);
    SSL_CTX_set_security_level(context_.get(), 0);
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), socket.fd);
  }

  bool connect() {
    return retry([&] { return SSL_connect(ssl_.get()); }) == 1;
  }
  void send(std::string_view bytes) {
    EXPECT_EQ(retry([&] { return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())); }),
              static_cast<int>(bytes.size()));
  }
  // Reads until `text` has come, or the end.
  std::string read_until(std::string_view text) {
    std::string out;
    std::array<char, 20000> buffer;
    while (out.find(text) == std::string::npos) {
      const int got = retry([&] { return SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size())); });
      if (got <= 0) break;
      out.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return out;
  }
  std::string peer_name() {
    const std::unique_ptr<X509, decltype(&X509_free)> peer(SSL_get1_peer_certificate(ssl_.get()), X509_free);
    std::array<char, 64> name{};
    X509_NAME_get_text_by_NID(X509_get_subject_name(peer.get()), NID_commonName, name.data(), name.size());
    return name.data();
  }
  SSL* ssl() { return ssl_.get(); }

 private:
  int retry(const std::function<int()>& step) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (std::chrono::steady_clock::now() < give_up) {
      const int done = step();
      const int error = SSL_get_error(ssl_.get(), done);
      if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) return done;
      turn_();
    }
    ADD_FAILURE() << "TLS makes no progress";
    return -1;
  }

  std::function<void()> turn_;

 public:
  TestSocket socket;

 private:
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
};

// All of it with records of our own, and with OpenSSL's.
class TlsServerTest : public ServerFixture, public testing::WithParamInterface<TlsRecordLayer> {
 protected:
  TlsServerTest() : certificate_file(folder.file("certificate.pem")), key_file(folder.file("key.pem")) {
    write_certificate(certificate_file, key_file, "first");
    tls = TlsContext::load(certificate_file, key_file, GetParam()).value();
  }
  ~TlsServerTest() override { destroy_server(); }

  std::unique_ptr<TlsClient> client(int version = TLS1_3_VERSION) {
    return std::make_unique<TlsClient>(address(), [this] { loop.run_once(1ms); }, version);
  }

  TempFolder folder;
  std::string certificate_file;
  std::string key_file;
};

INSTANTIATE_TEST_SUITE_P(Records, TlsServerTest, testing::Values(TlsRecordLayer::kOwn, TlsRecordLayer::kOpenssl),
                         [](const auto& param) { return param.param == TlsRecordLayer::kOwn ? "Own" : "Openssl"; });

std::string get(std::string_view path) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n\r\n";
}

TEST_P(TlsServerTest, ServesTls13And12) {
  for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    const auto peer = client(version);
    ASSERT_TRUE(peer->connect());
    EXPECT_EQ(SSL_version(peer->ssl()), version);
    peer->send(get("/one"));
    EXPECT_THAT(peer->read_until("/one"), StartsWith("HTTP/1.1 200 OK\r\n"));
    peer->send(get("/two"));
    EXPECT_THAT(peer->read_until("/two"), StartsWith("HTTP/1.1 200 OK\r\n"));
  }
  EXPECT_EQ(counted("herald_connections_total", "http true"), 2U);
  const bool own = GetParam() == TlsRecordLayer::kOwn;
  EXPECT_EQ(counted("herald_tls_handshakes_total", "own"), own ? 1U : 0U);
  EXPECT_EQ(counted("herald_tls_handshakes_total", "openssl"), own ? 1U : 2U);
}

TEST_P(TlsServerTest, AProxysHeaderComesBeforeTls) {
  proxies = {Network::parse("127.0.0.1").value()};
  const auto peer = client();
  peer->socket.send("PROXY TCP4 192.0.2.7 192.0.2.1 4711 443\r\n");
  ASSERT_TRUE(peer->connect());
  peer->send(get("/peer"));
  EXPECT_THAT(peer->read_until("4711"), EndsWith("from 192.0.2.7:4711"));
  const auto without = client();
  ASSERT_TRUE(without->connect());
  without->send(get("/peer"));
  EXPECT_THAT(without->read_until("from 127.0.0.1:"), HasSubstr("from 127.0.0.1:"));
}

TEST_P(TlsServerTest, RefusesOlderVersions) {
  const auto peer = client(TLS1_1_VERSION);
  EXPECT_FALSE(peer->connect());
  settle();
  EXPECT_EQ(counted("herald_refusals_total", "tls_handshake"), 1U);
  EXPECT_EQ(server().open_connections(), 0U);
}

TEST_P(TlsServerTest, RefusesSuitesOfTls12WithoutForwardSecrecyOrAuthenticatedEncryption) {
  for (const char* suites : {"kRSA", "ECDHE:!AESGCM:!CHACHA20", "ECDHE+AESCCM", "aNULL"}) {
    const auto peer = client(TLS1_2_VERSION);
    ASSERT_EQ(SSL_set_cipher_list(peer->ssl(), suites), 1) << suites;
    EXPECT_FALSE(peer->connect()) << suites;
  }
  for (const char* suites : {"ECDHE+AESGCM", "ECDHE+CHACHA20"}) {
    const auto peer = client(TLS1_2_VERSION);
    ASSERT_EQ(SSL_set_cipher_list(peer->ssl(), suites), 1) << suites;
    EXPECT_TRUE(peer->connect()) << suites;
  }
}

TEST_P(TlsServerTest, MovesMuchMoreThanARecordBothWays) {
  const auto peer = client();
  ASSERT_TRUE(peer->connect());
  const std::string body(60000, 'u');
  peer->send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 60000\r\n\r\n" + body);
  EXPECT_THAT(peer->read_until(body), EndsWith(body));
  peer->send(get("/big") + get("/after"));
  const std::string all = peer->read_until("\r\n\r\n/after");
  EXPECT_EQ(std::ranges::count(all, 'b'), 1024 * 1024);
}

TEST_P(TlsServerTest, ASlowReaderGetsEverything) {
  const auto peer = client();
  ASSERT_TRUE(peer->connect());
  for (int i = 0; i < 8; ++i) peer->send(get("/big"));
  peer->send(get("/end"));
  settle();
  EXPECT_LT(handler.seen.size(), 9U);
  const std::string all = peer->read_until("\r\n\r\n/end");
  EXPECT_EQ(std::ranges::count(all, 'b'), 8 * 1024 * 1024);
}

TEST_P(TlsServerTest, PlainBytesAreRefused) {
  TestSocket plain(address());
  plain.send(get("/"));
  read_to_end(plain);
  EXPECT_EQ(counted("herald_refusals_total", "tls_handshake"), 1U);
}

TEST_P(TlsServerTest, ASlowHandshakeIsCut) {
  TestSocket slow(address());
  slow.send("\x16\x03\x01");
  advance(limits.handshake_timeout_ms * 1ms - 100ms);
  EXPECT_EQ(server().open_connections(), 1U);
  advance(200ms);
  EXPECT_EQ(server().open_connections(), 0U);
  EXPECT_EQ(counted("herald_refusals_total", "tls_handshake"), 1U);
}

TEST_P(TlsServerTest, EndsWithCloseNotify) {
  const auto peer = client();
  ASSERT_TRUE(peer->connect());
  peer->send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(peer->read_until("never"), EndsWith("\r\n\r\n/"));
  EXPECT_NE(SSL_get_shutdown(peer->ssl()) & SSL_RECEIVED_SHUTDOWN, 0);
}

TEST_P(TlsServerTest, NegotiatesHttp11) {
  const auto peer = client();
  static constexpr unsigned char kOffered[] = "\x02h2\x08http/1.1";
  SSL_set_alpn_protos(peer->ssl(), kOffered, sizeof kOffered - 1);
  ASSERT_TRUE(peer->connect());
  const unsigned char* selected = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(peer->ssl(), &selected, &length);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(selected), length), "http/1.1");
}

TEST_P(TlsServerTest, AClientThatSpeaksOtherProtocolsOnlyIsRefused) {
  using namespace std::string_view_literals;
  for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    for (const std::string_view offered : {"\x02h2"sv,
                                           "\x0a"
                                           "acme-tls/1"sv,
                                           "\x02h2\x08HTTP/1.1"sv}) {
      const auto peer = client(version);
      SSL_set_alpn_protos(peer->ssl(), reinterpret_cast<const unsigned char*>(offered.data()),
                          static_cast<unsigned>(offered.size()));
      ERR_clear_error();
      EXPECT_FALSE(peer->connect()) << offered;
      EXPECT_EQ(ERR_GET_REASON(ERR_peek_error()), SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL) << offered;
      ERR_clear_error();
    }
  }
  settle();
  EXPECT_EQ(counted("herald_refusals_total", "tls_handshake"), 6U);
  const auto old = client();
  SSL_set_alpn_protos(old->ssl(), reinterpret_cast<const unsigned char*>("\x02h2\x08http/1.0"), 12);
  EXPECT_TRUE(old->connect());
}

TEST_P(TlsServerTest, ReloadChangesNewConnectionsOnly) {
  const auto before = client();
  ASSERT_TRUE(before->connect());
  EXPECT_EQ(before->peer_name(), "first");
  write_certificate(certificate_file, key_file, "second");
  ASSERT_TRUE(tls->reload().has_value());
  const auto after = client();
  ASSERT_TRUE(after->connect());
  EXPECT_EQ(after->peer_name(), "second");
  before->send(get("/still"));
  EXPECT_THAT(before->read_until("/still"), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_P(TlsServerTest, AFailedReloadKeepsTheOldCertificate) {
  write_certificate(certificate_file, folder.file("other.pem"), "second");
  const auto status = tls->reload();
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().kind, ErrorKind::kInvalid);
  EXPECT_THAT(status.error().message, HasSubstr(key_file));
  const auto peer = client();
  ASSERT_TRUE(peer->connect());
  EXPECT_EQ(peer->peer_name(), "first");
}

TEST_P(TlsServerTest, NamesTheFileThatCannotBeRead) {
  const auto no_certificate = TlsContext::load(folder.file("none.pem"), key_file);
  ASSERT_FALSE(no_certificate.has_value());
  EXPECT_EQ(no_certificate.error().kind, ErrorKind::kInvalid);
  EXPECT_THAT(no_certificate.error().message, HasSubstr("none.pem"));
  const auto no_key = TlsContext::load(certificate_file, certificate_file);
  ASSERT_FALSE(no_key.has_value());
  EXPECT_EQ(no_key.error().kind, ErrorKind::kInvalid);
}

TEST_P(TlsServerTest, AnEndThatComesWithTheRequestIsSeenAfterTheAnswer) {
  const auto peer = client();
  ASSERT_TRUE(peer->connect());
  // One reading takes both, and meanwhile the request is not answered.
  peer->send(get("/later"));
  EXPECT_EQ(SSL_shutdown(peer->ssl()), 0);
  run_until([&] { return handler.later.size() == 1; });
  settle();
  EXPECT_EQ(server().open_connections(), 1U);
  handler.later.front().send(text_response(200, "at last"));
  EXPECT_THAT(peer->read_until("at last"), EndsWith("at last"));
  peer->read_until("never");
  run_until([&] { return server().open_connections() == 0; });
}

TEST_P(TlsServerTest, AnEndWithoutCloseNotifyIsSeenToo) {
  const auto peer = client();
  ASSERT_TRUE(peer->connect());
  peer->send(get("/one"));
  EXPECT_THAT(peer->read_until("/one"), EndsWith("/one"));
  peer->socket.finish();
  run_until([&] { return server().open_connections() == 0; });
}

TEST_P(TlsServerTest, BytesThatAreNoRecordEndTheConnection) {
  const auto peer = client();
  ASSERT_TRUE(peer->connect());
  peer->send(get("/one"));
  EXPECT_THAT(peer->read_until("/one"), EndsWith("/one"));
  peer->socket.send("GET /two HTTP/1.1\r\nHost: h\r\n\r\n");
  run_until([&] { return server().open_connections() == 0; });
  EXPECT_EQ(handler.seen.size(), 1U);
}

TEST_P(TlsServerTest, APeerThatSendsHalfARecordIsCutAtItsDeadline) {
  const auto peer = client();
  ASSERT_TRUE(peer->connect());
  settle();
  peer->socket.send(std::string("\x17\3\3\1\0half", 9));
  settle();
  EXPECT_EQ(server().open_connections(), 1U);
  run_until([&] {
    advance(1s);
    return server().open_connections() == 0;
  });
}

TEST_P(TlsServerTest, APeerThatNeverReadsIsCutAtItsDeadline) {
  const auto peer = client();
  ASSERT_TRUE(peer->connect());
  for (int i = 0; i < 16; ++i) peer->send(get("/big"));
  run_until([&] { return !handler.seen.empty(); });
  run_until([&] {
    advance(1s);
    return server().open_connections() == 0;
  });
  EXPECT_EQ(counted("herald_refusals_total", "slow_reader"), 1U);
}

class EchoHandler final : public WebSocketHandler {
 public:
  void on_open(WebSocket& socket) override { socket_ = &socket; }
  void on_text(std::string_view text) override { socket_->send_text(text); }
  void on_binary(std::string_view /*bytes*/) override {}
  void on_close(CloseCode /*code*/) override {}

 private:
  WebSocket* socket_ = nullptr;
};

class EchoAcceptor final : public WebSocketAcceptor {
 public:
  std::variant<WebSocketAccept, HttpResponse> on_upgrade(const HttpRequest& request) override {
    EXPECT_TRUE(request.secure);
    return WebSocketAccept{"", std::make_unique<EchoHandler>()};
  }
};

TEST_P(TlsServerTest, ServesWebSocket) {
  EchoAcceptor echo;
  acceptor = &echo;
  const auto peer = client();
  ASSERT_TRUE(peer->connect());
  peer->send(
      "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  EXPECT_THAT(peer->read_until("\r\n\r\n"), StartsWith("HTTP/1.1 101 "));
  std::string frame;
  append_frame(frame, WebSocketOpcode::kText, "over TLS", WebSocketMask{1, 2, 3, 4});
  peer->send(frame);
  EXPECT_THAT(peer->read_until("over TLS"), EndsWith("over TLS"));
  EXPECT_EQ(counted("herald_connections", "websocket true"), 1U);
  destroy_server();
}

}  // namespace
}  // namespace herald::transport
