#include "transport/tls_stream.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/check.h"

namespace herald::transport {
namespace {

bool would_block() {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

ssize_t send_bytes(int fd, std::span<const std::uint8_t> bytes) {
  return ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

// The size of the record that begins with `bytes`, as far as they tell.
std::size_t least_record_bytes(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < kTlsHeaderBytes) return kTlsHeaderBytes;
  return tls_record_bytes(bytes.first<kTlsHeaderBytes>()).value_or(kTlsHeaderBytes);
}

}  // namespace

StreamResult TlsStream::read_some(std::span<std::uint8_t> into) {
  if (readable_ != StreamStatus::kOk) return {readable_, 0};
  HERALD_CHECK(into.size() >= kTlsRecordMaxBytes, "no room for a TLS record");
  const std::size_t kept = under_way_ ? under_way_->unread.size() : 0;
  const auto got = recv(fd_, into.data() + kept, into.size() - kept, 0);
  if (got < 0) return {would_block() ? StreamStatus::kWantRead : StreamStatus::kFailed, 0};
  // An end inside a record is none that the peer chose.
  if (got == 0) return {kept == 0 ? StreamStatus::kEnded : StreamStatus::kFailed, 0};
  const auto fresh = static_cast<std::size_t>(got);
  if (kept == 0) return open_records(into.first(fresh));
  if (!whole_with(fresh)) {
    keep_unread(into.subspan(kept, fresh));
    return {StreamStatus::kWantRead, 0};
  }
  std::ranges::copy(under_way_->unread, into.begin());
  under_way_->unread = {};
  drop_if_done();
  return open_records(into.first(kept + fresh));
}

// Opens all whole records of `bytes`, to whose front their contents go, and keeps what is left.
StreamResult TlsStream::open_records(std::span<std::uint8_t> bytes) {
  std::size_t read = 0;
  auto rest = bytes;
  while (rest.size() >= kTlsHeaderBytes && readable_ == StreamStatus::kOk) {
    const auto record = tls_record_bytes(rest.first<kTlsHeaderBytes>());
    if (record && *record > rest.size()) break;
    const auto content = record ? session_.receive(rest.first(*record))
                                : std::unexpected(TlsEnd{.in_order = false, .alert = record.error()});
    if (!content) {
      readable_ = end(content.error());
      break;
    }
    std::copy(content->begin(), content->end(), bytes.begin() + static_cast<std::ptrdiff_t>(read));
    read += content->size();
    rest = rest.subspan(*record);
  }
  if (readable_ == StreamStatus::kOk) {
    keep_unread(rest);
    return {read != 0 ? StreamStatus::kOk : StreamStatus::kWantRead, read};
  }
  if (read == 0) return {readable_, 0};
  // The end was in the same bytes. From now on the kernel says that there is something to read, as after a FIN.
  shutdown(fd_, SHUT_RD);
  return {StreamStatus::kOk, read};
}

StreamStatus TlsStream::end(const TlsEnd& why) {
  if (why.alert) send_alert(*why.alert);
  return why.in_order ? StreamStatus::kEnded : StreamStatus::kFailed;
}

// Whether the record that is kept in part can be looked at with so many bytes more.
bool TlsStream::whole_with(std::size_t more) const {
  return under_way_->unread.size() + more >= least_record_bytes(under_way_->unread);
}

void TlsStream::keep_unread(std::span<const std::uint8_t> bytes) {
  if (bytes.empty()) return;
  auto& unread = under_way().unread;
  const std::size_t needed = unread.size() + bytes.size();
  // Doubles, but never takes more than the record: it is the peer's choice how long a part stays here.
  if (needed > unread.capacity()) {
    unread.reserve(std::max(needed, std::min(2 * unread.capacity(), least_record_bytes(unread))));
  }
  unread.insert(unread.end(), bytes.begin(), bytes.end());
}

StreamResult TlsStream::write_some(std::string_view first, std::string_view second) {
  if (!broken_ && under_way_ && !under_way_->unsent.empty()) {
    HERALD_CHECK(under_way_->covered <= first.size() + second.size(), "bytes of a record were taken back");
    return send_kept();
  }
  if (broken_ || session_.closed()) return {StreamStatus::kFailed, 0};
  if (first.empty() && second.empty()) return {};
  first = first.substr(0, kTlsContentMaxBytes);
  second = second.substr(0, kTlsContentMaxBytes - first.size());
  std::array<std::uint8_t, kTlsSealedMaxBytes> records;
  const auto sealed = std::span(records).first(session_.seal(first, second, records));
  const auto sent = send_bytes(fd_, sealed);
  const std::size_t taken = first.size() + second.size();
  if (sent == static_cast<ssize_t>(sealed.size())) return {StreamStatus::kOk, taken};
  if (sent < 0 && !would_block()) return broken();
  keep_unsent(sealed.subspan(static_cast<std::size_t>(std::max<ssize_t>(sent, 0))), taken);
  return {StreamStatus::kWantWrite, 0};
}

void TlsStream::keep_unsent(std::span<const std::uint8_t> bytes, std::size_t covered) {
  auto& kept = under_way();
  kept.unsent.assign(bytes.begin(), bytes.end());
  kept.sent = 0;
  kept.covered = covered;
}

StreamResult TlsStream::send_kept() {
  auto& kept = *under_way_;
  const auto sent = send_bytes(fd_, std::span(kept.unsent).subspan(kept.sent));
  if (sent < 0 && !would_block()) return broken();
  if (sent < 0) return {StreamStatus::kWantWrite, 0};
  kept.sent += static_cast<std::size_t>(sent);
  if (kept.sent < kept.unsent.size()) return {StreamStatus::kWantWrite, 0};
  const std::size_t covered = kept.covered;
  kept.unsent = {};
  drop_if_done();
  return {StreamStatus::kOk, covered};
}

// A record was lost, after which the peer could open no other.
StreamResult TlsStream::broken() {
  broken_ = true;
  return {StreamStatus::kFailed, 0};
}

// The last record: best effort, since nobody waits until the kernel takes it. It can't overtake one that is half sent.
void TlsStream::send_alert(TlsAlert alert) {
  std::array<std::uint8_t, 2 + kTlsRecordExtraBytes> record;
  const auto sealed = std::span(record).first(session_.seal_alert(alert, record));
  if (under_way_ && !under_way_->unsent.empty() && send_kept().status != StreamStatus::kOk) return;
  if (!sealed.empty() && !broken_) send_bytes(fd_, sealed);
}

TlsStream::UnderWay& TlsStream::under_way() {
  if (!under_way_) under_way_ = std::make_unique<UnderWay>();
  return *under_way_;
}

void TlsStream::drop_if_done() {
  if (under_way_ && under_way_->unread.empty() && under_way_->unsent.empty()) under_way_.reset();
}

}  // namespace herald::transport
