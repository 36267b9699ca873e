// The server's side of a connection against OpenSSL as the client: its handshake, then our records.

#include "transport/tls_handover.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <random>
#include <vector>

#include "transport/client_tls.h"
#include "transport/stream.h"
#include "transport/tls_certificate_test.h"
#include "transport/tls_context.h"

namespace herald::transport {
namespace {

using SessionPtr = std::unique_ptr<SSL_SESSION, decltype(&SSL_SESSION_free)>;

class TlsHandoverTest : public testing::Test {
 protected:
  TlsHandoverTest() : client_context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free) {
    write_certificate(folder.file("certificate.pem"), folder.file("key.pem"), "server");
    load(TlsRecordLayer::kOwn);
    SSL_CTX_set_session_cache_mode(client_context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_set_app_data(client_context.get(), this);
    SSL_CTX_sess_set_new_cb(client_context.get(), [](SSL* ssl, SSL_SESSION* session) {
      auto* const self = static_cast<TlsHandoverTest*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
      ++self->tickets;
      self->ticket.reset(session);
      return 1;
    });
  }

  ~TlsHandoverTest() override {
    if (client_fd >= 0) close(client_fd);
  }

  void load(TlsRecordLayer records) {
    context = TlsContext::load(folder.file("certificate.pem"), folder.file("key.pem"), records).value();
  }
  SSL_CTX* server_context() const { return static_cast<SSL_CTX*>(context->native().get()); }

  // A new connection, on which nothing has happened.
  void open(SSL_SESSION* resumed = nullptr) {
    std::array<int, 2> fds{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()), 0);
    stream.reset();
    // Of a session that is not ended OpenSSL's client forgets the ticket.
    if (client) SSL_set_shutdown(client.get(), SSL_SENT_SHUTDOWN);
    stream.emplace(Stream::accept(fds[0], context->native()).value());
    client.reset(SSL_new(client_context.get()));
    if (client_fd >= 0) close(client_fd);
    client_fd = fds[1];
    SSL_set_fd(client.get(), client_fd);
    SSL_set_connect_state(client.get());
    if (resumed != nullptr) SSL_set_session(client.get(), resumed);
  }
  // Both sides by turns.
  void shake_hands() {
    bool client_done = false;
    StreamStatus served = StreamStatus::kWantRead;
    for (int i = 0; i < 10 && (!client_done || served != StreamStatus::kOk); ++i) {
      if (!client_done) client_done = SSL_do_handshake(client.get()) == 1;
      if (served != StreamStatus::kOk) served = stream->handshake();
    }
    ASSERT_TRUE(client_done);
    ASSERT_EQ(served, StreamStatus::kOk);
  }
  void connect(SSL_SESSION* resumed = nullptr) {
    open(resumed);
    shake_hands();
  }

  void stays_with_openssl() {
    connect();
    EXPECT_FALSE(stream->own_records());
    EXPECT_TRUE(stream->secure());
    exchange();
    stream->finish();
    EXPECT_EQ(client_gets(), "(nothing)");
    EXPECT_EQ(SSL_get_shutdown(client.get()), SSL_RECEIVED_SHUTDOWN);
  }

  void client_sends(std::string_view text) {
    ASSERT_EQ(SSL_write(client.get(), text.data(), static_cast<int>(text.size())), static_cast<int>(text.size()));
  }
  std::string client_gets() {
    std::array<char, 20000> buffer;
    const int got = SSL_read(client.get(), buffer.data(), static_cast<int>(buffer.size()));
    return got > 0 ? std::string(buffer.data(), static_cast<std::size_t>(got)) : "(nothing)";
  }
  void server_sends(std::string_view text) {
    const StreamResult result = stream->write_some(text);
    EXPECT_EQ(result.status, StreamStatus::kOk);
    EXPECT_EQ(result.bytes, text.size());
  }
  std::string server_gets() {
    std::vector<std::uint8_t> into(65536);
    const StreamResult result = stream->read_some(into);
    if (result.status == StreamStatus::kEnded) return "(end)";
    if (result.status == StreamStatus::kFailed) return "(failed)";
    return std::string(as_text(ByteView(into).first(result.bytes)));
  }
  void exchange() {
    for (const std::string text : {"one", "two", "three"}) {
      server_sends("to the client: " + text);
      EXPECT_EQ(client_gets(), "to the client: " + text);
      client_sends("to the server: " + text);
      EXPECT_EQ(server_gets(), "to the server: " + text);
    }
  }

