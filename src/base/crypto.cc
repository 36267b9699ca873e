#include "base/crypto.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <limits>
#include <utility>

#include "base/check.h"
#include "base/openssl_support.h"

namespace herald {

namespace {

constexpr std::string_view kP256 = "prime256v1";
constexpr int kRsaMostBits = 16'384;
// A larger public exponent makes each verification as slow as a signature.
constexpr int kRsaExponentMostBits = 64;

using BioPtr = OpensslPtr<BIO, BIO_free>;
using BignumPtr = OpensslPtr<BIGNUM, BN_free>;
using KeyPtr = OpensslPtr<EVP_PKEY, EVP_PKEY_free>;
using DigestContextPtr = OpensslPtr<EVP_MD_CTX, EVP_MD_CTX_free>;

// Fetched once: a look-up by name on each call costs more than the digest of a short text.
const EVP_MD* sha256_algorithm() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  HERALD_CHECK(algorithm != nullptr, "OpenSSL has no SHA-256");
  return algorithm;
}

BioPtr reader_of(std::string_view text) {
  HERALD_CHECK(text.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max()), "a PEM text is beyond reason");
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

bool is_p256(const EVP_PKEY* key) {
  char name[64] = {};
  std::size_t length = 0;
  return EVP_PKEY_get_group_name(key, name, sizeof(name), &length) == 1 && std::string_view(name, length) == kP256;
}

bool has_sound_exponent(const EVP_PKEY* key) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &raw) != 1) return false;
  const BignumPtr exponent(raw);
  return BN_is_odd(exponent.get()) && !BN_is_one(exponent.get()) && BN_num_bits(exponent.get()) <= kRsaExponentMostBits;
}

Status check_rsa(const EVP_PKEY* key, int min_bits) {
  const int bits = EVP_PKEY_get_bits(key);
  if (bits < min_bits) return fail(ErrorKind::kInvalid, "the RSA key is shorter than " + std::to_string(min_bits));
  if (bits > kRsaMostBits)
    return fail(ErrorKind::kInvalid, "the RSA key is longer than " + std::to_string(kRsaMostBits));
  if (!has_sound_exponent(key)) return fail(ErrorKind::kInvalid, "the RSA key's public exponent is not usable");
  return {};
}

Status check_algorithm(const EVP_PKEY* key, int rsa_min_bits) {
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
      return check_rsa(key, rsa_min_bits);
    case EVP_PKEY_EC:
      if (is_p256(key)) return {};
      return fail(ErrorKind::kInvalid, "the key is on another curve than P-256");
    case EVP_PKEY_ED25519:
      return {};
    default:
      return fail(ErrorKind::kInvalid, "the key is neither RSA nor ECDSA P-256 nor Ed25519");
  }
}

std::string describe_key(const EVP_PKEY* key) {
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
      return "RSA-" + std::to_string(EVP_PKEY_get_bits(key));
    case EVP_PKEY_EC:
      return "ECDSA-P-256";
    default:
      return "Ed25519";
  }
}

// Ed25519 hashes inside and takes no digest (RFC 8032).
const EVP_MD* digest_for(const EVP_PKEY* key) {
  return EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ? nullptr : sha256_algorithm();
}

class OpensslPublicKey final : public PublicKey {
 public:
  explicit OpensslPublicKey(KeyPtr key) : key_(std::move(key)) {}

  bool verifies(ByteView data, ByteView signature) const override {
    const ErrorQueueGuard guard;
    const DigestContextPtr context(EVP_MD_CTX_new());
    return EVP_DigestVerifyInit(context.get(), nullptr, digest_for(key_.get()), nullptr, key_.get()) == 1 &&
           EVP_DigestVerify(context.get(), signature.data(), signature.size(), data.data(), data.size()) == 1;
  }

  std::string describe() const override { return describe_key(key_.get()); }

 private:
  KeyPtr key_;
};

class OpensslPrivateKey final : public PrivateKey {
 public:
  explicit OpensslPrivateKey(KeyPtr key) : key_(std::move(key)) {}

  Result<std::vector<std::uint8_t>> sign(ByteView data) const override {
    const ErrorQueueGuard guard;
    const DigestContextPtr context(EVP_MD_CTX_new());
    std::vector<std::uint8_t> signature(static_cast<std::size_t>(EVP_PKEY_get_size(key_.get())));
    std::size_t length = signature.size();
    if (EVP_DigestSignInit(context.get(), nullptr, digest_for(key_.get()), nullptr, key_.get()) != 1 ||
        EVP_DigestSign(context.get(), signature.data(), &length, data.data(), data.size()) != 1) {
      return fail(ErrorKind::kInternal, "OpenSSL can't sign with this key");
    }
    signature.resize(length);
    return signature;
  }

