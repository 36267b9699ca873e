#pragma once
// TLS records over a non-blocking socket, after the handshake. While no record is under way it owns no buffer. Private
// to transport.

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "transport/stream.h"
#include "transport/tls_session.h"

namespace herald::transport {

class TlsStream {
 public:
  // Serves the socket `fd`, which stays the caller's and must live as long.
  TlsStream(int fd, const TlsSecrets& secrets) : session_(secrets), fd_(fd) {}

  // As Stream's. `into` must hold kTlsRecordMaxBytes: it takes the records, and then what was in them.
  [[nodiscard]] StreamResult read_some(std::span<std::uint8_t> into);
  [[nodiscard]] StreamResult write_some(std::string_view first, std::string_view second);
  // Sends close_notify, as far as the kernel takes it.
  void finish() { send_alert(TlsAlert::kCloseNotify); }

  // Owns no buffer.
  [[nodiscard]] bool idle() const { return !under_way_; }

 private:
  // Records that are not whole, or not gone.
  struct UnderWay {
    std::vector<std::uint8_t> unread;  // a record that the peer has not sent to its end
    std::vector<std::uint8_t> unsent;  // sealed, for the kernel
    std::size_t sent = 0;              // of these
    std::size_t covered = 0;           // how many of the caller's bytes they are
  };

  [[nodiscard]] StreamResult open_records(std::span<std::uint8_t> bytes);
  [[nodiscard]] StreamStatus end(const TlsEnd& why);
  [[nodiscard]] bool whole_with(std::size_t more) const;
  void keep_unread(std::span<const std::uint8_t> bytes);
  void keep_unsent(std::span<const std::uint8_t> bytes, std::size_t covered);
  [[nodiscard]] StreamResult send_kept();
  [[nodiscard]] StreamResult broken();
  void send_alert(TlsAlert alert);
  UnderWay& under_way();
  void drop_if_done();

  TlsSession session_;
  std::unique_ptr<UnderWay> under_way_;
  int fd_;
  bool broken_ = false;                        // nothing more can be sent
  StreamStatus readable_ = StreamStatus::kOk;  // else what every further reading answers
};

}  // namespace herald::transport
