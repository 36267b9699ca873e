#pragma once
// The few cryptographic functions Herald needs; OpenSSL stays inside crypto.cc. All functions are thread-safe.

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.h"
#include "base/result.h"

namespace herald {

using Sha256Digest = std::array<std::uint8_t, 32>;

[[nodiscard]] Sha256Digest sha256(ByteView data);
[[nodiscard]] Sha256Digest hmac_sha256(ByteView key, ByteView data);
// Takes the same time whatever differs. Unequal lengths are unequal.
[[nodiscard]] bool constant_time_equal(ByteView a, ByteView b);

// A public key that senders sign notifications with: RSA (PKCS#1 v1.5, SHA-256), ECDSA P-256 (DER, SHA-256) or Ed25519.
// Immutable; share it between threads.
class PublicKey {
 public:
  // PEM "PUBLIC KEY" (SPKI). kInvalid: not such a key, another algorithm, or RSA below `rsa_min_bits`.
  [[nodiscard]] static Result<std::shared_ptr<const PublicKey>> from_pem(std::string_view pem, int rsa_min_bits);

  PublicKey(const PublicKey&) = delete;
  PublicKey& operator=(const PublicKey&) = delete;
  virtual ~PublicKey() = default;
  // True if `signature` was made over exactly `data` with the private half.
  [[nodiscard]] virtual bool verifies(ByteView data, ByteView signature) const = 0;
  // "RSA-2048", "ECDSA-P-256", "Ed25519", for people.
  [[nodiscard]] virtual std::string describe() const = 0;

 protected:
  PublicKey() = default;
};

// The private half, for `herald keys`, `herald send --sign` and tests. Immutable.
class PrivateKey {
 public:
  enum class Algorithm : std::uint8_t { kRsa2048, kEcdsaP256, kEd25519 };
  [[nodiscard]] static Result<std::unique_ptr<PrivateKey>> generate(Algorithm algorithm);
  // PKCS#8 or traditional PEM, unencrypted.
  [[nodiscard]] static Result<std::unique_ptr<PrivateKey>> from_pem(std::string_view pem);

  PrivateKey(const PrivateKey&) = delete;
  PrivateKey& operator=(const PrivateKey&) = delete;
  virtual ~PrivateKey() = default;
  [[nodiscard]] virtual Result<std::vector<std::uint8_t>> sign(ByteView data) const = 0;
  [[nodiscard]] virtual std::string private_pem() const = 0;
  [[nodiscard]] virtual std::string public_pem() const = 0;

 protected:
  PrivateKey() = default;
};

}  // namespace herald
