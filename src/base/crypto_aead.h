#pragma once
// Authenticated encryption with AES-GCM (NIST SP 800-38D). All functions are thread-safe.

#include <cstdint>
#include <vector>

#include "base/encoding.h"
#include "base/result.h"

namespace herald {

inline constexpr std::size_t kAesGcmNonceSize = 12;
inline constexpr std::size_t kAesGcmTagSize = 16;

// The ciphertext, then the tag. `key` has 16 or 32 bytes, `nonce` 12; a nonce must never serve two texts under one key.
[[nodiscard]] std::vector<std::uint8_t> aes_gcm_seal(ByteView key, ByteView nonce, ByteView associated, ByteView text);

// The text again. kUnauthorized: another key or nonce, other associated data, or a single bit was changed.
[[nodiscard]] Result<std::vector<std::uint8_t>> aes_gcm_open(ByteView key, ByteView nonce, ByteView associated,
                                                             ByteView sealed);

}  // namespace herald
