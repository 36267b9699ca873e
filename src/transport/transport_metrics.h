#pragma once
// What one HTTP server counts.

#include <array>
#include <cstdint>

#include "base/metrics.h"

namespace herald::transport {

// Why the transport turned a peer or a request away.
enum class Refusal : std::uint8_t {
  kBadRequest,
  kHeaderTooLarge,
  kBodyTooLarge,
  kTimeout,
  kPerAddress,   // connections_per_address
  kDescriptors,  // the process can't open more
  kTlsHandshake,
  kSlowReader,  // send_buffer_max_bytes, write_timeout_ms or unread_connections_per_address
  kBadFrame,    // WebSocket protocol errors
  kProxyHeader,
  kCount,
};

class TransportMetrics {
 public:
  explicit TransportMetrics(Metrics& metrics);

  void connected(bool tls);
  // `own_records`: OpenSSL is out of the connection from now on.
  void shook_hands(bool own_records);
  void upgraded(bool tls);
  void disconnected(bool websocket, bool tls);
  void answered(int status);
  // So many more connections whose peer does not read.
  void unread(int more);
  void refused(Refusal why);

 private:
  std::array<std::array<Gauge*, 2>, 2> open_{};  // [websocket][tls]
  std::array<std::array<Counter*, 2>, 2> opened_{};
  Gauge* unread_ = nullptr;
  std::array<Counter*, 2> handshakes_{};  // [own records]
  std::array<Counter*, 5> answers_{};     // 1xx to 5xx
  std::array<Counter*, static_cast<std::size_t>(Refusal::kCount)> refusals_{};
};

// The refusal that an error status of the parser stands for.
[[nodiscard]] Refusal refusal_of_status(int status);

}  // namespace herald::transport
