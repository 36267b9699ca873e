// A message over TLS 1.3 there and back, on a socket pair: records of our own against OpenSSL's on the server's side.
// The client is OpenSSL in both, and reads without decrypting.

#include <benchmark/benchmark.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "transport/stream.h"
#include "transport/tls_handover.h"

namespace herald::transport {
namespace {

std::shared_ptr<SSL_CTX> server_context(bool own) {
  const std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), X509_free);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key.get());
  X509_sign(certificate.get(), key.get(), EVP_sha256());
  SSL_CTX_use_certificate(context.get(), certificate.get());
  SSL_CTX_use_PrivateKey(context.get(), key.get());
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (own) allow_tls_handover(*context);
  return context;
}

void echo(benchmark::State& state, bool own) {
  const auto context = server_context(own);
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> client_context(SSL_CTX_new(TLS_client_method()),
                                                                         SSL_CTX_free);
  const std::unique_ptr<SSL, decltype(&SSL_free)> client(SSL_new(client_context.get()), SSL_free);
  std::array<int, 2> fds{};
  HERALD_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds.data()) == 0, "no socket pair");
  auto stream = Stream::accept(fds[0], context).value();
  SSL_set_fd(client.get(), fds[1]);
  while (SSL_connect(client.get()) != 1) (void)stream.handshake();
  HERALD_CHECK(stream.handshake() == StreamStatus::kOk && stream.own_records() == own, "not the records to measure");
  const std::string message(static_cast<std::size_t>(state.range(0)), 'm');
  std::vector<std::uint8_t> buffer(65536);
  for (auto _ : state) {
    SSL_write(client.get(), message.data(), static_cast<int>(message.size()));
    const StreamResult read = stream.read_some(buffer);
    HERALD_CHECK(read.bytes == message.size(), "a message was split");
    HERALD_CHECK(stream.write_some(message).status == StreamStatus::kOk, "a message had to wait");
    HERALD_CHECK(recv(fds[1], buffer.data(), buffer.size(), 0) > 0, "nothing came back");
  }
  close(fds[1]);
}

void tls_echo_own(benchmark::State& state) {
  echo(state, true);
}
BENCHMARK(tls_echo_own)->Arg(100)->Arg(1000)->Arg(16000);

void tls_echo_openssl(benchmark::State& state) {
  echo(state, false);
}
BENCHMARK(tls_echo_openssl)->Arg(100)->Arg(1000)->Arg(16000);

}  // namespace
}  // namespace herald::transport