  TempFolder folder;
  std::shared_ptr<TlsContext> context;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> client_context;
  SslPtr client;
  int client_fd = -1;
  int tickets = 0;
  SessionPtr ticket{nullptr, SSL_SESSION_free};
  std::optional<Stream> stream;
};

constexpr std::array kSuites{"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"};

TEST_F(TlsHandoverTest, FreshAndResumedWithEachSuiteAndAnyNumberOfTickets) {
  for (const char* const suite : kSuites) {
    SSL_CTX_set_ciphersuites(client_context.get(), suite);
    for (const std::size_t count : {0, 1, 2, 5}) {
      SSL_CTX_set_num_tickets(server_context(), count);
      tickets = 0;
      connect();
      EXPECT_STREQ(SSL_CIPHER_get_name(SSL_get_current_cipher(client.get())), suite);
      EXPECT_EQ(SSL_session_reused(client.get()), 0);
      EXPECT_TRUE(stream->own_records());
      EXPECT_TRUE(stream->secure());
      exchange();
      EXPECT_EQ(tickets, count);
      if (count == 0) continue;
      tickets = 0;
      const SessionPtr last = std::move(ticket);
      connect(last.get());
      EXPECT_EQ(SSL_session_reused(client.get()), 1);
      EXPECT_TRUE(stream->own_records());
      exchange();
      EXPECT_EQ(tickets, 1);
    }
  }
}

TEST_F(TlsHandoverTest, AHandshakeThatWasRetriedIsHandedOverToo) {
  SSL_CTX_set1_groups_list(server_context(), "X25519");
  SSL_CTX_set1_groups_list(client_context.get(), "P-256:X25519");
  connect();
  EXPECT_TRUE(stream->own_records());
  exchange();
  EXPECT_EQ(tickets, 1);
}

TEST_F(TlsHandoverTest, BytesThatCameWithTheHandshakeAreRead) {
  open();
  while (SSL_do_handshake(client.get()) != 1) ASSERT_EQ(stream->handshake(), StreamStatus::kWantRead);
  client_sends("early ");
  client_sends("bird");
  EXPECT_EQ(stream->handshake(), StreamStatus::kOk);
  EXPECT_TRUE(stream->own_records());
  EXPECT_EQ(server_gets(), "early bird");
  exchange();
}

TEST_F(TlsHandoverTest, ATicketThatHasToWaitIsSentFirst) {
  open();
  while (SSL_do_handshake(client.get()) != 1) ASSERT_EQ(stream->handshake(), StreamStatus::kWantRead);
  // The socket is full of something else.
  const std::string filling(4096, 'f');
  std::size_t filled = 0;
  for (const std::size_t step : {filling.size(), std::size_t{1}}) {
    ssize_t sent = 0;
    while ((sent = send(stream->fd(), filling.data(), step, MSG_NOSIGNAL)) > 0)
      filled += static_cast<std::size_t>(sent);
  }
  EXPECT_EQ(stream->handshake(), StreamStatus::kWantWrite);
  EXPECT_FALSE(stream->own_records());
  EXPECT_EQ(stream->handshake(), StreamStatus::kWantWrite);
  std::vector<char> drained(filled);
  for (std::size_t got = 0; got < filled;) {
    const auto now = recv(client_fd, drained.data(), filled - got, 0);
    ASSERT_GT(now, 0);
    got += static_cast<std::size_t>(now);
  }
  EXPECT_EQ(stream->handshake(), StreamStatus::kOk);
  EXPECT_TRUE(stream->own_records());
  exchange();
  EXPECT_EQ(tickets, 1);
}

TEST_F(TlsHandoverTest, RecordsOfEverySizePass) {
  connect();
  for (const std::size_t size : {1UL, 255UL, 4096UL, 16383UL, 16384UL}) {
    const std::string text(size, 's');
    server_sends(text);
    EXPECT_EQ(client_gets(), text);
    client_sends(text);
    EXPECT_EQ(server_gets(), text);
  }
}

TEST_F(TlsHandoverTest, PaddedRecordsPass) {
  SSL_CTX_set_block_padding(client_context.get(), 512);
  connect();
  exchange();
}

TEST_F(TlsHandoverTest, EitherSideUpdatesItsKeys) {
  for (const char* const suite : kSuites) {
    SSL_CTX_set_ciphersuites(client_context.get(), suite);
    connect();
    for (const int kind : {SSL_KEY_UPDATE_NOT_REQUESTED, SSL_KEY_UPDATE_REQUESTED, SSL_KEY_UPDATE_REQUESTED}) {
      ASSERT_EQ(SSL_key_update(client.get(), kind), 1);
      client_sends("after an update");
      EXPECT_EQ(server_gets(), "after an update");
      exchange();
      EXPECT_EQ(SSL_get_key_update_type(client.get()), SSL_KEY_UPDATE_NONE);
    }
  }
}

// What one side writes and how much of it has gone out, and come in at the other.
struct Flow {
  std::string written;
  std::size_t sent = 0;
  std::string received;
};

// Sizes, turns and key updates as they fall, through sockets that hold little.
TEST_F(TlsHandoverTest, EveryByteArrivesOnceAndInOrder) {
  SSL_CTX_set_mode(client_context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  connect();
  const int least = 1;
  for (const int fd : {stream->fd(), client_fd}) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &least, sizeof least);
  std::minstd_rand random(8446);
  Flow up;
  Flow down;
  const auto write_more = [&](Flow& flow) {
    const std::size_t most = random() % 4 == 0 ? 40000 : 300;
    for (std::size_t left = random() % most; left != 0; --left) flow.written.push_back(static_cast<char>(random()));
  };
  const auto client_turn = [&] {
    if (up.sent < up.written.size()) {
      const std::string_view rest = std::string_view(up.written).substr(up.sent);
      const int sent = SSL_write(client.get(), rest.data(), static_cast<int>(rest.size()));
      if (sent > 0) up.sent += static_cast<std::size_t>(sent);
    }
    if (const std::string got = client_gets(); got != "(nothing)") down.received += got;
  };
  const auto server_turn = [&] {
    if (down.sent < down.written.size()) {
      const StreamResult result = stream->write_some(std::string_view(down.written).substr(down.sent));
      ASSERT_TRUE(result.status == StreamStatus::kOk || result.status == StreamStatus::kWantWrite);
      down.sent += result.bytes;
    }
    up.received += server_gets();
  };
  for (int i = 0; i < 600; ++i) {
    const auto dice = random() % 16;
    if (dice == 0) write_more(up);
    if (dice == 1) write_more(down);
    // OpenSSL refuses while a record of its own is half written.
    if (dice == 2) SSL_key_update(client.get(), SSL_KEY_UPDATE_REQUESTED);
    ERR_clear_error();
    random() % 2 == 0 ? client_turn() : server_turn();
  }
  for (int i = 0; i < 3000 && (up.received.size() < up.written.size() || down.received.size() < down.written.size());
       ++i) {
    client_turn();
    server_turn();
  }
  EXPECT_GT(up.written.size(), 50000U);
  EXPECT_GT(down.written.size(), 50000U);
  EXPECT_TRUE(up.received == up.written);
  EXPECT_TRUE(down.received == down.written);
  ERR_clear_error();
}

TEST_F(TlsHandoverTest, OpensslTakesTheUpdateThatALimitBrings) {
  // As Stream does, but with a low limit.
  std::array<int, 2> fds{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()), 0);
  client.reset(SSL_new(client_context.get()));
  const SslPtr server(SSL_new(server_context()));
  ASSERT_TRUE(prepare_tls_handover(*server));
  SSL_set_fd(server.get(), fds[0]);
  SSL_set_fd(client.get(), fds[1]);
  while (SSL_connect(client.get()) != 1) ASSERT_NE(SSL_accept(server.get()), 1);
  ASSERT_EQ(SSL_accept(server.get()), 1);
  const auto secrets = hand_over_tls(*server);
  ASSERT_TRUE(secrets);
  EXPECT_EQ(secrets->written, 1U);
  TlsSession session(*secrets, 4);
  std::vector<std::uint8_t> records(kTlsSealedMaxBytes);
  for (int i = 0; i < 20; ++i) {
    const std::size_t made = session.seal("number ", std::to_string(i), records);
    EXPECT_EQ(send(fds[0], records.data(), made, MSG_NOSIGNAL), static_cast<ssize_t>(made));
    EXPECT_EQ(client_gets(), "number " + std::to_string(i));
  }
  // What was handed over is gone from OpenSSL's session.
  EXPECT_FALSE(hand_over_tls(*server));
  close(fds[0]);
  client_fd = fds[1];
}

