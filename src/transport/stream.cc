#include "transport/stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "transport/tls_handover.h"
#include "transport/tls_stream.h"

namespace herald::transport {

namespace {

constexpr std::size_t kTlsRecordBytes = 16 * 1024;

SSL* ssl(void* tls) {
  return static_cast<SSL*>(tls);
}

StreamStatus socket_status(StreamStatus would_block) {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? would_block : StreamStatus::kFailed;
}

}  // namespace

Result<Stream> Stream::accept(int fd, const std::shared_ptr<void>& tls) {
  Stream out(fd);
  if (!tls) return out;
  out.tls_ = SSL_new(static_cast<SSL_CTX*>(tls.get()));
  if (out.tls_ == nullptr || SSL_set_fd(ssl(out.tls_), fd) != 1 || !prepare_tls_handover(*ssl(out.tls_))) {
    ERR_clear_error();
    return fail(ErrorKind::kInternal, "no memory for a TLS connection");
  }
  SSL_set_accept_state(ssl(out.tls_));
  return out;
}

Stream::Stream(int fd) : fd_(fd) {}

Stream::Stream(Stream&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      tls_(std::exchange(other.tls_, nullptr)),
      records_(std::move(other.records_)) {}

Stream::~Stream() {
  if (tls_ != nullptr) SSL_free(ssl(tls_));
  if (fd_ >= 0) close(fd_);
}

StreamStatus Stream::handshake() {
  if (tls_ == nullptr) return StreamStatus::kOk;
  const int done = SSL_do_handshake(ssl(tls_));
  if (done != 1) return tls_status(done);
  take_over();
  return StreamStatus::kOk;
}

void Stream::take_over() {
  const auto secrets = hand_over_tls(*ssl(tls_));
  if (!secrets) return;
  records_ = std::make_unique<TlsStream>(fd_, *secrets);
  SSL_free(ssl(std::exchange(tls_, nullptr)));
}

StreamResult Stream::read_some(std::span<std::uint8_t> into) {
  if (records_) return records_->read_some(into);
  if (tls_ != nullptr) {
    std::size_t got = 0;
    const int done = SSL_read_ex(ssl(tls_), into.data(), into.size(), &got);
    return done == 1 ? StreamResult{StreamStatus::kOk, got} : StreamResult{tls_status(done), 0};
  }
  const auto got = recv(fd_, into.data(), into.size(), 0);
  if (got > 0) return {StreamStatus::kOk, static_cast<std::size_t>(got)};
  return {got == 0 ? StreamStatus::kEnded : socket_status(StreamStatus::kWantRead), 0};
}

StreamResult Stream::peek(std::span<std::uint8_t> into) const {
  const auto got = recv(fd_, into.data(), into.size(), MSG_PEEK);
  if (got > 0) return {StreamStatus::kOk, static_cast<std::size_t>(got)};
  return {got == 0 ? StreamStatus::kEnded : socket_status(StreamStatus::kWantRead), 0};
}

void Stream::skip(std::size_t bytes) const {
  while (bytes != 0) {
    // MSG_TRUNC: TCP throws the bytes away instead of copying them (tcp(7)).
    const auto gone = recv(fd_, nullptr, bytes, MSG_TRUNC);
    if (gone <= 0) return;
    bytes -= static_cast<std::size_t>(gone);
  }
}

StreamResult Stream::write_some(std::string_view first, std::string_view second) {
  if (records_) return records_->write_some(first, second);
  if (tls_ == nullptr) return write_plain(first, second);
  if (second.empty() || first.size() >= kTlsRecordBytes) return write_tls(first.substr(0, kTlsRecordBytes));
  // One record instead of two.
  std::array<char, kTlsRecordBytes> record;
  const std::size_t rest = std::min(second.size(), record.size() - first.size());
  std::copy(first.begin(), first.end(), record.begin());
  std::copy_n(second.begin(), rest, record.begin() + static_cast<std::ptrdiff_t>(first.size()));
  return write_tls({record.data(), first.size() + rest});
}

void Stream::finish() {
  if (records_) records_->finish();
  if (tls_ != nullptr && SSL_is_init_finished(ssl(tls_))) {
    SSL_shutdown(ssl(tls_));
    ERR_clear_error();
  }
  shutdown(fd_, SHUT_WR);
}

StreamStatus Stream::tls_status(int returned) const {
  const int error = SSL_get_error(ssl(tls_), returned);
  // OpenSSL's queue of errors belongs to the thread: what is left in it would be taken for the next connection's.
  ERR_clear_error();
  switch (error) {
    case SSL_ERROR_WANT_READ:
      return StreamStatus::kWantRead;
    case SSL_ERROR_WANT_WRITE:
      return StreamStatus::kWantWrite;
    case SSL_ERROR_ZERO_RETURN:
      return StreamStatus::kEnded;
    default:
      return StreamStatus::kFailed;
  }
}

StreamResult Stream::write_plain(std::string_view first, std::string_view second) const {
  // Half the messages are one piece, for which the kernel has less to do.
  const auto sent = second.empty() ? ::send(fd_, first.data(), first.size(), MSG_NOSIGNAL) : send_both(first, second);
  if (sent >= 0) return {StreamStatus::kOk, static_cast<std::size_t>(sent)};
  return {socket_status(StreamStatus::kWantWrite), 0};
}

ssize_t Stream::send_both(std::string_view first, std::string_view second) const {
  std::array<iovec, 2> parts{
      {{const_cast<char*>(first.data()), first.size()}, {const_cast<char*>(second.data()), second.size()}}};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  return sendmsg(fd_, &message, MSG_NOSIGNAL);
}

StreamResult Stream::write_tls(std::string_view bytes) const {
  std::size_t sent = 0;
  const int done = SSL_write_ex(ssl(tls_), bytes.data(), bytes.size(), &sent);
  return done == 1 ? StreamResult{StreamStatus::kOk, sent} : StreamResult{tls_status(done), 0};
}

}  // namespace herald::transport
