#include "transport/transport_metrics.h"

#include <algorithm>
#include <string>

namespace herald::transport {

namespace {

constexpr std::array<const char*, static_cast<std::size_t>(Refusal::kCount)> kReasons = {
    "bad_request", "header_too_large", "body_too_large", "timeout",   "per_address",
    "descriptors", "tls_handshake",    "slow_reader",    "bad_frame", "proxy_header"};

MetricLabels connection_labels(std::size_t websocket, std::size_t tls) {
  return {{"protocol", websocket != 0 ? "websocket" : "http"}, {"tls", tls != 0 ? "true" : "false"}};
}

}  // namespace

TransportMetrics::TransportMetrics(Metrics& metrics) {
  for (std::size_t websocket = 0; websocket < 2; ++websocket) {
    for (std::size_t tls = 0; tls < 2; ++tls) {
      open_[websocket][tls] =
          &metrics.gauge("herald_connections", "Open connections.", connection_labels(websocket, tls));
      opened_[websocket][tls] = &metrics.counter("herald_connections_total", "Connections opened or upgraded.",
                                                 connection_labels(websocket, tls));
    }
  }
  unread_ = &metrics.gauge("herald_connections_unread",
                           "Open connections whose peer does not read: the kernel holds as much for them as it may.");
  for (std::size_t own = 0; own < 2; ++own) {
    handshakes_[own] = &metrics.counter("herald_tls_handshakes_total", "TLS handshakes done, by who does the records.",
                                        {{"records", own != 0 ? "own" : "openssl"}});
  }
  for (std::size_t i = 0; i < answers_.size(); ++i) {
    answers_[i] = &metrics.counter("herald_http_requests_total", "HTTP requests answered, by class of status.",
                                   {{"status", std::to_string(i + 1) + "xx"}});
  }
  for (std::size_t i = 0; i < refusals_.size(); ++i) {
    refusals_[i] = &metrics.counter("herald_refusals_total", "Requests, frames and connections refused, by reason.",
                                    {{"reason", kReasons[i]}});
  }
}

void TransportMetrics::connected(bool tls) {
  open_[0][tls]->add(1);
  opened_[0][tls]->add();
}

void TransportMetrics::shook_hands(bool own_records) {
  handshakes_[own_records]->add();
}

void TransportMetrics::unread(int more) {
  unread_->add(more);
}

void TransportMetrics::upgraded(bool tls) {
  open_[0][tls]->add(-1);
  open_[1][tls]->add(1);
  opened_[1][tls]->add();
}

void TransportMetrics::disconnected(bool websocket, bool tls) {
  open_[websocket][tls]->add(-1);
}

void TransportMetrics::answered(int status) {
  answers_[static_cast<std::size_t>(std::clamp(status / 100, 1, 5) - 1)]->add();
}

void TransportMetrics::refused(Refusal why) {
  refusals_[static_cast<std::size_t>(why)]->add();
}

Refusal refusal_of_status(int status) {
  if (status == 431 || status == 414) return Refusal::kHeaderTooLarge;
  if (status == 413) return Refusal::kBodyTooLarge;
  return status == 408 ? Refusal::kTimeout : Refusal::kBadRequest;
}

}  // namespace herald::transport
