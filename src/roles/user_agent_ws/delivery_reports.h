#pragma once
// Tells the delivery manager what became of deliveries: acks at once, "sent" for what stays unacked for a while. Events
// are gathered per turn of the loop and kept until the queue has taken them.

#include <deque>
#include <vector>

#include "base/time.h"
#include "domain/delivery.h"
#include "roles/user_agent_ws/connection_table.h"
#include "roles/user_agent_ws/context.h"
#include "roles/user_agent_ws/counters.h"

namespace herald::roles::user_agent_ws {

class DeliveryReports {
 public:
  DeliveryReports(Context& context, ConnectionTable& table, Counters& counters)
      : context_(context), table_(table), counters_(counters) {}

  // Reports the event with those of this turn.
  void add(DeliveryEvent event);
  // Just written to that connection: reports it as sent if it is still unacked after sent_report_delay_ms.
  void watch(const Connection& connection, const MessageId& message);
  // The connection ends: what it leaves unacked is reported as sent now.
  void closing(Connection& connection);

 private:
  struct Watched {
    MonoTime due;
    std::uint64_t connection;
    MessageId message;
  };

  void arm();
  void report_due();
  void report_sent(const Connection& connection, const MessageId& message, WallTime sent_at);
  void flush();
  void settle(const Status& status);

  Context& context_;
  ConnectionTable& table_;
  Counters& counters_;
  std::deque<Watched> watched_;  // in the order of their times
  bool armed_ = false;
  std::deque<DeliveryEvent> events_;
  std::vector<DeliveryEvent> in_flight_;  // handed to the queue, not yet taken by it
  bool flush_due_ = false;                // a flush is posted, or waits for its timer
};

}  // namespace herald::roles::user_agent_ws
