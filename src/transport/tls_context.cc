#include "transport/tls_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/ui.h>

#include <mutex>
#include <utility>

#include "transport/tls_handover.h"

namespace herald::transport {

namespace {

using ContextPtr = std::shared_ptr<SSL_CTX>;

Error invalid(const std::string& what) {
  const unsigned long code = ERR_get_error();
  const char* reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  ERR_clear_error();
  return {ErrorKind::kInvalid, reason != nullptr ? what + " (" + reason + ")" : what};
}

// What a client offers and is spoken here, HTTP/1.1 first. One that offers other things only would be answered in a
// protocol that it does not speak: the handshake ends with no_application_protocol (RFC 7301 §3.2).
int select_protocol(SSL* /*ssl*/, const unsigned char** out, unsigned char* out_length, const unsigned char* offered,
                    unsigned offered_length, void* /*context*/) {
  static constexpr unsigned char kSpoken[] = "\x08http/1.1\x08http/1.0";
  unsigned char* selected = nullptr;
  const int found = SSL_select_next_proto(&selected, out_length, kSpoken, sizeof kSpoken - 1, offered, offered_length);
  *out = selected;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

// Instead of OpenSSL's, which asks on the terminal and waits. `asked` is set.
int refuse_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

// kInvalid: the file has no key that matches, or one behind a passphrase.
Status use_key(SSL_CTX& context, const std::string& certificate_file, const std::string& key_file) {
  bool asked = false;
  SSL_CTX_set_default_passwd_cb(&context, refuse_passphrase);
  SSL_CTX_set_default_passwd_cb_userdata(&context, &asked);
  const bool used = SSL_CTX_use_PrivateKey_file(&context, key_file.c_str(), SSL_FILETYPE_PEM) == 1;
  SSL_CTX_set_default_passwd_cb_userdata(&context, nullptr);
  if (used) return {};
  if (asked) {
    ERR_clear_error();
    return fail(ErrorKind::kInvalid, "the key in " + key_file +
                                         " is protected by a passphrase, which a server can't ask for; write it "
                                         "without one (openssl pkey -in FILE -out FILE) and keep it readable by its "
                                         "owner only");
  }
  return std::unexpected(invalid("can't read a PEM key that matches " + certificate_file + " from " + key_file));
}

// Of TLS 1.2: forward secret, and authenticated encryption only (RFC 9325 §4.2). Those of TLS 1.3 all are.
constexpr const char* kTls12Suites = "ECDHE+AESGCM:ECDHE+CHACHA20:!PSK:!aNULL";

ContextPtr make_context() {
  ContextPtr context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!context) return context;
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  if (SSL_CTX_set_cipher_list(context.get(), kTls12Suites) != 1) return nullptr;
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF |
                                         SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context.get(), 1);
  SSL_CTX_set_alpn_select_cb(context.get(), select_protocol, nullptr);
  return context;
}

Result<ContextPtr> read_context(const std::string& certificate_file, const std::string& key_file,
                                TlsRecordLayer records) {
  ERR_clear_error();
  auto context = make_context();
  if (!context) return fail(ErrorKind::kInternal, "no memory for a TLS context");
  if (records == TlsRecordLayer::kOwn) allow_tls_handover(*context);
  if (SSL_CTX_use_certificate_chain_file(context.get(), certificate_file.c_str()) != 1) {
    return std::unexpected(invalid("can't read a PEM certificate from " + certificate_file));
  }
  if (auto used = use_key(*context, certificate_file, key_file); !used) return std::unexpected(used.error());
  if (SSL_CTX_check_private_key(context.get()) != 1) {
    return std::unexpected(invalid("the key in " + key_file + " does not match " + certificate_file));
  }
  return context;
}

class FileTlsContext final : public TlsContext {
 public:
  FileTlsContext(std::string certificate_file, std::string key_file, TlsRecordLayer records, ContextPtr context)
      : certificate_file_(std::move(certificate_file)),
        key_file_(std::move(key_file)),
        records_(records),
        context_(std::move(context)) {}

  Status reload() override {
    auto fresh = read_context(certificate_file_, key_file_, records_);
    if (!fresh) return std::unexpected(std::move(fresh.error()));
    const std::lock_guard lock(mutex_);
    context_ = std::move(*fresh);
    return {};
  }

  std::shared_ptr<void> native() const override {
    const std::lock_guard lock(mutex_);
    return context_;
  }

 private:
  const std::string certificate_file_;
  const std::string key_file_;
  const TlsRecordLayer records_;
  mutable std::mutex mutex_;
  ContextPtr context_;
};

}  // namespace

Result<std::shared_ptr<TlsContext>> TlsContext::load(std::string certificate_file, std::string key_file,
                                                     TlsRecordLayer records) {
  auto context = read_context(certificate_file, key_file, records);
  if (!context) return std::unexpected(std::move(context.error()));
  return std::make_shared<FileTlsContext>(std::move(certificate_file), std::move(key_file), records,
                                          std::move(*context));
}

void never_ask_for_passphrases() {
  UI_set_default_method(UI_null());
}

Status check_authorities(const std::string& ca_file) {
  ERR_clear_error();
  const std::unique_ptr<X509_STORE, decltype(&X509_STORE_free)> store(X509_STORE_new(), X509_STORE_free);
  if (!store) return fail(ErrorKind::kInternal, "no memory for certificates");
  if (X509_STORE_load_file(store.get(), ca_file.c_str()) != 1) {
    return std::unexpected(invalid("can't read PEM certificates from " + ca_file));
  }
  return {};
}

}  // namespace herald::transport
