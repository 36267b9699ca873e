#include "roles/user_agent_ws/counters.h"

#include <vector>

namespace herald::roles::user_agent_ws {

namespace {

const std::vector<double> kSeconds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,  0.5,
                                      1,     2.5,    5,     10,   30,    60,   600, 3'600, 86'400};

}  // namespace

Counters::Counters(Metrics& metrics)
    : devices(metrics.gauge("herald_devices_connected", "Devices that are registered on an open WebSocket.", {})),
      connections(metrics.gauge("herald_device_connections", "Open WebSockets, registered or not.", {})),
      sent(metrics.counter("herald_notifications_sent_total", "Notifications written to a device, repeats included.",
                           {})),
      acks(metrics.counter("herald_acks_total", "Acks received from devices over a WebSocket.", {})),
      takeovers(
          metrics.counter("herald_takeovers_total", "Connections closed because their device opened another one.", {})),
      takeovers_slowed(metrics.counter("herald_takeovers_slowed_total",
                                       "Connections that had to wait, since their device was taken over often.", {})),
      events_given_up(metrics.counter("herald_delivery_events_dropped_total",
                                      "Delivery events given up because the queue refused them for too long.", {})),
      store_failures(metrics.counter("herald_user_agent_ws_store_failures_total",
                                     "Reads and writes that the store refused to a user agent server.", {})),
      ack_seconds(
          metrics.histogram("herald_ack_seconds", "Time from writing a notification to its ack.", kSeconds, {})),
      metrics_(metrics) {
  for (int i = 0; i < 3; ++i) {
    delivery_seconds_[i] =
        &metrics.histogram("herald_delivery_seconds", "Time from accepting a notification to writing it to a device.",
                           kSeconds, {{"priority", std::to_string(i + 1)}});
  }
}

void Counters::refused(std::string_view reason) {
  Counter*& counter = refusals_[std::string(reason)];
  if (counter == nullptr) {
    counter = &metrics_.counter("herald_refusals_total", "Requests, frames and connections refused, by reason.",
                                {{"reason", std::string(reason)}});
  }
  counter->add();
}

void Counters::reported(std::string_view kind, std::string_view code) {
  Counter*& counter = reports_[std::string(kind) + " " + std::string(code)];
  if (counter == nullptr) {
    counter = &metrics_.counter("herald_device_reports_total",
                                "Acks, nacks and unregistrations of Web Push devices, by the code they gave.",
                                {{"kind", std::string(kind)}, {"code", std::string(code)}});
  }
  counter->add();
}

void Counters::delivered(Priority priority, double seconds_since_accepted) {
  sent.add();
  delivery_seconds_[static_cast<std::size_t>(priority) - 1]->observe(seconds_since_accepted);
}

}  // namespace herald::roles::user_agent_ws
