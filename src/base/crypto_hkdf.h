#pragma once
// HKDF with SHA-256 (RFC 5869). Thread-safe.

#include <cstdint>
#include <vector>

#include "base/crypto.h"

namespace herald {

// RFC 5869 §2.2.
[[nodiscard]] Sha256Digest hkdf_extract(ByteView salt, ByteView key_material);
// RFC 5869 §2.3; `size` is at most 255 * 32.
[[nodiscard]] std::vector<std::uint8_t> hkdf_expand(ByteView pseudorandom_key, ByteView info, std::size_t size);

}  // namespace herald
