#pragma once
// A server's certificate and key, TLS 1.2 and 1.3; can be read again while connections are open. OpenSSL stays in the
// source file.

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"

namespace herald::transport {

// Who encrypts and decrypts after a handshake of TLS 1.3: Herald, which keeps only what that takes, or OpenSSL. All
// handshakes, and all of TLS 1.2, are OpenSSL's.
enum class TlsRecordLayer : std::uint8_t { kOwn, kOpenssl };

class TlsContext {
 public:
  // PEM files; the certificate file holds the chain, leaf first. kInvalid: unreadable, not matching, or a key behind a
  // passphrase; the message names the file. Nothing is asked on a terminal.
  [[nodiscard]] static Result<std::shared_ptr<TlsContext>> load(std::string certificate_file, std::string key_file,
                                                                TlsRecordLayer records = TlsRecordLayer::kOwn);

  // Reads the files again; new handshakes use them. On failure the old ones stay in use. Any thread.
  [[nodiscard]] virtual Status reload() = 0;
  virtual ~TlsContext() = default;
  // The SSL_CTX* for new connections, with a reference taken for the caller. For transport's own sources.
  [[nodiscard]] virtual std::shared_ptr<void> native() const = 0;
};

// From here on no part of OpenSSL, such as another library's use of it, waits for a passphrase on the terminal: what
// needs one fails. For the start of a server.
void never_ask_for_passphrases();

// Whether a client could check certificates against this PEM file. kInvalid: unreadable, or no certificate in it; the
// message names the file.
[[nodiscard]] Status check_authorities(const std::string& ca_file);

}  // namespace herald::transport
