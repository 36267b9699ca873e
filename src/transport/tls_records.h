#pragma once
// Protected records of TLS 1.3 (RFC 8446 §5): bytes to records and back. Private to transport.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string_view>

#include "base/encoding.h"
#include "transport/tls_traffic.h"

namespace herald::transport {

enum class TlsContentType : std::uint8_t { kAlert = 21, kHandshake = 22, kApplicationData = 23 };

// RFC 8446 §6.
enum class TlsAlert : std::uint8_t {
  kCloseNotify = 0,
  kUnexpectedMessage = 10,
  kBadRecordMac = 20,
  kRecordOverflow = 22,
  kIllegalParameter = 47,
  kDecodeError = 50,
  kUserCanceled = 90,
};

inline constexpr std::size_t kTlsHeaderBytes = 5;
// Of content in a record.
inline constexpr std::size_t kTlsContentMaxBytes = 16 * 1024;
// What a record has besides its content: the header, the content's type and the tag.
inline constexpr std::size_t kTlsRecordExtraBytes = kTlsHeaderBytes + 1 + kTlsTagBytes;
// A record as a peer may send it, padded: its header says 2^14 + 256 at most (§5.2).
inline constexpr std::size_t kTlsRecordMaxBytes = kTlsHeaderBytes + kTlsContentMaxBytes + 256;

// The size of the record, header included, that begins with `header`. kUnexpectedMessage: no protected record;
// kRecordOverflow: longer than kTlsRecordMaxBytes.
[[nodiscard]] std::expected<std::size_t, TlsAlert> tls_record_bytes(
    std::span<const std::uint8_t, kTlsHeaderBytes> header);

// Makes a record, without padding, of `first` and then `second`, at most kTlsContentMaxBytes together, at the front of
// `out`, which must hold it; its size.
[[nodiscard]] std::size_t seal_tls_record(TlsTraffic& keys, TlsContentType type, std::string_view first,
                                          std::string_view second, std::span<std::uint8_t> out);

struct TlsContent {
  TlsContentType type = TlsContentType::kApplicationData;
  std::span<std::uint8_t> bytes;  // inside the record
};

// Decrypts a whole record, as tls_record_bytes() measures it, in place. kBadRecordMac: not sealed by the peer with
// these keys as the next record; kRecordOverflow: more than kTlsContentMaxBytes, padding included; kUnexpectedMessage:
// no content type, or one that may not come.
[[nodiscard]] std::expected<TlsContent, TlsAlert> open_tls_record(TlsTraffic& keys, std::span<std::uint8_t> record);

}  // namespace herald::transport
