#include "protocol/user_agent/flow2012/ua_token.h"

#include <algorithm>

#include "base/check.h"
#include "base/crypto.h"
#include "base/encoding.h"

namespace herald::protocol::flow2012 {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kIdSize = 16;
constexpr std::size_t kSignedSize = 1 + kIdSize + 1;
constexpr std::size_t kMacSize = 16;
constexpr std::size_t kTokenSize = kSignedSize + kMacSize;
constexpr std::size_t kTextSize = (kTokenSize * 8 + 5) / 6;
constexpr std::size_t kKeyLeast = 32;

std::uint8_t number_of(ByteView key) {
  return sha256(key)[0];
}

std::string make_token(ByteView key, std::uint8_t key_number, const UserAgentId& user_agent) {
  std::array<std::uint8_t, kTokenSize> token{};
  token[0] = kVersion;
  std::ranges::copy(user_agent.bytes, token.begin() + 1);
  token[1 + kIdSize] = key_number;
  const Sha256Digest mac = hmac_sha256(key, ByteView(token).first(kSignedSize));
  std::copy_n(mac.begin(), kMacSize, token.begin() + kSignedSize);
  return to_base64url(token);
}

std::unexpected<Error> refused() {
  return fail(ErrorKind::kUnauthorized, "not a UA token of this server");
}

}  // namespace

UaTokens::UaTokens(std::vector<std::vector<std::uint8_t>> keys) : keys_(std::move(keys)) {
  HERALD_CHECK(!keys_.empty(), "UA tokens need a key");
  for (const auto& key : keys_) {
    HERALD_CHECK(key.size() >= kKeyLeast, "a UA token key is too short");
    numbers_.push_back(number_of(key));
  }
}

std::string UaTokens::issue(RandomSource& random) const {
  UserAgentId user_agent;
  random.fill(user_agent.bytes);
  return token_of(user_agent);
}

std::string UaTokens::token_of(const UserAgentId& user_agent) const {
  return make_token(keys_.front(), numbers_.front(), user_agent);
}

Result<UserAgentId> UaTokens::verify(std::string_view token) const {
  if (token.size() != kTextSize) return refused();
  const auto decoded = from_base64url(token);
  if (!decoded || decoded->size() != kTokenSize) return refused();
  const auto user_agent = UserAgentId::from_bytes(ByteView(*decoded).subspan(1, kIdSize));
  if (!user_agent) return refused();
  // The text is compared, not the bytes: base64url has several texts for the same bytes, and only one is a token.
  const std::uint8_t number = (*decoded)[1 + kIdSize];
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (numbers_[i] != number) continue;
    if (constant_time_equal(as_bytes(token), as_bytes(make_token(keys_[i], number, *user_agent)))) return *user_agent;
  }
  return refused();
}

}  // namespace herald::protocol::flow2012
