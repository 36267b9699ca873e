#include "transport/tls_records.h"

#include <algorithm>
#include <array>

#include "base/check.h"

namespace herald::transport {
namespace {

// Every protected record calls itself application data of TLS 1.2 (RFC 8446 §5.2).
constexpr std::uint8_t kOuterType = static_cast<std::uint8_t>(TlsContentType::kApplicationData);
constexpr std::array<std::uint8_t, 2> kOuterVersion{3, 3};

std::size_t length_field(std::span<const std::uint8_t, kTlsHeaderBytes> header) {
  return (std::size_t{header[3]} << 8) | header[4];
}

bool may_come(std::uint8_t type) {
  return type == static_cast<std::uint8_t>(TlsContentType::kAlert) ||
         type == static_cast<std::uint8_t>(TlsContentType::kHandshake) ||
         type == static_cast<std::uint8_t>(TlsContentType::kApplicationData);
}

}  // namespace

std::expected<std::size_t, TlsAlert> tls_record_bytes(std::span<const std::uint8_t, kTlsHeaderBytes> header) {
  // The version means nothing (§5.1).
  if (header[0] != kOuterType) return std::unexpected(TlsAlert::kUnexpectedMessage);
  const std::size_t bytes = kTlsHeaderBytes + length_field(header);
  if (bytes > kTlsRecordMaxBytes) return std::unexpected(TlsAlert::kRecordOverflow);
  return bytes;
}

std::size_t seal_tls_record(TlsTraffic& keys, TlsContentType type, std::string_view first, std::string_view second,
                            std::span<std::uint8_t> out) {
  const std::size_t content = first.size() + second.size();
  const std::size_t record = content + kTlsRecordExtraBytes;
  HERALD_CHECK(content <= kTlsContentMaxBytes && record <= out.size(), "too much for a TLS record");
  const std::size_t length = record - kTlsHeaderBytes;
  out[0] = kOuterType;
  out[1] = kOuterVersion[0];
  out[2] = kOuterVersion[1];
  out[3] = static_cast<std::uint8_t>(length >> 8);
  out[4] = static_cast<std::uint8_t>(length);
  const auto inner = out.subspan(kTlsHeaderBytes, content + 1);
  std::ranges::copy(second, std::ranges::copy(first, inner.begin()).out);
  inner.back() = static_cast<std::uint8_t>(type);
  keys.encrypt(out.first<kTlsHeaderBytes>(), inner, out.subspan(kTlsHeaderBytes + inner.size()).first<kTlsTagBytes>());
  return record;
}

std::expected<TlsContent, TlsAlert> open_tls_record(TlsTraffic& keys, std::span<std::uint8_t> record) {
  HERALD_CHECK(record.size() >= kTlsHeaderBytes && record.size() <= kTlsRecordMaxBytes &&
                   record.size() == kTlsHeaderBytes + length_field(record.first<kTlsHeaderBytes>()),
               "not one whole record");
  if (record.size() < kTlsHeaderBytes + kTlsTagBytes) return std::unexpected(TlsAlert::kBadRecordMac);
  auto inner = record.subspan(kTlsHeaderBytes, record.size() - kTlsHeaderBytes - kTlsTagBytes);
  if (!keys.decrypt(record.first<kTlsHeaderBytes>(), inner, record.last<kTlsTagBytes>())) {
    return std::unexpected(TlsAlert::kBadRecordMac);
  }
  // The content's type and the padding count (§5.4).
  if (inner.size() > kTlsContentMaxBytes + 1) return std::unexpected(TlsAlert::kRecordOverflow);
  while (!inner.empty() && inner.back() == 0) inner = inner.first(inner.size() - 1);
  if (inner.empty() || !may_come(inner.back())) return std::unexpected(TlsAlert::kUnexpectedMessage);
  return TlsContent{static_cast<TlsContentType>(inner.back()), inner.first(inner.size() - 1)};
}

}  // namespace herald::transport
