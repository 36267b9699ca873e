#include "transport/tls_session.h"

#include <openssl/crypto.h>

#include <algorithm>

#include "base/check.h"
#include "base/encoding.h"

namespace herald::transport {
namespace {

// A KeyUpdate: its type, a length of three bytes, and whether the sender wants one in return (RFC 8446 §4.6.3).
constexpr std::array<std::uint8_t, 5> kKeyUpdate{24, 0, 0, 1, 0};
constexpr std::size_t kMessageHeaderBytes = 4;
constexpr std::uint8_t kUpdateRequested = 1;
constexpr std::uint8_t kAlertWarning = 1;
constexpr std::uint8_t kAlertFatal = 2;

TlsEnd violation(TlsAlert alert) {
  return {.in_order = false, .alert = alert};
}

}  // namespace

TlsSecrets::~TlsSecrets() {
  OPENSSL_cleanse(read.data(), read.size());
  OPENSSL_cleanse(write.data(), write.size());
}

TlsSession::TlsSession(const TlsSecrets& secrets, std::uint32_t records_per_key)
    : read_(secrets.suite, ByteView(secrets.read).first(tls_secret_bytes(secrets.suite)), 0),
      write_(secrets.suite, ByteView(secrets.write).first(tls_secret_bytes(secrets.suite)), secrets.written),
      records_per_key_(records_per_key) {}

std::expected<std::span<std::uint8_t>, TlsEnd> TlsSession::receive(std::span<std::uint8_t> record) {
  const auto content = open_tls_record(read_, record);
  if (!content) return std::unexpected(violation(content.error()));
  Verdict verdict;
  if (content->type == TlsContentType::kHandshake) {
    verdict = take_handshake(content->bytes);
  } else if (message_bytes_ != 0) {
    // Nothing may come between the pieces of a message (§5.1).
    verdict = violation(TlsAlert::kUnexpectedMessage);
  } else if (content->type == TlsContentType::kAlert) {
    verdict = take_alert(content->bytes);
  } else {
    verdict = take_data(content->bytes);
    if (!verdict) return content->bytes;
  }
  if (verdict) return std::unexpected(*verdict);
  return std::span<std::uint8_t>();
}

// One alert, whole, in a record of its own (§5.1). Its level means nothing (§6).
TlsSession::Verdict TlsSession::take_alert(std::span<const std::uint8_t> content) {
  if (content.empty()) return violation(TlsAlert::kUnexpectedMessage);
  if (content.size() != 2) return violation(TlsAlert::kDecodeError);
  const auto alert = static_cast<TlsAlert>(content[1]);
  // Something else follows it.
  if (alert == TlsAlert::kUserCanceled) {
    if (++warnings_in_row_ > kTlsWarningsInRowMax) return violation(TlsAlert::kUnexpectedMessage);
    return {};
  }
  return TlsEnd{.in_order = alert == TlsAlert::kCloseNotify, .alert = std::nullopt};
}

// Each record costs a decryption, also one that says nothing.
TlsSession::Verdict TlsSession::take_data(std::span<const std::uint8_t> content) {
  if (content.empty()) {
    if (++empty_in_row_ > kTlsEmptyRecordsInRowMax) return violation(TlsAlert::kUnexpectedMessage);
    return {};
  }
  key_updates_in_row_ = empty_in_row_ = warnings_in_row_ = 0;
  return {};
}

// All that a client may still say is KeyUpdate, with which its record must end (§5.1). It may come in pieces.
TlsSession::Verdict TlsSession::take_handshake(std::span<const std::uint8_t> content) {
  if (content.empty()) return violation(TlsAlert::kUnexpectedMessage);
  const std::size_t taken = std::min(content.size(), message_.size() - message_bytes_);
  std::ranges::copy(content.first(taken), message_.begin() + message_bytes_);
  message_bytes_ += static_cast<std::uint8_t>(taken);
  if (message_[0] != kKeyUpdate[0]) return violation(TlsAlert::kUnexpectedMessage);
  if (message_bytes_ < kMessageHeaderBytes) return {};
  if (!std::ranges::equal(std::span(message_).first<kMessageHeaderBytes>(),
                          std::span(kKeyUpdate).first<kMessageHeaderBytes>())) {
    return violation(TlsAlert::kDecodeError);
  }
  if (message_bytes_ < message_.size()) return {};
  if (taken != content.size()) return violation(TlsAlert::kUnexpectedMessage);
  message_bytes_ = 0;
  return take_key_update(message_.back());
}

TlsSession::Verdict TlsSession::take_key_update(std::uint8_t request) {
  if (request > kUpdateRequested) return violation(TlsAlert::kIllegalParameter);
  if (++key_updates_in_row_ > kTlsKeyUpdatesInRowMax) return violation(TlsAlert::kUnexpectedMessage);
  read_.update();
  // Owed before the next application data, and one for all that asked meanwhile (§4.6.3).
  if (request == kUpdateRequested) key_update_owed_ = true;
  return {};
}

std::size_t TlsSession::seal(std::string_view first, std::string_view second, std::span<std::uint8_t> out) {
  HERALD_CHECK(!closed_, "application data after an alert");
  std::size_t made = 0;
  if (key_update_owed_ || write_.records() >= records_per_key_) made = seal_key_update(out);
  return made + seal_tls_record(write_, TlsContentType::kApplicationData, first, second, out.subspan(made));
}

std::size_t TlsSession::seal_key_update(std::span<std::uint8_t> out) {
  key_update_owed_ = false;
  const std::size_t made = seal_tls_record(write_, TlsContentType::kHandshake, as_text(kKeyUpdate), {}, out);
  write_.update();
  return made;
}

std::size_t TlsSession::seal_alert(TlsAlert alert, std::span<std::uint8_t> out) {
  if (closed_) return 0;
  closed_ = true;
  const std::array<std::uint8_t, 2> content{alert == TlsAlert::kCloseNotify ? kAlertWarning : kAlertFatal,
                                            static_cast<std::uint8_t>(alert)};
  return seal_tls_record(write_, TlsContentType::kAlert, as_text(content), {}, out);
}

}  // namespace herald::transport
