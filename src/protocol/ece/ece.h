#pragma once
// Encrypted Content-Encoding for Web Push (RFC 8188, RFC 8291, and the older aesgcm): for `herald send`, `herald listen
// --webpush` and tests. The server itself never decrypts.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/crypto_p256.h"
#include "base/encoding.h"
#include "base/result.h"

namespace herald::protocol::ece {

using Bytes = std::vector<std::uint8_t>;
using Salt = std::array<std::uint8_t, 16>;

// The most plaintext in a body of 4,096 bytes.
inline constexpr std::size_t kPlaintextMaxBytes = 3'993;

// What a subscription tells a sender: `keys.p256dh` and `keys.auth`.
struct ReceiverKeys {
  Bytes public_key;  // 65 bytes
  Bytes auth;        // 16 bytes
};

// RFC 8291. `padding`: zeros that hide the length. `sender` and `salt` are fresh for each message. kInvalid: the
// receiver's keys are none; kTooLarge: text and padding pass kPlaintextMaxBytes.
[[nodiscard]] Result<Bytes> encrypt_aes128gcm(ByteView plaintext, const ReceiverKeys& receiver,
                                              const P256PrivateKey& sender, const Salt& salt, std::size_t padding = 0);
// kInvalid: not one record of this form; kUnauthorized: it does not decrypt.
[[nodiscard]] Result<Bytes> decrypt_aes128gcm(ByteView body, const P256PrivateKey& receiver, ByteView auth);

// RFC 8188 itself, with any number of records; `key` is the input keying material.
[[nodiscard]] Result<Bytes> decrypt_rfc8188(ByteView body, ByteView key);

// draft-ietf-webpush-encryption-04: salt and sender key travel in headers.
struct AesGcmBody {
  Bytes body;
  std::string encryption;  // "salt=…"
  std::string crypto_key;  // "dh=…"
};
[[nodiscard]] Result<AesGcmBody> encrypt_aesgcm(ByteView plaintext, const ReceiverKeys& receiver,
                                                const P256PrivateKey& sender, const Salt& salt);
[[nodiscard]] Result<Bytes> decrypt_aesgcm(ByteView body, ByteView salt, ByteView sender_key,
                                           const P256PrivateKey& receiver, ByteView auth);

}  // namespace herald::protocol::ece
