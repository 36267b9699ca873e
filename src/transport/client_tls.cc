#include "transport/client_tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "base/check.h"
#include "base/file_text.h"
#include "transport/address.h"

namespace herald::transport {
namespace {

struct ContextDeleter {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using ContextPtr = std::unique_ptr<SSL_CTX, ContextDeleter>;

// OpenSSL's own socket BIO writes in a way that raises SIGPIPE when the peer is gone.
int write_quietly(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  const auto sent =
      send(static_cast<int>(BIO_get_fd(bio, nullptr)), bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (sent < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

const BIO_METHOD* make_quiet_socket_method() {
  const BIO_METHOD* const base = BIO_s_socket();
  BIO_METHOD* const method = BIO_meth_new(BIO_TYPE_SOCKET, "socket without SIGPIPE");
  HERALD_CHECK(method != nullptr, "no memory for OpenSSL");
  BIO_meth_set_write(method, write_quietly);
  BIO_meth_set_read(method, BIO_meth_get_read(base));
  BIO_meth_set_ctrl(method, BIO_meth_get_ctrl(base));
  BIO_meth_set_create(method, BIO_meth_get_create(base));
  BIO_meth_set_destroy(method, BIO_meth_get_destroy(base));
  return method;
}

void attach(SSL& ssl, int fd) {
  static const BIO_METHOD* const method = make_quiet_socket_method();
  BIO* const bio = BIO_new(method);
  HERALD_CHECK(bio != nullptr, "no memory for OpenSSL");
  BIO_set_fd(bio, fd, BIO_NOCLOSE);
  SSL_set_bio(&ssl, bio, bio);
}

Result<ContextPtr> make_context(const ClientOptions& options) {
  ContextPtr context(SSL_CTX_new(TLS_client_method()));
  HERALD_CHECK(context != nullptr, "no memory for OpenSSL");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  if (options.insecure) return context;
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_default_verify_paths(context.get());
  if (!options.ca_file.empty() && SSL_CTX_load_verify_file(context.get(), options.ca_file.c_str()) != 1) {
    ERR_clear_error();
    return fail(ErrorKind::kInvalid, "can't read certificates from " + options.ca_file);
  }
  return context;
}

// The contents of ca_file; empty if there is none.
Result<std::string> read_authorities(const std::string& ca_file) {
  if (ca_file.empty()) return std::string();
  auto contents = read_file(ca_file);
  if (!contents) return fail(ErrorKind::kInvalid, "certificates of authorities: " + contents.error().message);
  return contents;
}

// Reading the system's authorities takes long, so a thread keeps its last context for as long as the same are trusted.
Result<SSL_CTX*> context_for(const ClientOptions& options) {
  static thread_local std::pair<bool, std::string> trusted;
  static thread_local ContextPtr kept;
  auto authorities = read_authorities(options.ca_file);
  if (!authorities) return std::unexpected(authorities.error());
  const std::pair<bool, std::string> wanted(options.insecure, std::move(*authorities));
  if (kept == nullptr || trusted != wanted) {
    auto made = make_context(options);
    if (!made) return std::unexpected(made.error());
    kept = std::move(*made);
    trusted = wanted;
  }
  return kept.get();
}

// SNI carries names only (RFC 6066 §3); an address is looked for among the certificate's addresses.
bool expect_host(SSL& ssl, const std::string& host) {
  if (IpAddress::parse(host)) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(&ssl), host.c_str()) == 1;
  SSL_set_hostflags(&ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return SSL_set_tlsext_host_name(&ssl, host.c_str()) == 1 && SSL_set1_host(&ssl, host.c_str()) == 1;
}

}  // namespace

Result<SslPtr> make_client_tls(int fd, const std::string& host, const ClientOptions& options) {
  const auto context = context_for(options);
  if (!context) return std::unexpected(context.error());
  SslPtr ssl(SSL_new(*context));
  HERALD_CHECK(ssl != nullptr, "no memory for OpenSSL");
  if (!expect_host(*ssl, host)) {
    ERR_clear_error();
    return fail(ErrorKind::kInvalid, "no certificate can be for the host " + host);
  }
  attach(*ssl, fd);
  SSL_set_connect_state(ssl.get());
  return ssl;
}

std::string tls_failure(const SSL& ssl) {
  const unsigned long error = ERR_get_error();
  ERR_clear_error();
  if (const long verified = SSL_get_verify_result(&ssl); verified != X509_V_OK)
    return std::string(kUntrustedCertificate) + ": " + X509_verify_cert_error_string(verified);
  const char* const reason = error == 0 ? nullptr : ERR_reason_error_string(error);
  return std::string("TLS failed: ") + (reason == nullptr ? "the connection ended" : reason);
}

}  // namespace herald::transport
