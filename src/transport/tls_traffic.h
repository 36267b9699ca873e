#pragma once
// The keys of one direction of a TLS 1.3 connection (RFC 8446 §5.3, §7.2, §7.3). Private to transport.

#include <array>
#include <cstdint>
#include <span>

#include "base/encoding.h"
#include "transport/tls_cipher.h"

namespace herald::transport {

// Can't be copied or moved: two that go on from one sequence number would use a nonce twice. Forgets its keys at the
// end.
class TlsTraffic {
 public:
  // `secret` is an application traffic secret of the suite's size, of which `sequence` records have been used already.
  TlsTraffic(TlsSuite suite, ByteView secret, std::uint64_t sequence);
  TlsTraffic(const TlsTraffic&) = delete;
  TlsTraffic& operator=(const TlsTraffic&) = delete;
  ~TlsTraffic();

  // Encrypts the next record's content in place. Its sequence number is used up, whatever becomes of the record.
  void encrypt(ByteView header, std::span<std::uint8_t> content, std::span<std::uint8_t, kTlsTagBytes> tag);
  // Decrypts the next record's content in place. False: it is not what the peer encrypted; the connection must end.
  [[nodiscard]] bool decrypt(ByteView header, std::span<std::uint8_t> content,
                             std::span<const std::uint8_t, kTlsTagBytes> tag);
  // Goes on to the next secret, with sequence numbers from 0.
  void update();
  // Under the present secret.
  [[nodiscard]] std::uint64_t records() const { return sequence_; }

 private:
  [[nodiscard]] ByteView key() const { return ByteView(key_).first(tls_key_bytes(suite_)); }
  [[nodiscard]] ByteView secret() const { return ByteView(secret_).first(tls_secret_bytes(suite_)); }
  std::array<std::uint8_t, kTlsNonceBytes> next_nonce();
  void derive();

  std::uint64_t sequence_;
  std::array<std::uint8_t, kTlsSecretMaxBytes> secret_{};
  std::array<std::uint8_t, kTlsKeyMaxBytes> key_{};
  std::array<std::uint8_t, kTlsNonceBytes> iv_{};
  TlsSuite suite_;
};

}  // namespace herald::transport
