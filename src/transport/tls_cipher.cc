#include "transport/tls_cipher.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/check.h"

namespace herald::transport {
namespace {

struct SuiteFacts {
  std::uint16_t number;
  const char* cipher;
  const char* hash;
  std::size_t key_bytes;
  std::size_t secret_bytes;
};

constexpr std::array<SuiteFacts, 3> kSuites{{{0x1301, "AES-128-GCM", "SHA256", 16, 32},
                                             {0x1302, "AES-256-GCM", "SHA384", 32, 48},
                                             {0x1303, "ChaCha20-Poly1305", "SHA256", 32, 32}}};
constexpr std::string_view kLabelPrefix = "tls13 ";
constexpr std::size_t kLabelMaxBytes = 12;

const SuiteFacts& facts(TlsSuite suite) {
  return kSuites[static_cast<std::size_t>(suite)];
}

// Fetched once: a look-up by name on each call costs more than the encryption of a short record.
const EVP_CIPHER* algorithm(std::size_t suite) {
  static const std::array<EVP_CIPHER*, kSuites.size()> fetched = [] {
    std::array<EVP_CIPHER*, kSuites.size()> out{};
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = EVP_CIPHER_fetch(nullptr, kSuites[i].cipher, nullptr);
    ERR_clear_error();
    return out;
  }();
  return fetched[suite];
}

struct CipherContextDeleter {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

// One for each suite and thread: making one costs more than giving it another key.
EVP_CIPHER_CTX* cipher_context(TlsSuite suite) {
  static thread_local std::array<std::unique_ptr<EVP_CIPHER_CTX, CipherContextDeleter>, kSuites.size()> contexts;
  const auto index = static_cast<std::size_t>(suite);
  auto& context = contexts[index];
  if (!context) {
    context.reset(EVP_CIPHER_CTX_new());
    HERALD_CHECK(context && EVP_CipherInit_ex2(context.get(), algorithm(index), nullptr, nullptr, 1, nullptr) == 1,
                 "no memory for a cipher");
  }
  return context.get();
}

struct KdfContextDeleter {
  void operator()(EVP_KDF_CTX* context) const { EVP_KDF_CTX_free(context); }
};

EVP_KDF_CTX* hkdf_context() {
  static EVP_KDF* const algorithm = EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_HKDF, nullptr);
  static thread_local const std::unique_ptr<EVP_KDF_CTX, KdfContextDeleter> context(EVP_KDF_CTX_new(algorithm));
  HERALD_CHECK(context != nullptr, "no HKDF");
  return context.get();
}

// Gives the thread's context key, nonce and associated data.
EVP_CIPHER_CTX* begin(TlsSuite suite, ByteView key, ByteView nonce, ByteView associated, bool encrypt) {
  HERALD_CHECK(key.size() == tls_key_bytes(suite) && nonce.size() == kTlsNonceBytes, "not a key of this suite");
  EVP_CIPHER_CTX* const context = cipher_context(suite);
  int skipped = 0;
  const bool begun =
      EVP_CipherInit_ex2(context, nullptr, key.data(), nonce.data(), encrypt ? 1 : 0, nullptr) == 1 &&
      EVP_CipherUpdate(context, nullptr, &skipped, associated.data(), static_cast<int>(associated.size())) == 1;
  HERALD_CHECK(begun, "a cipher does not take its key");
  return context;
}

bool run(EVP_CIPHER_CTX* context, std::span<std::uint8_t> bytes) {
  int moved = 0;
  return EVP_CipherUpdate(context, bytes.data(), &moved, bytes.data(), static_cast<int>(bytes.size())) == 1;
}

bool finish(EVP_CIPHER_CTX* context) {
  std::array<std::uint8_t, kTlsTagBytes> nothing;
  int moved = 0;
  return EVP_CipherFinal_ex(context, nothing.data(), &moved) == 1;
}

}  // namespace

std::optional<TlsSuite> find_tls_suite(std::uint16_t number) {
  const auto found = std::ranges::find(kSuites, number, &SuiteFacts::number);
  if (found == kSuites.end()) return std::nullopt;
  const auto index = static_cast<std::size_t>(found - kSuites.begin());
  if (algorithm(index) == nullptr) return std::nullopt;
  return static_cast<TlsSuite>(index);
}

std::size_t tls_key_bytes(TlsSuite suite) {
  return facts(suite).key_bytes;
}

std::size_t tls_secret_bytes(TlsSuite suite) {
  return facts(suite).secret_bytes;
}

void tls_expand_label(TlsSuite suite, ByteView secret, std::string_view label, std::span<std::uint8_t> out) {
  HERALD_CHECK(label.size() <= kLabelMaxBytes && out.size() <= tls_secret_bytes(suite), "no label of TLS 1.3");
  // struct HkdfLabel: the length, the label, the empty context.
  std::array<std::uint8_t, 2 + 1 + kLabelPrefix.size() + kLabelMaxBytes + 1> info{};
  info[1] = static_cast<std::uint8_t>(out.size());
  info[2] = static_cast<std::uint8_t>(kLabelPrefix.size() + label.size());
  const auto end = std::ranges::copy(label, std::ranges::copy(kLabelPrefix, info.begin() + 3).out).out;
  int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
  const std::array<OSSL_PARAM, 5> parameters{
      OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, const_cast<char*>(facts(suite).hash), 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, const_cast<std::uint8_t*>(secret.data()), secret.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data(),
                                        static_cast<std::size_t>(end - info.begin()) + 1),
      OSSL_PARAM_construct_end()};
  EVP_KDF_CTX* const context = hkdf_context();
  const bool derived = EVP_KDF_derive(context, out.data(), out.size(), parameters.data()) == 1;
  // Forgets the secret.
  EVP_KDF_CTX_reset(context);
  HERALD_CHECK(derived, "HKDF failed");
}

void tls_encrypt(TlsSuite suite, ByteView key, ByteView nonce, ByteView associated, std::span<std::uint8_t> bytes,
                 std::span<std::uint8_t, kTlsTagBytes> tag) {
  EVP_CIPHER_CTX* const context = begin(suite, key, nonce, associated, true);
  const bool done = run(context, bytes) && finish(context) &&
                    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kTlsTagBytes, tag.data()) == 1;
  HERALD_CHECK(done, "encryption failed");
}

bool tls_decrypt(TlsSuite suite, ByteView key, ByteView nonce, ByteView associated, std::span<std::uint8_t> bytes,
                 std::span<const std::uint8_t, kTlsTagBytes> tag) {
  EVP_CIPHER_CTX* const context = begin(suite, key, nonce, associated, false);
  const bool ready =
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kTlsTagBytes, const_cast<std::uint8_t*>(tag.data())) == 1 &&
      run(context, bytes);
  HERALD_CHECK(ready, "decryption failed");
  const bool genuine = finish(context);
  // OpenSSL's queue of errors belongs to the thread: a TLS handshake on it would take what is left for its own.
  if (!genuine) ERR_clear_error();
  return genuine;
}

}  // namespace herald::transport
