#include "transport/tls_traffic.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <limits>

#include "base/check.h"

namespace herald::transport {

TlsTraffic::TlsTraffic(TlsSuite suite, ByteView secret, std::uint64_t sequence) : sequence_(sequence), suite_(suite) {
  HERALD_CHECK(secret.size() == tls_secret_bytes(suite), "a secret of another suite");
  std::ranges::copy(secret, secret_.begin());
  derive();
}

TlsTraffic::~TlsTraffic() {
  OPENSSL_cleanse(secret_.data(), secret_.size());
  OPENSSL_cleanse(key_.data(), key_.size());
  OPENSSL_cleanse(iv_.data(), iv_.size());
}

void TlsTraffic::derive() {
  tls_expand_label(suite_, secret(), "key", std::span(key_).first(tls_key_bytes(suite_)));
  tls_expand_label(suite_, secret(), "iv", iv_);
}

std::array<std::uint8_t, kTlsNonceBytes> TlsTraffic::next_nonce() {
  HERALD_CHECK(sequence_ != std::numeric_limits<std::uint64_t>::max(), "sequence numbers must not wrap");
  std::uint64_t sequence = sequence_++;
  auto nonce = iv_;
  for (std::size_t i = nonce.size(); sequence != 0; sequence >>= 8) nonce[--i] ^= static_cast<std::uint8_t>(sequence);
  return nonce;
}

void TlsTraffic::encrypt(ByteView header, std::span<std::uint8_t> content, std::span<std::uint8_t, kTlsTagBytes> tag) {
  tls_encrypt(suite_, key(), next_nonce(), header, content, tag);
}

bool TlsTraffic::decrypt(ByteView header, std::span<std::uint8_t> content,
                         std::span<const std::uint8_t, kTlsTagBytes> tag) {
  return tls_decrypt(suite_, key(), next_nonce(), header, content, tag);
}

void TlsTraffic::update() {
  std::array<std::uint8_t, kTlsSecretMaxBytes> next{};
  tls_expand_label(suite_, secret(), "traffic upd", std::span(next).first(tls_secret_bytes(suite_)));
  secret_ = next;
  OPENSSL_cleanse(next.data(), next.size());
  sequence_ = 0;
  derive();
}

}  // namespace herald::transport
