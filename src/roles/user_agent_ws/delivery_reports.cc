#include "roles/user_agent_ws/delivery_reports.h"

#include <algorithm>

#include "protocol/queue/envelope.h"
#include "roles/user_agent_ws/connection.h"

namespace herald::roles::user_agent_ws {

void DeliveryReports::add(DeliveryEvent event) {
  events_.push_back(event);
  if (events_.size() > kEventsKeptMax) {
    events_.pop_front();
    counters_.events_given_up.add();
  }
  if (flush_due_ || !in_flight_.empty()) return;
  flush_due_ = true;
  context_.executor.post([this] { flush(); });
}

void DeliveryReports::flush() {
  flush_due_ = false;
  if (events_.empty() || !in_flight_.empty()) return;
  std::vector<std::string> bodies;
  in_flight_.assign(events_.begin(), events_.end());
  events_.clear();
  for (std::size_t first = 0; first < in_flight_.size(); first += kEventsPerEnvelope) {
    const auto from = in_flight_.begin() + static_cast<std::ptrdiff_t>(first);
    const auto size = std::min(kEventsPerEnvelope, in_flight_.size() - first);
    bodies.push_back(protocol::queue::encode(
        protocol::queue::Deliveries{std::vector<DeliveryEvent>(from, from + static_cast<std::ptrdiff_t>(size))}));
  }
  context_.queue.publish(ports::kDeliveriesQueue, std::move(bodies),
                         Reply<Status>(context_.executor, [this](const Status& status) { settle(status); }));
}

void DeliveryReports::settle(const Status& status) {
  if (!status) {
    events_.insert(events_.begin(), in_flight_.begin(), in_flight_.end());
    context_.log.warning("delivery events wait", {{"events", static_cast<std::int64_t>(events_.size())},
                                                  {"reason", std::string_view(status.error().message)}});
  }
  in_flight_.clear();
  if (events_.empty()) return;
  flush_due_ = true;
  if (status) return context_.executor.post([this] { flush(); });
  context_.timers.run_after(kRetryDelay, [this] { flush(); });
}

void DeliveryReports::watch(const Connection& connection, const MessageId& message) {
  const std::chrono::milliseconds delay(context_.config.limits.sent_report_delay_ms);
  watched_.push_back({context_.clock.mono() + delay, connection.number(), message});
  arm();
}

void DeliveryReports::arm() {
  if (armed_ || watched_.empty()) return;
  armed_ = true;
  const auto wait = watched_.front().due - context_.clock.mono();
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(wait);
  context_.timers.run_after(std::max(ms, std::chrono::milliseconds(0)), [this] { report_due(); });
}

void DeliveryReports::report_due() {
  armed_ = false;
  const MonoTime now = context_.clock.mono();
  while (!watched_.empty() && watched_.front().due <= now) {
    const Watched watched = watched_.front();
    watched_.pop_front();
    Connection* connection = table_.find(watched.connection);
    if (connection == nullptr || !connection->online()) continue;
    if (const auto sent_at = connection->window().report(watched.message)) {
      report_sent(*connection, watched.message, *sent_at);
    }
  }
  arm();
}

void DeliveryReports::closing(Connection& connection) {
  for (const auto& entry : connection.window().report_all()) report_sent(connection, entry.id, entry.sent_at);
}

void DeliveryReports::report_sent(const Connection& connection, const MessageId& message, WallTime sent_at) {
  add({message, connection.device(), DeliveryState::kSent, sent_at, sent_at});
}

}  // namespace herald::roles::user_agent_ws
