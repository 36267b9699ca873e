#include "base/crypto_p256.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <algorithm>

#include "base/check.h"
#include "base/openssl_support.h"

namespace herald {

namespace {

constexpr const char* kGroup = "prime256v1";
constexpr std::size_t kScalarSize = 32;

using KeyPtr = OpensslPtr<EVP_PKEY, EVP_PKEY_free>;
using ContextPtr = OpensslPtr<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using DigestContextPtr = OpensslPtr<EVP_MD_CTX, EVP_MD_CTX_free>;
using BignumPtr = OpensslPtr<BIGNUM, BN_clear_free>;
using GroupPtr = OpensslPtr<EC_GROUP, EC_GROUP_free>;
using PointPtr = OpensslPtr<EC_POINT, EC_POINT_free>;
using SignaturePtr = OpensslPtr<ECDSA_SIG, ECDSA_SIG_free>;
using BuilderPtr = OpensslPtr<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using ParamsPtr = OpensslPtr<OSSL_PARAM, OSSL_PARAM_free>;

const EC_GROUP* group() {
  static const GroupPtr p256(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
  HERALD_CHECK(p256 != nullptr, "OpenSSL has no P-256");
  return p256.get();
}

// Null: OpenSSL does not take the point. `secret` null: the public half only.
KeyPtr make_key(ByteView point, const BIGNUM* secret) {
  const BuilderPtr builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, kGroup, 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
  if (secret != nullptr) OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, secret);
  const ParamsPtr params(OSSL_PARAM_BLD_to_param(builder.get()));
  const ContextPtr context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* key = nullptr;
  const int selection = secret != nullptr ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;
  if (EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, selection, params.get()) != 1) {
    return nullptr;
  }
  return KeyPtr(key);
}

Result<KeyPtr> public_key(ByteView point) {
  if (point.size() != sizeof(P256Point) || point.front() != 4) {
    return fail(ErrorKind::kInvalid, "a P-256 public key is 65 bytes that begin with 4");
  }
  KeyPtr key = make_key(point, nullptr);
  if (!key) return fail(ErrorKind::kInvalid, "the public key is not a point of P-256");
  return key;
}

// The fixed form of a signature as DER, which OpenSSL verifies.
std::vector<std::uint8_t> to_der(ByteView signature) {
  const SignaturePtr parts(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(signature.data(), kScalarSize, nullptr);
  BIGNUM* s = BN_bin2bn(signature.data() + kScalarSize, kScalarSize, nullptr);
  ECDSA_SIG_set0(parts.get(), r, s);
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(parts.get(), &der);
  HERALD_CHECK(size > 0, "OpenSSL can't write a signature");
  std::vector<std::uint8_t> out(der, der + size);
  OPENSSL_free(der);
  return out;
}

Es256Signature from_der(ByteView der) {
  const unsigned char* at = der.data();
  const SignaturePtr parts(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  HERALD_CHECK(parts != nullptr, "OpenSSL made a signature that it can't read");
  Es256Signature out{};
  BN_bn2binpad(ECDSA_SIG_get0_r(parts.get()), out.data(), kScalarSize);
  BN_bn2binpad(ECDSA_SIG_get0_s(parts.get()), out.data() + kScalarSize, kScalarSize);
  return out;
}

class OpensslP256PublicKey final : public P256PublicKey {
 public:
  explicit OpensslP256PublicKey(KeyPtr key) : key_(std::move(key)) {}

  bool verifies_es256(ByteView data, ByteView signature) const override {
    if (signature.size() != sizeof(Es256Signature)) return false;
    const ErrorQueueGuard guard;
    const auto der = to_der(signature);
    const DigestContextPtr context(EVP_MD_CTX_new());
    return EVP_DigestVerifyInit_ex(context.get(), nullptr, "SHA256", nullptr, nullptr, key_.get(), nullptr) == 1 &&
           EVP_DigestVerify(context.get(), der.data(), der.size(), data.data(), data.size()) == 1;
  }

 private:
  KeyPtr key_;
};

class OpensslP256PrivateKey final : public P256PrivateKey {
 public:
  OpensslP256PrivateKey(KeyPtr key, const P256Scalar& scalar, const P256Point& point)
      : key_(std::move(key)), scalar_(scalar), point_(point) {}
  ~OpensslP256PrivateKey() override { OPENSSL_cleanse(scalar_.data(), scalar_.size()); }

  P256Scalar scalar() const override { return scalar_; }
  P256Point point() const override { return point_; }

  Result<P256Secret> ecdh(ByteView peer) const override {
    const ErrorQueueGuard guard;
    const auto other = public_key(peer);
    if (!other) return std::unexpected(other.error());
    const ContextPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, key_.get(), nullptr));
    P256Secret secret{};
    std::size_t size = secret.size();
    const bool done = EVP_PKEY_derive_init(context.get()) == 1 &&
                      EVP_PKEY_derive_set_peer(context.get(), other->get()) == 1 &&
                      EVP_PKEY_derive(context.get(), secret.data(), &size) == 1 && size == secret.size();
    if (!done) return fail(ErrorKind::kInvalid, "the public key can't be used for ECDH");
    return secret;
  }

  Es256Signature sign_es256(ByteView data) const override {
    const ErrorQueueGuard guard;
    const DigestContextPtr context(EVP_MD_CTX_new());
    std::vector<std::uint8_t> der(static_cast<std::size_t>(EVP_PKEY_get_size(key_.get())));
    std::size_t size = der.size();
    const bool done =
        EVP_DigestSignInit_ex(context.get(), nullptr, "SHA256", nullptr, nullptr, key_.get(), nullptr) == 1 &&
        EVP_DigestSign(context.get(), der.data(), &size, data.data(), data.size()) == 1;
    HERALD_CHECK(done, "OpenSSL can't sign with a P-256 key");
    return from_der(ByteView(der).first(size));
  }

 private:
  KeyPtr key_;
  P256Scalar scalar_;
  P256Point point_;
};

}  // namespace

