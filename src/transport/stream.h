#pragma once
// A connected, non-blocking socket, plain or TLS: what can be read or written now. Owns the descriptor. OpenSSL stays
// in the source files. A TLS connection belongs to OpenSSL until its handshake is done, and then, where the context
// allows it and nothing is unusual about the connection, to records of our own, which hold 0.25 KB instead of 15.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/result.h"

namespace herald::transport {

enum class StreamStatus : std::uint8_t {
  kOk,
  kWantRead,   // nothing can be done before the socket is readable
  kWantWrite,  // … writable
  kEnded,      // the peer has finished sending
  kFailed,     // the connection is lost, or the peer does not keep to TLS
};

struct StreamResult {
  StreamStatus status = StreamStatus::kOk;
  std::size_t bytes = 0;  // moved; more than 0 if kOk
};

class TlsStream;

class Stream {
 public:
  // Takes over `fd`. With a TLS context (TlsContext::native) it serves TLS: handshake() must succeed before the rest.
  // kInternal: OpenSSL has no memory; `fd` is closed.
  [[nodiscard]] static Result<Stream> accept(int fd, const std::shared_ptr<void>& tls);

  Stream(Stream&& other) noexcept;
  Stream& operator=(Stream&&) = delete;
  ~Stream();

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] bool secure() const { return tls_ != nullptr || records_ != nullptr; }
  // Over TLS, after the handshake: OpenSSL is out of it.
  [[nodiscard]] bool own_records() const { return records_ != nullptr; }

  // kOk: done.
  [[nodiscard]] StreamStatus handshake();
  // Over TLS, `into` must hold a record (17 KiB), so that no decrypted bytes stay behind where epoll can't see them.
  [[nodiscard]] StreamResult read_some(std::span<std::uint8_t> into);
  // What has come, without taking it and before any handshake; kEnded, kFailed and kWantRead as for read_some().
  [[nodiscard]] StreamResult peek(std::span<std::uint8_t> into) const;
  // Takes `bytes` of what peek() showed.
  void skip(std::size_t bytes) const;
  // Writes what it can of `first` and then `second`, which are not both empty. After kWantWrite or kWantRead over TLS,
  // the next write must begin with the same bytes and have at least as many.
  [[nodiscard]] StreamResult write_some(std::string_view first, std::string_view second = {});
  // Tells the peer that nothing more will come (TLS close_notify, then TCP FIN).
  void finish();

 private:
  explicit Stream(int fd);

  void take_over();
  StreamStatus tls_status(int returned) const;
  StreamResult write_plain(std::string_view first, std::string_view second) const;
  // As sendmsg() answers.
  ssize_t send_both(std::string_view first, std::string_view second) const;
  StreamResult write_tls(std::string_view bytes) const;

  int fd_;
  void* tls_ = nullptr;                 // SSL*
  std::unique_ptr<TlsStream> records_;  // instead of it
};

}  // namespace herald::transport