TEST_F(TlsHandoverTest, CloseNotifyIsUnderstoodBothWays) {
  connect();
  server_sends("last");
  stream->finish();
  EXPECT_EQ(client_gets(), "last");
  EXPECT_EQ(client_gets(), "(nothing)");
  EXPECT_EQ(SSL_get_shutdown(client.get()), SSL_RECEIVED_SHUTDOWN);
  client_sends("still");
  EXPECT_EQ(SSL_shutdown(client.get()), 1);
  EXPECT_EQ(server_gets(), "still");
  EXPECT_EQ(server_gets(), "(end)");
}

TEST_F(TlsHandoverTest, AFatalAlertIsUnderstoodByOpenssl) {
  connect();
  client_sends("tampered with");
  // The record is taken on its way and comes changed.
  std::array<std::uint8_t, 100> wire;
  const auto size = recv(stream->fd(), wire.data(), wire.size(), 0);
  ASSERT_GT(size, 20);
  wire[10] ^= 1;
  ASSERT_EQ(send(client_fd, wire.data(), static_cast<std::size_t>(size), MSG_NOSIGNAL), size);
  EXPECT_EQ(server_gets(), "(failed)");
  EXPECT_EQ(client_gets(), "(nothing)");
  EXPECT_EQ(ERR_GET_REASON(ERR_peek_error()), SSL_R_SSLV3_ALERT_BAD_RECORD_MAC);
  ERR_clear_error();
}

