#include "base/crypto_aead.h"

#include <openssl/evp.h>

#include "base/check.h"
#include "base/openssl_support.h"

namespace herald {

namespace {

using ContextPtr = OpensslPtr<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;

// Fetched once: a look-up by name on each call costs more than the encryption of a short text.
const EVP_CIPHER* algorithm_for(std::size_t key_size) {
  static const EVP_CIPHER* const aes128 = EVP_CIPHER_fetch(nullptr, "AES-128-GCM", nullptr);
  static const EVP_CIPHER* const aes256 = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  HERALD_CHECK(key_size == 16 || key_size == 32, "an AES-GCM key has 16 or 32 bytes");
  return key_size == 16 ? aes128 : aes256;
}

// The most that one call takes, far above every message.
int size_of(ByteView bytes) {
  HERALD_CHECK(bytes.size() <= (1U << 30), "too long for one AES-GCM text");
  return static_cast<int>(bytes.size());
}

}  // namespace

std::vector<std::uint8_t> aes_gcm_seal(ByteView key, ByteView nonce, ByteView associated, ByteView text) {
  HERALD_CHECK(nonce.size() == kAesGcmNonceSize, "an AES-GCM nonce has 12 bytes");
  const ContextPtr context(EVP_CIPHER_CTX_new());
  std::vector<std::uint8_t> sealed(text.size() + kAesGcmTagSize);
  int written = 0;
  int last = 0;
  int skipped = 0;
  const bool done =
      EVP_EncryptInit_ex2(context.get(), algorithm_for(key.size()), key.data(), nonce.data(), nullptr) == 1 &&
      EVP_EncryptUpdate(context.get(), nullptr, &skipped, associated.data(), size_of(associated)) == 1 &&
      EVP_EncryptUpdate(context.get(), sealed.data(), &written, text.data(), size_of(text)) == 1 &&
      EVP_EncryptFinal_ex(context.get(), sealed.data() + written, &last) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kAesGcmTagSize, sealed.data() + text.size()) == 1;
  HERALD_CHECK(done, "AES-GCM failed");
  return sealed;
}

Result<std::vector<std::uint8_t>> aes_gcm_open(ByteView key, ByteView nonce, ByteView associated, ByteView sealed) {
  HERALD_CHECK(nonce.size() == kAesGcmNonceSize, "an AES-GCM nonce has 12 bytes");
  if (sealed.size() < kAesGcmTagSize) return fail(ErrorKind::kUnauthorized, "too short to be AES-GCM");
  const ErrorQueueGuard guard;
  const ByteView text = sealed.first(sealed.size() - kAesGcmTagSize);
  std::vector<std::uint8_t> tag(sealed.end() - kAesGcmTagSize, sealed.end());
  const ContextPtr context(EVP_CIPHER_CTX_new());
  // One byte more, so that data() is never null.
  std::vector<std::uint8_t> opened(text.size() + 1);
  int written = 0;
  int last = 0;
  int skipped = 0;
  const bool done =
      EVP_DecryptInit_ex2(context.get(), algorithm_for(key.size()), key.data(), nonce.data(), nullptr) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kAesGcmTagSize, tag.data()) == 1 &&
      EVP_DecryptUpdate(context.get(), nullptr, &skipped, associated.data(), size_of(associated)) == 1 &&
      EVP_DecryptUpdate(context.get(), opened.data(), &written, text.data(), size_of(text)) == 1 &&
      EVP_DecryptFinal_ex(context.get(), opened.data() + written, &last) == 1;
  if (!done) return fail(ErrorKind::kUnauthorized, "does not decrypt with this key");
  opened.resize(text.size());
  return opened;
}

}  // namespace herald
