// The client's TLS against OpenSSL's own server side: whom it trusts, and what it tells.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <thread>

#include "transport/client.h"

namespace herald::transport {
namespace {

using testing::HasSubstr;

template <auto kFree>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Context = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;
using Session = std::unique_ptr<SSL, Freed<SSL_free>>;

// A certificate that vouches for itself, for the names in `names` ("DNS:localhost,IP:127.0.0.1").
Certificate make_certificate(EVP_PKEY& key, const char* names) {
  Certificate out(X509_new());
  X509_set_version(out.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(out.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(out.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(out.get()), 3600);
  X509_set_pubkey(out.get(), &key);
  X509_NAME* const name = X509_get_subject_name(out.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
  X509_set_issuer_name(out.get(), name);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names);
  X509_add_ext(out.get(), extension, -1);
  X509_EXTENSION_free(extension);
  X509_sign(out.get(), &key, EVP_sha256());
  return out;
}

// Serves one TLS connection on a thread of its own: reads a request, answers it, ends in order or without a word.
class TlsServer {
 public:
  enum class Ending { kInOrder, kCut };

  TlsServer(const char* names, std::string answer, Ending ending = Ending::kInOrder, int most_version = TLS1_3_VERSION)
      : key_(EVP_EC_gen("P-256")),
        certificate_(make_certificate(*key_, names)),
        answer_(std::move(answer)),
        ending_(ending),
        most_version_(most_version),
        listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_storage storage{};
    socklen_t length = SocketAddress::parse("127.0.0.1:0")->to_sockaddr(storage);
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&storage), length), 0);
    EXPECT_EQ(listen(listener_, 1), 0);
    EXPECT_EQ(getsockname(listener_, reinterpret_cast<sockaddr*>(&storage), &length), 0);
    port = SocketAddress::from_sockaddr(storage).port;
    thread_ = std::thread([this] { serve(); });
  }
  ~TlsServer() {
    ::shutdown(listener_, SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
    ::close(listener_);
  }

  std::uint16_t port = 0;

  void write_certificate(const std::string& file) const {
    std::unique_ptr<FILE, Freed<std::fclose>> out(std::fopen(file.c_str(), "w"));
    PEM_write_X509(out.get(), certificate_.get());
  }
  // Waits for the connection's end; the name the client asked for.
  std::string server_name() {
    thread_.join();
    return server_name_;
  }

 private:
  void serve() {
    const int fd = accept(listener_, nullptr, nullptr);
    if (fd < 0) return;
    const Context context(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_use_certificate(context.get(), certificate_.get());
    SSL_CTX_use_PrivateKey(context.get(), key_.get());
    SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context.get(), most_version_);
    const Session session(SSL_new(context.get()));
    SSL_set_fd(session.get(), fd);
    if (SSL_accept(session.get()) == 1) {
      const char* const name = SSL_get_servername(session.get(), TLSEXT_NAMETYPE_host_name);
      server_name_ = name == nullptr ? "" : name;
      talk(*session);
    }
    ::close(fd);
  }

  void talk(SSL& session) const {
    std::string request;
    char buffer[4096];
    while (!request.contains("\r\n\r\n")) {
      const int got = SSL_read(&session, buffer, sizeof buffer);
      if (got <= 0) return;
      request.append(buffer, static_cast<std::size_t>(got));
    }
    SSL_write(&session, answer_.data(), static_cast<int>(answer_.size()));
    if (ending_ == Ending::kInOrder) SSL_shutdown(&session);
  }

  Key key_;
  Certificate certificate_;
  std::string answer_;
  Ending ending_;
  int most_version_;
  int listener_;
  std::string server_name_;
  std::thread thread_;
};

class ClientTls : public testing::Test {
 protected:
  ~ClientTls() override { std::filesystem::remove(ca_file_); }

  void trust(const TlsServer& server) {
    server.write_certificate(ca_file_);
    options_.ca_file = ca_file_;
  }

