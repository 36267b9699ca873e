#pragma once
// Takes a TLS 1.3 connection over from OpenSSL when its handshake is done. The traffic secrets go from OpenSSL's
// session to ours and nowhere else: never to a log, a file or another process. Private to transport.

#include <openssl/ssl.h>

#include <memory>

#include "transport/tls_session.h"

namespace herald::transport {

// Sessions of `context` can be handed over.
void allow_tls_handover(SSL_CTX& context);

// Before the handshake of a new session. False: no memory. True, and nothing done, if its context does not allow it.
[[nodiscard]] bool prepare_tls_handover(SSL& ssl);

// After the handshake: the secrets with which to go on, and OpenSSL must neither read nor write any more. Null: the
// connection must stay with OpenSSL, since it is TLS 1.2 or there is anything about it that only OpenSSL knows.
[[nodiscard]] std::unique_ptr<TlsSecrets> hand_over_tls(SSL& ssl);

}  // namespace herald::transport