  std::string private_pem() const override {
    const BioPtr out(BIO_new(BIO_s_mem()));
    const int written = PEM_write_bio_PKCS8PrivateKey(out.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
    HERALD_CHECK(written == 1, "OpenSSL can't write a private key");
    return text_of(out.get());
  }

  std::string public_pem() const override {
    const BioPtr out(BIO_new(BIO_s_mem()));
    HERALD_CHECK(PEM_write_bio_PUBKEY(out.get(), key_.get()) == 1, "OpenSSL can't write a public key");
    return text_of(out.get());
  }

 private:
  KeyPtr key_;
};

// The DER inside a text that is one PEM block with this label and nothing else.
Result<std::vector<std::uint8_t>> der_of_only_block(std::string_view pem, std::string_view label) {
  const std::string begin = "-----BEGIN " + std::string(label) + "-----";
  const std::size_t start = pem.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos || !pem.substr(start).starts_with(begin)) {
    return fail(ErrorKind::kInvalid, "the text is not a PEM " + std::string(label));
  }
  const BioPtr in = reader_of(pem.substr(start));
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  if (PEM_read_bio(in.get(), &name, &header, &data, &size) != 1) {
    return fail(ErrorKind::kInvalid, "the PEM block is damaged");
  }
  const bool plain = label == name && *header == '\0';
  std::vector<std::uint8_t> der(data, data + size);
  OPENSSL_free(name);
  OPENSSL_free(header);
  OPENSSL_free(data);
  if (!plain) return fail(ErrorKind::kInvalid, "the text is not a plain PEM " + std::string(label));
  if (!is_blank(text_of(in.get()))) return fail(ErrorKind::kInvalid, "something follows the PEM block");
  return der;
}

// Stands in for OpenSSL's default, which would ask on the terminal.
int refuse_password(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*user*/) {
  return -1;
}

}  // namespace

Sha256Digest sha256(ByteView data) {
  Sha256Digest digest;
  const int done = EVP_Digest(data.data(), data.size(), digest.data(), nullptr, sha256_algorithm(), nullptr);
  HERALD_CHECK(done == 1, "SHA-256 failed");
  return digest;
}

Sha256Digest hmac_sha256(ByteView key, ByteView data) {
  static constexpr std::uint8_t kNothing = 0;
  Sha256Digest digest;
  const auto* done = HMAC(sha256_algorithm(), key.empty() ? &kNothing : key.data(), static_cast<int>(key.size()),
                          data.data(), data.size(), digest.data(), nullptr);
  HERALD_CHECK(done != nullptr, "HMAC-SHA-256 failed");
  return digest;
}

bool constant_time_equal(ByteView a, ByteView b) {
  return a.size() == b.size() && (a.empty() || CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0);
}

Result<std::shared_ptr<const PublicKey>> PublicKey::from_pem(std::string_view pem, int rsa_min_bits) {
  const ErrorQueueGuard guard;
  const auto der = der_of_only_block(pem, PEM_STRING_PUBLIC);
  if (!der) return std::unexpected(der.error());
  const unsigned char* at = der->data();
  KeyPtr key(d2i_PUBKEY(nullptr, &at, static_cast<long>(der->size())));
  if (!key) return fail(ErrorKind::kInvalid, "the PEM block holds no public key");
  if (at != der->data() + der->size()) return fail(ErrorKind::kInvalid, "something follows the key in the PEM block");
  if (const auto sound = check_algorithm(key.get(), rsa_min_bits); !sound) return std::unexpected(sound.error());
  return std::make_shared<OpensslPublicKey>(std::move(key));
}

Result<std::unique_ptr<PrivateKey>> PrivateKey::generate(Algorithm algorithm) {
  const ErrorQueueGuard guard;
  KeyPtr key;
  switch (algorithm) {
    case Algorithm::kRsa2048:
      key.reset(EVP_RSA_gen(2048));
      break;
    case Algorithm::kEcdsaP256:
      key.reset(EVP_EC_gen(kP256.data()));
      break;
    case Algorithm::kEd25519:
      key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
      break;
  }
  if (!key) return fail(ErrorKind::kInternal, "OpenSSL can't make a key");
  return std::make_unique<OpensslPrivateKey>(std::move(key));
}

Result<std::unique_ptr<PrivateKey>> PrivateKey::from_pem(std::string_view pem) {
  const ErrorQueueGuard guard;
  const BioPtr in = reader_of(pem);
  KeyPtr key(PEM_read_bio_PrivateKey(in.get(), nullptr, refuse_password, nullptr));
  if (!key) return fail(ErrorKind::kInvalid, "the text is not an unencrypted PEM private key");
  if (const auto sound = check_algorithm(key.get(), 0); !sound) return std::unexpected(sound.error());
  return std::make_unique<OpensslPrivateKey>(std::move(key));
}

}  // namespace herald
