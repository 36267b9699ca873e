#include "transport/websocket_handshake.h"

#include <openssl/evp.h>

#include <array>
#include <cstdint>

#include "base/check.h"
#include "base/encoding.h"

namespace herald::transport {
namespace {

constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455 §1.3
constexpr std::size_t kNonceBytes = 16;
constexpr std::size_t kKeyChars = 24;
constexpr std::size_t kSha1Bytes = 20;

}  // namespace

std::string websocket_accept_key(std::string_view key) {
  std::string text(key);
  text.append(kGuid);
  std::array<std::uint8_t, kSha1Bytes> digest{};
  unsigned length = 0;
  const int done = EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha1(), nullptr);
  HERALD_CHECK(done == 1 && length == digest.size(), "SHA-1 is not available");
  return to_base64(digest);
}

std::string make_websocket_key(RandomSource& random) {
  std::array<std::uint8_t, kNonceBytes> nonce{};
  random.fill(nonce);
  return to_base64(nonce);
}

bool is_valid_websocket_key(std::string_view key) {
  if (key.size() != kKeyChars) return false;
  const auto nonce = from_base64(key);
  return nonce && nonce->size() == kNonceBytes;
}

}  // namespace herald::transport
