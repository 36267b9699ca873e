#include "protocol/subscription/sealed_token.h"

#include <algorithm>

#include "base/check.h"
#include "base/crypto_aead.h"
#include "base/encoding.h"

namespace herald::protocol::subscription {

namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kKeyLeast = 32;
constexpr std::size_t kHeadSize = 2;
constexpr std::size_t kOverhead = kHeadSize + kAesGcmNonceSize + kAesGcmTagSize;
constexpr std::size_t kTextMost = 512;

Sha256Digest derive(ByteView key, std::string_view purpose, std::string_view use) {
  std::string label = "herald token ";
  label.append(purpose).push_back('\0');
  label.append(use);
  return hmac_sha256(key, as_bytes(label));
}

std::unexpected<Error> refused() {
  return fail(ErrorKind::kUnauthorized, "not a token of this server");
}

}  // namespace

SealedTokens::SealedTokens(const TokenKeys& keys, std::string_view purpose) {
  HERALD_CHECK(!keys.empty(), "tokens need a key");
  for (const auto& key : keys) {
    HERALD_CHECK(key.size() >= kKeyLeast, "a token key is too short");
    // The number names the key, not its place, so that it stays when keys are added before it.
    keys_.push_back(
        {derive(key, purpose, "number")[0], derive(key, purpose, "encryption"), derive(key, purpose, "nonce")});
  }
}

std::string SealedTokens::seal(std::string_view content) const {
  const Key& key = keys_.front();
  std::vector<std::uint8_t> token{kVersion, key.number};
  const Sha256Digest mac = hmac_sha256(key.nonce, as_bytes(content));
  const ByteView nonce = ByteView(mac).first(kAesGcmNonceSize);
  const auto sealed = aes_gcm_seal(key.encryption, nonce, ByteView(token).first(kHeadSize), as_bytes(content));
  token.insert(token.end(), nonce.begin(), nonce.end());
  token.insert(token.end(), sealed.begin(), sealed.end());
  std::string text = to_base64url(token);
  HERALD_CHECK(text.size() <= kTextMost, "a token's content is too long");
  return text;
}

Result<std::string> SealedTokens::open(std::string_view token) const {
  // Without padding, base64url has one text for given bytes.
  if (token.size() > kTextMost || token.ends_with('=')) return refused();
  const auto raw = from_base64url(token);
  if (!raw || raw->size() < kOverhead || raw->front() != kVersion) return refused();
  const ByteView bytes(*raw);
  for (const Key& key : keys_) {
    if (key.number != bytes[1]) continue;
    const auto opened = aes_gcm_open(key.encryption, bytes.subspan(kHeadSize, kAesGcmNonceSize), bytes.first(kHeadSize),
                                     bytes.subspan(kHeadSize + kAesGcmNonceSize));
    if (opened) return std::string(as_text(*opened));
  }
  return refused();
}

}  // namespace herald::protocol::subscription
