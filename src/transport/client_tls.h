#pragma once
// The client's side of a TLS session on a descriptor. Private to transport.

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "base/result.h"
#include "transport/client.h"

namespace herald::transport {

struct SslDeleter {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using SslPtr = std::unique_ptr<SSL, SslDeleter>;

// A session ready for its handshake on `fd`, which stays the caller's: TLS 1.2 or 1.3, SNI, the certificate checked
// against the system's authorities and ca_file and against `host` (RFC 9110 §4.3.4) unless `options.insecure`. Writing
// never raises SIGPIPE. kInvalid: ca_file can't be read.
[[nodiscard]] Result<SslPtr> make_client_tls(int fd, const std::string& host, const ClientOptions& options);

// Why the last operation on `ssl` failed, for people. Empties the thread's error queue.
[[nodiscard]] std::string tls_failure(const SSL& ssl);

}  // namespace herald::transport