Result<std::shared_ptr<const P256PublicKey>> P256PublicKey::from_point(ByteView point) {
  const ErrorQueueGuard guard;
  auto key = public_key(point);
  if (!key) return std::unexpected(key.error());
  return std::make_shared<OpensslP256PublicKey>(std::move(*key));
}

std::unique_ptr<P256PrivateKey> P256PrivateKey::generate() {
  const BignumPtr secret(BN_new());
  P256Scalar scalar{};
  do {
    HERALD_CHECK(BN_priv_rand_range(secret.get(), EC_GROUP_get0_order(group())) == 1, "OpenSSL has no randomness");
  } while (BN_is_zero(secret.get()) == 1);
  BN_bn2binpad(secret.get(), scalar.data(), kScalarSize);
  auto key = from_scalar(scalar);
  HERALD_CHECK(key.has_value(), "OpenSSL can't make a P-256 key");
  return std::move(*key);
}

Result<std::unique_ptr<P256PrivateKey>> P256PrivateKey::from_scalar(ByteView scalar) {
  const ErrorQueueGuard guard;
  if (scalar.size() != kScalarSize) return fail(ErrorKind::kInvalid, "a P-256 private key is 32 bytes");
  const BignumPtr secret(BN_bin2bn(scalar.data(), kScalarSize, nullptr));
  if (BN_is_zero(secret.get()) == 1 || BN_cmp(secret.get(), EC_GROUP_get0_order(group())) >= 0) {
    return fail(ErrorKind::kInvalid, "the number is no P-256 private key");
  }
  const PointPtr point(EC_POINT_new(group()));
  P256Point bytes{};
  const bool done = EC_POINT_mul(group(), point.get(), secret.get(), nullptr, nullptr, nullptr) == 1 &&
                    EC_POINT_point2oct(group(), point.get(), POINT_CONVERSION_UNCOMPRESSED, bytes.data(), bytes.size(),
                                       nullptr) == bytes.size();
  HERALD_CHECK(done, "OpenSSL can't multiply on P-256");
  KeyPtr key = make_key(bytes, secret.get());
  HERALD_CHECK(key != nullptr, "OpenSSL does not take its own P-256 key");
  P256Scalar copy{};
  std::ranges::copy(scalar, copy.begin());
  return std::make_unique<OpensslP256PrivateKey>(std::move(key), copy, bytes);
}

}  // namespace herald
