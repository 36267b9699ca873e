#pragma once
// The curve P-256 as Web Push uses it: keys as raw bytes, ECDH (RFC 8291 §3.1) and ES256 signatures (RFC 7518 §3.4).

#include <array>
#include <cstdint>
#include <memory>

#include "base/encoding.h"
#include "base/result.h"

namespace herald {

// 0x04, x, y (SEC 1 §2.3.3, uncompressed).
using P256Point = std::array<std::uint8_t, 65>;
using P256Scalar = std::array<std::uint8_t, 32>;
// The x coordinate that both sides of ECDH share.
using P256Secret = std::array<std::uint8_t, 32>;
// r and s, 32 bytes each; never DER.
using Es256Signature = std::array<std::uint8_t, 64>;

// Immutable; share it between threads.
class P256PublicKey {
 public:
  // kInvalid: not 65 bytes, another form, or not on the curve.
  [[nodiscard]] static Result<std::shared_ptr<const P256PublicKey>> from_point(ByteView point);

  P256PublicKey(const P256PublicKey&) = delete;
  P256PublicKey& operator=(const P256PublicKey&) = delete;
  virtual ~P256PublicKey() = default;
  // False for anything but 64 bytes made over exactly `data` with the private half.
  [[nodiscard]] virtual bool verifies_es256(ByteView data, ByteView signature) const = 0;

 protected:
  P256PublicKey() = default;
};

// Immutable; share it between threads.
class P256PrivateKey {
 public:
  [[nodiscard]] static std::unique_ptr<P256PrivateKey> generate();
  // kInvalid: not 32 bytes, zero, or not below the order of the group.
  [[nodiscard]] static Result<std::unique_ptr<P256PrivateKey>> from_scalar(ByteView scalar);

  P256PrivateKey(const P256PrivateKey&) = delete;
  P256PrivateKey& operator=(const P256PrivateKey&) = delete;
  virtual ~P256PrivateKey() = default;
  [[nodiscard]] virtual P256Scalar scalar() const = 0;
  [[nodiscard]] virtual P256Point point() const = 0;
  // kInvalid: `peer` is not a point of the curve.
  [[nodiscard]] virtual Result<P256Secret> ecdh(ByteView peer) const = 0;
  [[nodiscard]] virtual Es256Signature sign_es256(ByteView data) const = 0;

 protected:
  P256PrivateKey() = default;
};

}  // namespace herald