  Result<ClientResponse> get(const TlsServer& server, const std::string& host) {
    std::optional<Result<ClientResponse>> result;
    const Url url = Url::parse("https://" + host + ":" + std::to_string(server.port) + "/").value();
    http_request(loop_, "GET", url, {}, "", options_,
                 [&result](Result<ClientResponse> answer) { result = std::move(answer); });
    while (!result) loop_.run_once(std::chrono::milliseconds(100));
    return std::move(*result);
  }

  SystemClock clock_;
  EventLoop loop_{clock_};
  ClientOptions options_;
  std::string ca_file_ = testing::TempDir() + "herald_client_tls_" + std::to_string(getpid()) + ".pem";
};

constexpr const char* kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

TEST_F(ClientTls, ATrustedServerIsAskedByName) {
  TlsServer server("DNS:localhost", kAnswer);
  trust(server);
  const auto response = get(server, "localhost");
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->body, "ok");
  EXPECT_EQ(server.server_name(), "localhost");
}

TEST_F(ClientTls, AnAddressIsCheckedAndNotSentAsAName) {
  TlsServer server("IP:127.0.0.1", kAnswer);
  trust(server);
  EXPECT_TRUE(get(server, "127.0.0.1"));
  EXPECT_EQ(server.server_name(), "");
}

TEST_F(ClientTls, ABigAnswerArrivesWhole) {
  const std::string body(3 << 20, 'b');
  const TlsServer server("IP:127.0.0.1", "HTTP/1.1 200 OK\r\n\r\n" + body);
  trust(server);
  const auto response = get(server, "127.0.0.1");
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_TRUE(response->body == body);
}

TEST_F(ClientTls, AnAnswerThatMayBeCutShortIsNotBelieved) {
  const TlsServer server("IP:127.0.0.1", "HTTP/1.1 200 OK\r\n\r\nperhaps half", TlsServer::Ending::kCut);
  trust(server);
  const auto response = get(server, "127.0.0.1");
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::kUnavailable);
}

TEST_F(ClientTls, AnUnknownAuthorityIsRefused) {
  const TlsServer server("IP:127.0.0.1", kAnswer);
  const auto response = get(server, "127.0.0.1");
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::kUnavailable);
  EXPECT_THAT(response.error().message, HasSubstr("not trusted"));
}

TEST_F(ClientTls, ACertificateForAnotherNameIsRefused) {
  for (const char* const names : {"DNS:example.org", "DNS:*.localhost", "IP:127.0.0.1"}) {
    const TlsServer server(names, kAnswer);
    trust(server);
    EXPECT_FALSE(get(server, "localhost")) << names;
  }
  for (const char* const names : {"DNS:localhost", "DNS:127.0.0.1", "IP:127.0.0.2"}) {
    const TlsServer server(names, kAnswer);
    trust(server);
    EXPECT_FALSE(get(server, "127.0.0.1")) << names;
  }
}

TEST_F(ClientTls, InsecureTrustsAnyone) {
  const TlsServer server("DNS:example.org", kAnswer);
  options_.insecure = true;
  EXPECT_TRUE(get(server, "127.0.0.1"));
}

TEST_F(ClientTls, AnUnreadableAuthorityFileIsInvalid) {
  const TlsServer server("IP:127.0.0.1", kAnswer);
  options_.ca_file = "/nonexistent/ca.pem";
  const auto response = get(server, "127.0.0.1");
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::kInvalid);
  EXPECT_THAT(response.error().message, HasSubstr("/nonexistent/ca.pem"));
}

TEST_F(ClientTls, VersionsBeforeOneTwoAreRefused) {
  const TlsServer server("IP:127.0.0.1", kAnswer, TlsServer::Ending::kInOrder, TLS1_1_VERSION);
  trust(server);
  EXPECT_FALSE(get(server, "127.0.0.1"));
}

TEST_F(ClientTls, VersionOneTwoIsSpoken) {
  const TlsServer server("IP:127.0.0.1", kAnswer, TlsServer::Ending::kInOrder, TLS1_2_VERSION);
  trust(server);
  EXPECT_TRUE(get(server, "127.0.0.1"));
}

}  // namespace
}  // namespace herald::transport
