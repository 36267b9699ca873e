#include "roles/monitor/monitor.h"

#include <utility>
#include <vector>

#include "protocol/queue/envelope.h"

namespace herald::roles::monitor {

Monitor::Monitor(const MonitorConfig& config, MonitorPorts ports)
    : config_(config),
      ports_(ports),
      forwarder_(config_, ports_),
      router_(config_, ports_, forwarder_),
      sweeper_(config_, ports_, router_),
      damaged_(ports_.metrics.counter("herald_damaged_envelopes_total", "Queue messages that could not be read.",
                                      {{"queue", ports::kNewMessagesQueue}})) {}

// The queue waits for the first sweep, so that what an earlier run accepted is routed before what comes now.
void Monitor::start() {
  sweeper_.start([this] { subscribe(); });
}

void Monitor::stop() {
  stopped_ = true;
  subscription_.reset();
  sweeper_.stop();
}

void Monitor::subscribe() {
  if (stopped_) return;
  subscription_ = ports_.queue.subscribe(ports::kNewMessagesQueue, config_.credit, ports_.loop,
                                         [this](ports::QueueBatch batch) { take(std::move(batch)); });
}

void Monitor::take(ports::QueueBatch batch) {
  std::vector<Routed> messages;
  messages.reserve(batch.bodies.size());
  for (const auto& body : batch.bodies) {
    const auto envelope = protocol::queue::decode_new_message(body);
    if (!envelope) {
      damaged_.add();
      ports_.log.warning("new message envelope unreadable", {{"reason", envelope.error().message}});
      continue;
    }
    if (router_.routing(envelope->message) || sweeper_.swept(envelope->message)) continue;
    messages.push_back({envelope->message, envelope->app, envelope->priority, envelope->expires_at, {}});
  }
  router_.submit(Router::From::kQueue, std::move(messages), std::move(batch.done));
}

}  // namespace herald::roles::monitor
