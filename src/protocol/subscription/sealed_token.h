#pragma once
// Tokens that carry their content: opaque, unlinkable, and read without a table. base64url of version (1 byte), key
// number (1), nonce (12), AES-256-GCM ciphertext and tag (16). The nonce is an HMAC of the content, so equal contents
// make equal tokens and a repeated registration gets the same URL; distinct ones look unrelated. Key rotation: the
// first key seals, all keys open.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/crypto.h"
#include "base/result.h"

namespace herald::protocol::subscription {

using TokenKeys = std::vector<std::vector<std::uint8_t>>;

// Immutable; share it between threads.
class SealedTokens {
 public:
  // `purpose` keeps kinds of tokens apart: one kind's token never opens as another's. At least one key, each of at
  // least 32 bytes.
  SealedTokens(const TokenKeys& keys, std::string_view purpose);

  [[nodiscard]] std::string seal(std::string_view content) const;
  // kUnauthorized: not a token of this kind and installation (forged, truncated, another spelling, too long).
  [[nodiscard]] Result<std::string> open(std::string_view token) const;

 private:
  struct Key {
    std::uint8_t number;
    Sha256Digest encryption;
    Sha256Digest nonce;
  };
  std::vector<Key> keys_;
};

}  // namespace herald::protocol::subscription
