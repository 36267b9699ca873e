#include "transport/tls_handover.h"

#include <array>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/encoding.h"

namespace herald::transport {
namespace {

// What is learnt of a session during its handshake.
struct Learnt {
  std::unique_ptr<TlsSecrets> secrets;
  std::size_t read_secret_bytes = 0;   // 0: not known yet
  std::size_t write_secret_bytes = 0;  // the same
  std::uint64_t read = 0;              // records since then
  std::uint64_t tickets = 0;           // messages written, each of which is a record
};

void free_learnt(void* /*parent*/, void* learnt, CRYPTO_EX_DATA* /*data*/, int /*index*/, long /*argument*/,
                 void* /*pointer*/) {
  delete static_cast<Learnt*>(learnt);
}

int learnt_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, free_learnt);
  HERALD_CHECK(index >= 0, "no memory for OpenSSL");
  return index;
}

Learnt* learnt_of(const SSL* ssl) {
  return static_cast<Learnt*>(SSL_get_ex_data(ssl, learnt_index()));
}

// The secret at the end of a line; its size, 0 if it is none.
std::size_t read_secret(std::string_view line, std::array<std::uint8_t, kTlsSecretMaxBytes>& out) {
  const std::string_view hex = line.substr(line.rfind(' ') + 1);
  const std::size_t bytes = hex.size() / 2;
  return bytes <= out.size() && from_hex(hex, std::span(out).first(bytes)) ? bytes : 0;
}

// OpenSSL tells secrets in the form of key log files, at the moment when they come into use
// (SSL_CTX_set_keylog_callback).
void on_secret(const SSL* ssl, const char* text) {
  Learnt* const learnt = learnt_of(ssl);
  const std::string_view line(text);
  if (learnt == nullptr) return;
  if (line.starts_with("CLIENT_TRAFFIC_SECRET_0 ")) {
    learnt->read_secret_bytes = read_secret(line, learnt->secrets->read);
  } else if (line.starts_with("SERVER_TRAFFIC_SECRET_0 ")) {
    learnt->write_secret_bytes = read_secret(line, learnt->secrets->write);
  }
}

bool is_ticket(const void* bytes, std::size_t size) {
  return size != 0 && *static_cast<const std::uint8_t*>(bytes) == SSL3_MT_NEWSESSION_TICKET;
}

// Told of each handshake message, and of each record's header when the record has been sealed. All that OpenSSL seals
// with the application's keys are session tickets.
void on_message(int written, int /*version*/, int content_type, const void* bytes, std::size_t size, SSL* ssl,
                void* /*argument*/) {
  Learnt* const learnt = learnt_of(ssl);
  if (learnt == nullptr) return;
  if (content_type == SSL3_RT_HANDSHAKE && written != 0 && is_ticket(bytes, size)) ++learnt->tickets;
  if (content_type != SSL3_RT_HEADER) return;
  if (written != 0 && learnt->write_secret_bytes != 0) ++learnt->secrets->written;
  if (written == 0 && learnt->read_secret_bytes != 0) ++learnt->read;
}

// What our records don't know: records that OpenSSL has already read, early data, shorter records, the kernel's TLS.
bool plain_enough(const SSL& ssl) {
  return SSL_version(&ssl) == TLS1_3_VERSION && SSL_is_init_finished(&ssl) && SSL_has_pending(&ssl) == 0 &&
         SSL_get_shutdown(&ssl) == 0 && SSL_get_early_data_status(&ssl) != SSL_EARLY_DATA_ACCEPTED &&
         SSL_SESSION_get_max_fragment_length(SSL_get0_session(&ssl)) == TLSEXT_max_fragment_length_DISABLED &&
         (SSL_get_options(&ssl) & SSL_OP_ENABLE_KTLS) == 0;
}

// Sequence numbers must be certain, since one too low would use a nonce twice: so records are counted in two ways.
bool complete(const Learnt& learnt, TlsSuite suite) {
  const std::size_t bytes = tls_secret_bytes(suite);
  return learnt.read_secret_bytes == bytes && learnt.write_secret_bytes == bytes && learnt.read == 0 &&
         learnt.secrets->written == learnt.tickets;
}

}  // namespace

void allow_tls_handover(SSL_CTX& context) {
  SSL_CTX_set_keylog_callback(&context, on_secret);
  SSL_CTX_set_msg_callback(&context, on_message);
}

bool prepare_tls_handover(SSL& ssl) {
  if (SSL_CTX_get_keylog_callback(SSL_get_SSL_CTX(&ssl)) != on_secret) return true;
  auto* const learnt = new Learnt{.secrets = std::make_unique<TlsSecrets>()};
  if (SSL_set_ex_data(&ssl, learnt_index(), learnt) == 1) return true;  // free_learnt() has it
  delete learnt;
  return false;
}

std::unique_ptr<TlsSecrets> hand_over_tls(SSL& ssl) {
  const std::unique_ptr<Learnt> learnt(learnt_of(&ssl));
  if (!learnt) return nullptr;
  SSL_set_ex_data(&ssl, learnt_index(), nullptr);
  SSL_set_msg_callback(&ssl, nullptr);
  const auto suite = find_tls_suite(SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(&ssl)));
  if (!suite || !plain_enough(ssl) || !complete(*learnt, *suite)) return nullptr;
  learnt->secrets->suite = *suite;
  return std::move(learnt->secrets);
}

}  // namespace herald::transport