TEST_F(TlsHandoverTest, Tls12StaysWithOpenssl) {
  SSL_CTX_set_max_proto_version(client_context.get(), TLS1_2_VERSION);
  stays_with_openssl();
}

TEST_F(TlsHandoverTest, ShorterRecordsStayWithOpenssl) {
  SSL_CTX_set_tlsext_max_fragment_length(client_context.get(), TLSEXT_max_fragment_length_512);
  stays_with_openssl();
}

TEST_F(TlsHandoverTest, AnotherSuiteStaysWithOpenssl) {
  SSL_CTX_set_ciphersuites(client_context.get(), "TLS_AES_128_CCM_SHA256");
  SSL_CTX_set_ciphersuites(server_context(), "TLS_AES_128_CCM_SHA256");
  stays_with_openssl();
}

TEST_F(TlsHandoverTest, WhatIsConfiguredSoStaysWithOpenssl) {
  load(TlsRecordLayer::kOpenssl);
  stays_with_openssl();
}

TEST_F(TlsHandoverTest, ARefusedClientIsNeverHandedOver) {
  SSL_CTX_set_max_proto_version(client_context.get(), TLS1_1_VERSION);
  SSL_CTX_set_security_level(client_context.get(), 0);
  open();
  EXPECT_NE(SSL_do_handshake(client.get()), 1);
  EXPECT_EQ(stream->handshake(), StreamStatus::kFailed);
  EXPECT_FALSE(stream->own_records());
}

TEST_F(TlsHandoverTest, AMovedStreamGoesOnAlone) {
  connect();
  exchange();
  Stream moved(std::move(*stream));
  EXPECT_FALSE(stream->secure());
  EXPECT_EQ(stream->fd(), -1);
  stream.reset();
  EXPECT_EQ(moved.write_some("moved").bytes, 5U);
  EXPECT_EQ(client_gets(), "moved");
}

}  // namespace
}  // namespace herald::transport
