#include "base/crypto_hkdf.h"

#include "base/check.h"

namespace herald {

Sha256Digest hkdf_extract(ByteView salt, ByteView key_material) {
  return hmac_sha256(salt, key_material);
}

std::vector<std::uint8_t> hkdf_expand(ByteView pseudorandom_key, ByteView info, std::size_t size) {
  HERALD_CHECK(size <= 255 * sizeof(Sha256Digest), "HKDF gives at most 255 blocks");
  std::vector<std::uint8_t> out;
  std::vector<std::uint8_t> block;
  for (std::uint8_t counter = 1; out.size() < size; ++counter) {
    block.insert(block.end(), info.begin(), info.end());
    block.push_back(counter);
    const Sha256Digest digest = hmac_sha256(pseudorandom_key, block);
    block.assign(digest.begin(), digest.end());
    out.insert(out.end(), block.begin(), block.end());
  }
  out.resize(size);
  return out;
}

}  // namespace herald
