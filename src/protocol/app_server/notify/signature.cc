#include <algorithm>

#include "base/crypto.h"
#include "base/encoding.h"
#include "protocol/app_server/notify/notify.h"

namespace herald::protocol::notify {
namespace {

// No signature of a text alone covers a text that begins so.
constexpr std::string_view kRequestBegins = "herald notification 1\n";

Rejection bad_signature() {
  return {400, "Bad signature, dropping notification", "bad_signature"};
}

// Reading a PEM key costs more than checking a signature with it, and senders come in runs: each thread keeps the
// last key it used.
std::shared_ptr<const PublicKey> key_of(const std::string& pem, int rsa_min_bits) {
  struct Last {
    std::string pem;
    int rsa_min_bits = 0;
    std::shared_ptr<const PublicKey> key;
  };
  thread_local Last last;
  if (last.key && last.rsa_min_bits == rsa_min_bits && last.pem == pem) return last.key;
  auto key = PublicKey::from_pem(pem, rsa_min_bits);
  if (!key) return nullptr;
  last = {pem, rsa_min_bits, *key};
  return *key;
}

}  // namespace

std::optional<Rejection> check_signature(const Notification& notification, const App& app, int rsa_min_bits) {
  if (notification.bad_signature_form) return bad_signature();
  if (notification.signature_hex.empty()) {
    if (app.public_key_pem.empty()) return std::nullopt;
    return Rejection{400, "You must sign your message with your Private Key", "unsigned"};
  }
  if (app.public_key_pem.empty()) return bad_signature();
  const auto key = key_of(app.public_key_pem, rsa_min_bits);
  const auto signature = from_hex(notification.signature_hex);
  if (!key || !signature) return bad_signature();
  if (!notification.signs_request && notification.signed_bytes.starts_with(kRequestBegins)) return bad_signature();
  if (!key->verifies(as_bytes(bytes_under_signature(notification, app.id)), *signature)) return bad_signature();
  return std::nullopt;
}

std::string bytes_under_signature(const Notification& notification, const AppId& app) {
  if (!notification.signs_request) return notification.signed_bytes;
  std::string bytes(kRequestBegins);
  append_hex(bytes, app.bytes);
  return bytes.append("\n").append(notification.signed_bytes);
}

ReceiptId name_of_signed(const Notification& notification, const AppId& app) {
  std::string named("herald signed\n");
  named.append(app.view()).append(bytes_under_signature(notification, app));
  const auto digest = sha256(as_bytes(named));
  ReceiptId name;
  std::copy_n(digest.begin(), name.bytes.size(), name.bytes.begin());
  if (name == ReceiptId{}) name.bytes.back() = 1;
  return name;
}

}  // namespace herald::protocol::notify
