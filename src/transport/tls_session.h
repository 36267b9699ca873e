#pragma once
// A TLS 1.3 connection after its handshake (RFC 8446 §4.6, §5, §6), without a socket: what a peer's record means, and
// the records for a peer. Only what a server can meet. Private to transport.

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string_view>

#include "transport/tls_records.h"

namespace herald::transport {

// What a handshake leaves behind. Forgets the secrets at the end.
struct TlsSecrets {
  TlsSecrets() = default;
  TlsSecrets(const TlsSecrets&) = delete;
  TlsSecrets& operator=(const TlsSecrets&) = delete;
  ~TlsSecrets();

  TlsSuite suite = TlsSuite::kAes128GcmSha256;
  // Application traffic secrets; so many bytes of them as tls_secret_bytes() says.
  std::array<std::uint8_t, kTlsSecretMaxBytes> read{};
  std::array<std::uint8_t, kTlsSecretMaxBytes> write{};
  std::uint64_t written = 0;  // records that were sealed already
};

// Of AES-GCM, §5.5 allows 2^24.5 records under one key; the keys change long before.
inline constexpr std::uint32_t kTlsRecordsPerKey = 1U << 22;
// KeyUpdates that may come with no application data between them.
inline constexpr std::uint8_t kTlsKeyUpdatesInRowMax = 32;
// Records with no content, and alerts that change nothing, that may come with no application data between them; as many
// as OpenSSL takes.
inline constexpr std::uint8_t kTlsEmptyRecordsInRowMax = 32;
inline constexpr std::uint8_t kTlsWarningsInRowMax = 4;
// What seal() may add: a KeyUpdate before the content's record.
inline constexpr std::size_t kTlsSealedMaxBytes = kTlsContentMaxBytes + kTlsRecordExtraBytes + 5 + kTlsRecordExtraBytes;

// Why nothing more can be read.
struct TlsEnd {
  bool in_order = false;          // close_notify
  std::optional<TlsAlert> alert;  // to be sent
};

// Neither copied nor moved, as TlsTraffic.
class TlsSession {
 public:
  explicit TlsSession(const TlsSecrets& secrets, std::uint32_t records_per_key = kTlsRecordsPerKey);

  // Takes a whole record, as tls_record_bytes() measures it, which it decrypts in place. The application's bytes in it;
  // none if it was about something else. After an end it must not be called again.
  [[nodiscard]] std::expected<std::span<std::uint8_t>, TlsEnd> receive(std::span<std::uint8_t> record);

  // Seals `first` and then `second`, at most kTlsContentMaxBytes together, at the front of `out`, which holds
  // kTlsSealedMaxBytes; how many bytes it made. They must reach the peer, all of them, in the order of the calls.
  [[nodiscard]] std::size_t seal(std::string_view first, std::string_view second, std::span<std::uint8_t> out);
  // The same for an alert, after which nothing can be sealed: 0 then.
  [[nodiscard]] std::size_t seal_alert(TlsAlert alert, std::span<std::uint8_t> out);
  // An alert has been sealed.
  [[nodiscard]] bool closed() const { return closed_; }

 private:
  // Nothing: goes on.
  using Verdict = std::optional<TlsEnd>;

  [[nodiscard]] Verdict take_alert(std::span<const std::uint8_t> content);
  [[nodiscard]] Verdict take_data(std::span<const std::uint8_t> content);
  [[nodiscard]] Verdict take_handshake(std::span<const std::uint8_t> content);
  [[nodiscard]] Verdict take_key_update(std::uint8_t request);
  std::size_t seal_key_update(std::span<std::uint8_t> out);

  TlsTraffic read_;
  TlsTraffic write_;
  std::uint32_t records_per_key_;
  std::array<std::uint8_t, 5> message_{};  // a KeyUpdate that is not whole yet
  std::uint8_t message_bytes_ = 0;
  std::uint8_t key_updates_in_row_ = 0;
  std::uint8_t empty_in_row_ = 0;
  std::uint8_t warnings_in_row_ = 0;
  bool key_update_owed_ = false;  // the peer asked for ours
  bool closed_ = false;
};

}  // namespace herald::transport
