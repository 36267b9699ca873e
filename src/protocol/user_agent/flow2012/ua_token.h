#pragma once
// UA tokens: opaque to devices, verified without a look-up. base64url of version (1 byte), user agent id (16), key
// number (1: the first byte of SHA-256(key), so that it stays when keys are added before it), and the first 16 bytes
// of HMAC-SHA256(key, all before). Key rotation: the first key signs, all keys verify.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "domain/ids.h"

namespace herald::protocol::flow2012 {

// Thread-safe after construction, except issue(), which uses the randomness given.
class UaTokens {
 public:
  // At least one key, each of at least 32 bytes.
  explicit UaTokens(std::vector<std::vector<std::uint8_t>> keys);

  [[nodiscard]] std::string issue(RandomSource& random) const;
  // The token of a given user agent, signed with the first key.
  [[nodiscard]] std::string token_of(const UserAgentId& user_agent) const;
  // kUnauthorized: not a token of this installation (forged, truncated, of another server, empty, too long).
  [[nodiscard]] Result<UserAgentId> verify(std::string_view token) const;

 private:
  std::vector<std::vector<std::uint8_t>> keys_;
  std::vector<std::uint8_t> numbers_;  // of the keys, in their order
};

}  // namespace herald::protocol::flow2012
