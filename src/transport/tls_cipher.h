#pragma once
// Encryption and key derivation of TLS 1.3 (RFC 8446 §5.2, §7.1), by OpenSSL's primitives. Any thread; each keeps the
// last key it used until the next call. Private to transport.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/encoding.h"

namespace herald::transport {

enum class TlsSuite : std::uint8_t { kAes128GcmSha256, kAes256GcmSha384, kChaCha20Poly1305Sha256 };

inline constexpr std::size_t kTlsTagBytes = 16;
inline constexpr std::size_t kTlsNonceBytes = 12;
inline constexpr std::size_t kTlsKeyMaxBytes = 32;
inline constexpr std::size_t kTlsSecretMaxBytes = 48;

// By its number (RFC 8446 §B.4). nullopt: another one, or OpenSSL here does not have it.
[[nodiscard]] std::optional<TlsSuite> find_tls_suite(std::uint16_t number);
[[nodiscard]] std::size_t tls_key_bytes(TlsSuite suite);
// Also the size of its hash.
[[nodiscard]] std::size_t tls_secret_bytes(TlsSuite suite);

// Fills `out`, at most one hash, with HKDF-Expand-Label(secret, label, "", size of out); `label` without "tls13 ".
void tls_expand_label(TlsSuite suite, ByteView secret, std::string_view label, std::span<std::uint8_t> out);

// Encrypts `bytes` in place. A nonce must never serve twice under one key.
void tls_encrypt(TlsSuite suite, ByteView key, ByteView nonce, ByteView associated, std::span<std::uint8_t> bytes,
                 std::span<std::uint8_t, kTlsTagBytes> tag);
// Decrypts `bytes` in place. False: another key, nonce, associated data or tag, or a changed bit; `bytes` are lost.
[[nodiscard]] bool tls_decrypt(TlsSuite suite, ByteView key, ByteView nonce, ByteView associated,
                               std::span<std::uint8_t> bytes, std::span<const std::uint8_t, kTlsTagBytes> tag);

}  // namespace herald::transport
