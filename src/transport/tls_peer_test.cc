#include "transport/tls_peer_test.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace herald::transport {

void fill_test_secrets(TlsSecrets& secrets, TlsSuite suite, std::uint64_t written) {
  secrets.suite = suite;
  secrets.written = written;
  for (std::size_t i = 0; i < tls_secret_bytes(suite); ++i) {
    secrets.read[i] = static_cast<std::uint8_t>(i + static_cast<std::size_t>(suite));
    secrets.write[i] = static_cast<std::uint8_t>(200 - i);
  }
}

TlsTestPeer::TlsTestPeer(const TlsSecrets& secrets)
    : write(secrets.suite, ByteView(secrets.read).first(tls_secret_bytes(secrets.suite)), 0),
      read(secrets.suite, ByteView(secrets.write).first(tls_secret_bytes(secrets.suite)), secrets.written) {}

std::string TlsTestPeer::seal(std::uint8_t type, std::string_view content, std::size_t padding) {
  const std::size_t inner = content.size() + 1 + padding;
  const std::size_t length = inner + kTlsTagBytes;
  std::vector<std::uint8_t> record{23, 3, 3, static_cast<std::uint8_t>(length >> 8), static_cast<std::uint8_t>(length)};
  record.insert(record.end(), content.begin(), content.end());
  record.push_back(type);
  record.resize(kTlsHeaderBytes + length);
  const std::span bytes(record);
  write.encrypt(bytes.first(kTlsHeaderBytes), bytes.subspan(kTlsHeaderBytes, inner), bytes.last<kTlsTagBytes>());
  return std::string(as_text(record));
}

std::string TlsTestPeer::key_update(bool requested) {
  std::string record = seal(22, requested ? kTestKeyUpdateRequest : kTestKeyUpdate);
  write.update();
  return record;
}

std::string TlsTestPeer::open(std::string_view record) {
  std::vector<std::uint8_t> bytes(record.begin(), record.end());
  const auto content = open_tls_record(read, bytes);
  EXPECT_TRUE(content.has_value());
  if (!content) return {};
  if (content->type == TlsContentType::kHandshake) read.update();
  return static_cast<char>(content->type) + std::string(as_text(content->bytes));
}

std::string TlsTestPeer::open_all(std::string_view bytes) {
  std::string out;
  while (bytes.size() >= kTlsHeaderBytes) {
    const auto size = tls_record_bytes(as_bytes(bytes).first<kTlsHeaderBytes>());
    EXPECT_TRUE(size.has_value() && *size <= bytes.size());
    if (!size || *size > bytes.size()) return out;
    out += open(bytes.substr(0, *size));
    bytes.remove_prefix(*size);
  }
  EXPECT_TRUE(bytes.empty());
  return out;
}

}  // namespace herald::transport
